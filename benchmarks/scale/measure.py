"""An index of one to ten million tracks of 128 numbers: built from Parquet, opened, searched, changed.

    python -m benchmarks.scale.measure --cache DIR

The tracks are those of benchmarks/search/data.py, clustered, with eight moods, an artist, a genre, a year and a day,
written to a folder of Parquet files. ``moodrec index build --table`` makes an index of them in a process of its own;
another process opens it and answers questions on one thread, as in benchmarks/search/growth.py; ``moodrec index
upsert`` then replaces a thousand tracks and saves. Each step of each size is stored as soon as it is done in
benchmarks/results/scale/clustered.json, and a step that is there is not repeated, unless ``--again`` says so. Ten
million tracks need some 30 GB of disk and 16 GB of memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import machine_report
from benchmarks.peers.peer import ONE_SETTING
from benchmarks.places import RESULTS
from benchmarks.scale.watched import bytes_below, watched
from benchmarks.search.asked import Asked, K
from benchmarks.search.building import source_hash, tell
from benchmarks.search.cells import Cell, QuestionMaker
from benchmarks.search.data import DIM, SearchData, load_data
from benchmarks.search.results import ResultFile, result_file, rounded
from benchmarks.search.terms import Columns
from benchmarks.search.worker import Place, Worker
from moodrec.files.replacing import replacing

FILE: Final = RESULTS / "scale" / "clustered.json"
SIZES: Final = (1_000_000, 3_000_000, 10_000_000)
CELLS: Final = (
    Cell(1.0, "none", 0),
    Cell(0.1, "agrees", 1),
    Cell(0.1, "random", 1),
    Cell(0.1, "opposes", 1),
    Cell(0.01, "random", 1),
)
STEPS: Final = ("build", "search", "change")
_PART: Final = 250_000
_GROUP: Final = 50_000
_ROUNDS: Final = 5
_STARTS: Final = 5
_CHANGED: Final = 1_000
_BUDGET_S: Final = 300.0


def parquet_folder(data: SearchData, folder: Path) -> Path:
    """The catalogue as Parquet files of 250,000 rows each, written once."""
    for start in range(0, len(data), _PART):
        path = folder / f"part-{start // _PART:04d}.parquet"
        if path.exists():
            continue
        with replacing(path) as temporary:
            pq.write_table(_rows(data, start, _PART), temporary, row_group_size=_GROUP)
    return folder


def _rows(data: SearchData, start: int, count: int) -> pa.Table:
    vectors = np.asarray(data.vectors[start : start + count]).reshape(-1)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors), DIM)
    return data.table.slice(start, count).append_column("embedding", lists)


class Size:
    """The steps for one size."""

    def __init__(self, n: int, cache: Path, seed: int, questions: int) -> None:
        self.place = Place("moodrec", "clustered", n, cache.resolve())
        self.index = self.place.folder / "index"
        self._cache, self._seed, self._questions = cache, seed, questions

    def build(self) -> dict[str, Any]:
        """Build by the command line, from Parquet."""
        n = self.place.n
        data = load_data("clustered", n, self._cache)
        table, moods = parquet_folder(data, self._cache / f"clustered-{n}-parquet"), ",".join(data.moods)
        del data
        command = _moodrec(
            "index", "build", "--table", table, "--moods", moods, "--out", self.index, "--quiet"
        )
        return watched(command) | {"files_mb": round(bytes_below(self.index) / 1e6)}

    def search(self) -> dict[str, Any]:
        """Ask questions in a process that does nothing else, on one thread."""
        data = load_data("clustered", self.place.n, self._cache)
        columns = Columns.of(data.table)
        maker = QuestionMaker(data, columns, self._seed)
        worker, cells = Worker(self.place), {}
        opened = worker.open()
        for cell in CELLS:
            asked = Asked.of(maker, columns, cell, self._questions)
            rounds = [worker.ask(asked.questions, K, ONE_SETTING, _BUDGET_S) for _ in range(_ROUNDS + 1)][
                1:
            ]  # the first warms up
            spread = {
                f"{kind}_p{share}": rounded(float(np.percentile(times, share)))
                for kind in ("cpu_ms", "wall_ms")
                for times in [[getattr(answer, kind) for answers in rounds for answer in answers]]
                for share in (50, 99)
            }
            cells[cell.name] = asdict(cell) | asked.summary(rounds) | spread
        memory = worker.memory_mb()
        worker.close()
        load = round(os.getloadavg()[0], 1)
        return {"open_s": opened["wall_s"], "memory": memory, "cells": cells, "load": load} | self._first()

    def _first(self) -> dict[str, float]:
        """Wall seconds of ``moodrec similar ID`` in a process of its own, from start to end: median of five."""
        command, times = _moodrec("similar", "t5", "--k", K, "--library", self.index), []
        for _ in range(_STARTS):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        return {"first_answer_s": round(statistics.median(times), 2)}

    def change(self) -> dict[str, Any]:
        """Replace a thousand tracks by other vectors, and save the next version."""
        data = load_data("clustered", self.place.n, self._cache)
        changed = _rows(data, 0, _CHANGED)
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(data.queries[:_CHANGED].reshape(-1)), DIM)
        path = self._cache / f"changed-{self.place.n}.parquet"
        pq.write_table(changed.set_column(changed.num_columns - 1, "embedding", vectors), path)
        del data
        return watched(_moodrec("index", "upsert", self.index, path, "--quiet"))


def _moodrec(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "moodrec", *map(str, arguments)]


def measure(file: ResultFile, size: Size, steps: Sequence[str], again: bool) -> None:
    """Take the steps that are missing."""
    known: dict[str, Any] = file.document.setdefault("sizes", {}).setdefault(str(size.place.n), {})
    calls: dict[str, Callable[[], dict[str, Any]]] = {
        "build": size.build,
        "search": size.search,
        "change": size.change,
    }
    for step in steps:
        if step in known and not again:
            continue
        tell(f"{size.place.n:,} tracks: {step}")
        report = machine_report("moodrec", "faiss-cpu", "numpy", "pyarrow")
        known[step] = calls[step]() | {"source": source_hash(), "processor": report["processor"]}
        report.pop("load")  # of each step, not of the whole
        file.document["machine"] = report
        file.save()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing."""
    given = parser().parse_args(arguments)
    facts = {"data": "clustered", "dim": DIM, "k": K, "seed": given.seed, "questions": given.questions}
    file = result_file(given.out, facts)
    for name in ("systems", "cells"):
        file.document.pop(name, None)
    for n in given.n:
        measure(file, Size(n, given.cache, given.seed, given.questions), given.step, given.again)


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    found = argparse.ArgumentParser(prog="python -m benchmarks.scale.measure", description=__doc__)
    found.add_argument("--cache", type=Path, required=True, help="where catalogues and indexes are kept")
    found.add_argument("--n", type=int, nargs="+", default=SIZES)
    found.add_argument("--step", nargs="+", choices=STEPS, default=STEPS)
    found.add_argument("--seed", type=int, default=0, help="of the questions")
    found.add_argument("--questions", type=int, default=100, help="a cell")
    found.add_argument("--again", action="store_true", help="repeat steps that are there")
    found.add_argument("--out", type=Path, default=FILE, help="the result")
    return found


if __name__ == "__main__":
    main()
