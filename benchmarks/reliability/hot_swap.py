"""Five thousand opens of an index that another process saves all the time, for every preset.

    python -m benchmarks.reliability.hot_swap [--opens 5000]

A writer builds and saves version after version, each with its number in a column; the reader opens the index, and
every version that it gets must be whole: one number in all rows, and a track that finds itself. Between opens an
index that was opened first goes along by ``refresh``. Any error is a failure. Writes
benchmarks/results/reliability/hot-swap.json as it goes; started again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.machine import machine_report
from moodrec.files.replacing import write_atomically
from moodrec.index.mood_index import MoodIndex

RESULT = Path(__file__).parents[1] / "results" / "reliability" / "hot-swap.json"
PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")
ROWS, DIM = 300, 16


def main() -> None:
    """Go on where the result file ends, and print its sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--opens", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--write", nargs=2, metavar=("FOLDER", "PRESET"), help="save versions until killed")
    options = parser.parse_args()
    if options.write:
        write(Path(options.write[0]), options.write[1])
    report: dict[str, Any] = {"opens": options.opens, "presets": {}}
    if options.out.exists():
        report = json.loads(options.out.read_text())
    for preset in PRESETS:
        if preset not in report["presets"]:
            report["presets"][preset] = opens(preset, options.opens)
            report["machine"] = machine_report("faiss-cpu", "numpy", "pyarrow")
            write_atomically(options.out, (json.dumps(report, indent=1) + "\n").encode())
        print(preset, report["presets"][preset], flush=True)


def write(root: Path, preset: str) -> None:
    """Save version after version; backends are built once, so that most of the time goes into saving."""
    vectors = np.random.default_rng(0).normal(size=(ROWS, DIM)).astype(np.float32)
    table = pa.table({"track_id": [f"t{row}" for row in range(ROWS)], "version": [0] * ROWS})
    indexes = [MoodIndex.build(vectors, table, (), preset)]
    for version in range(1, 8):
        numbered = table.set_column(1, "version", pa.array([version] * ROWS))
        indexes.append(MoodIndex.build(vectors, numbered, (), preset))
    while True:
        for index in indexes:
            index.save(root)


def opens(preset: str, count: int) -> dict[str, Any]:
    """Open an index again and again while it is saved."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "index"
        command = [sys.executable, "-m", "benchmarks.reliability.hot_swap", "--write", str(root), preset]
        writer = subprocess.Popen(command)
        try:
            while not (root / "CURRENT").exists():
                time.sleep(0.05)
            return read(root, count)
        finally:
            writer.kill()
            writer.wait()


def read(root: Path, count: int) -> dict[str, Any]:
    """Open the index ``count`` times and check what comes of it."""
    failures: Counter[str] = Counter()
    going_along, folders, refreshed = MoodIndex.open(root), set(), 0
    for _ in range(count):
        try:
            index = MoodIndex.open(root)
            refreshed += going_along.refresh()
            for one in (index, going_along):
                check(one)
            folders.add(index.saved_as)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted as a failure
            failures[f"{type(error).__name__}: {error}"[:200]] += 1
    return {
        "opens": count,
        "failures": sum(failures.values()),
        "errors": dict(failures),
        "different versions": len(folders),
        "refreshes to a newer version": refreshed,
        "versions on disk at the end": len(list(root.glob("v*"))),
    }


def check(index: MoodIndex) -> None:
    """Check that an index is one whole version."""
    if len(set(index.table["version"].to_pylist())) != 1:
        raise AssertionError("rows of several versions")
    if index.search(index.vectors(["t7"])[0], k=1).track_ids[0, 0] != "t7":
        raise AssertionError("a track does not find itself")


if __name__ == "__main__":
    main()
