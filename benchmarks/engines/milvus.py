"""Recall and time of a catalogue in Milvus under filters of every share, those that oppose the query included.

    make bench-milvus

The standalone server comes with the package ``milvus`` 2.3.5, which pymilvus 2.6 still talks to, so the script has an
environment of its own, which the target makes. It starts the server, builds a clustered catalogue, and reads with
consistency ``Strong``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.engines.command import arguments, keep
from benchmarks.engines.measure import measure
from moodrec.engines.milvus.index import MilvusIndex


@contextmanager
def standalone() -> Iterator[str]:
    """Start the standalone server over a new folder, and give its address while the block runs."""
    with standalone_server() as server:
        yield f"milvus://127.0.0.1:{server.listen_port}"


@contextmanager
def standalone_server() -> Iterator[Any]:
    """Start the standalone server over a new folder, and give it to a block, which may stop and start it."""
    from milvus import MilvusServer

    with tempfile.TemporaryDirectory(prefix="moodrec-", ignore_cleanup_errors=True) as folder:
        server = MilvusServer(wait_for_started=False)
        server.set_base_dir(folder)
        try:
            start(server)
            yield server
        finally:
            server.stop()


def start(server: Any) -> None:
    """Start a server, and wait until it answers.

    Raises:
        RuntimeError: it has ended at once, as it does where another one runs on this machine.
    """
    server.start()
    time.sleep(2)
    if server.server_proc.poll() is not None:
        raise RuntimeError(
            "Milvus ended at once: does another one run on this machine? Both want the port 2380"
        )
    server.wait_started()


def main() -> None:
    """Start the server, measure, and keep the result."""
    args, data = arguments(__doc__, "milvus")
    with standalone() as address:
        start = time.perf_counter()
        with MilvusIndex.build(address, data.vectors, data.table, data.moods) as index:
            built = time.perf_counter() - start
            cells = measure(index, data, args.questions)
    keep(args, "Milvus 2.3.5 standalone, from the package milvus", built, cells, "milvus", "pymilvus")


if __name__ == "__main__":
    main()
