"""Five thousand opens of an index that another process saves all the time, for every preset and for a library.

    python -m benchmarks.reliability.hot_swap [--opens 5000]

A writer builds and saves version after version, each with its number in a column; the reader opens the index, and
every version that it gets must be whole: one number in all rows, and a track that finds itself. Between opens an
index that was opened first goes along by ``refresh``. Any error is a failure.

Of a library, the writer labels all tracks with one number at a time and builds the index anew, with several presets;
the reader opens recommenders. Writes benchmarks/results/reliability/hot-swap.json as it goes; started again, it goes
on where it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from benchmarks.machine import machine_report
from moodrec.audio.probe import Tags
from moodrec.catalog.refresh import refresh_index
from moodrec.files.replacing import write_atomically
from moodrec.index.mood_index import MoodIndex
from moodrec.index.storage.format import load
from moodrec.index.storage.store import read_current
from moodrec.library.labelling import NewLabels
from moodrec.library.library import Library
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis
from moodrec.recommend.recommender import Recommender

RESULT = Path(__file__).parents[1] / "results" / "reliability" / "hot-swap.json"
PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")
LIBRARY = "library"
ROWS, DIM = 300, 16
IN_LIBRARY = 60
"""Tracks of the library; each version adds as many labels to its journal, all of which every open checks."""

Opened = TypeVar("Opened", MoodIndex, Recommender)


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
        folder, preset = Path(options.write[0]), options.write[1]
        write_library(folder) if preset == LIBRARY else write(folder, preset)
    report: dict[str, Any] = {"opens": options.opens, "presets": {}}
    if options.out.exists():
        report = json.loads(options.out.read_text())
    for preset in PRESETS:
        if preset not in report["presets"]:
            report["presets"][preset] = opens(preset, options.opens)
            report["machine"] = machine_report("faiss-cpu", "numpy", "pyarrow")
            write_atomically(options.out, (json.dumps(report, indent=1) + "\n").encode())
        print(preset, report["presets"][preset], flush=True)
    if LIBRARY not in report:
        report[LIBRARY] = opens(LIBRARY, options.opens)
        report["machine"] = machine_report("faiss-cpu", "numpy", "pyarrow")
        write_atomically(options.out, (json.dumps(report, indent=1) + "\n").encode())
    print(LIBRARY, report[LIBRARY], flush=True)


def write(root: Path, preset: str) -> None:
    """Save version after version; backends are built once, so that most of the time goes into saving."""
    vectors = np.random.default_rng(0).normal(size=(ROWS, DIM)).astype(np.float32)
    table = pa.table({"track_id": [f"t{row}" for row in range(ROWS)], "version": [0] * ROWS})
    made = []
    for version in range(8):
        numbered = table.set_column(1, "version", pa.array([version] * ROWS))
        place = root.with_name(f"made-{version}")
        MoodIndex.build(vectors, numbered, (), preset).save(place)
        made.append(replace(read_current(place, load), version=None))
    for snapshot in cycle(made):
        MoodIndex(snapshot).save(root)  # one that was saved before would not save over what others saved


def write_library(folder: Path) -> None:
    """Make a library, then label all of its tracks anew and build its index again and again."""
    model = ModelRecord("f00d", "toy", ("calm",), DIM)
    rng = np.random.default_rng(0)
    with Library.create(folder) as library, library.writer():
        library.register_model(model)
        for row in range(IN_LIBRARY):
            one, vector = np.array([0.5], np.float32), rng.normal(size=DIM).astype(np.float32)
            track = TrackAnalysis(f"sound {row}", Tags(title=f"Title {row}"), 60.0, vector, one, one)
            state = FileState(Path(f"/music/{row}.flac"), 1, 1)
            library.acknowledge(model, FileResult(state, Outcome.OK, track=track))
        tracks = list(library.frame()["track_id"])
        for version in count():
            label = {"calm": version % 100 / 100}
            library.label_all([NewLabels(label, track=one) for one in tracks], by="benchmark")
            for preset in ("flat", "hnsw", "flat", "hnsw", "flat", PRESETS[1 + version % 4]):
                refresh_index(library, preset)


def opens(preset: str, number: int) -> dict[str, Any]:
    """Open an index again and again while it is saved."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "index"
        command = [sys.executable, "-m", "benchmarks.reliability.hot_swap", "--write", str(root), preset]
        writer = subprocess.Popen(command)
        try:
            place = root / "index" if preset == LIBRARY else root
            while not (place / "CURRENT").exists():
                time.sleep(0.05)
            if preset == LIBRARY:
                return read(place, number, lambda: Recommender.open(root), check_library)
            return read(place, number, lambda: MoodIndex.open(root), check)
        finally:
            writer.kill()
            writer.wait()


def read(
    place: Path, number: int, open_it: Callable[[], Opened], check_it: Callable[[Opened], str | None]
) -> dict[str, Any]:
    """Open what is saved ``number`` times, and check what comes of it and what was opened first and goes along.

    Args:
        place: the folder of the index.
        number: how many times.
        open_it: opens the index, or its library.
        check_it: checks what was opened, and names its version.
    """
    failures: Counter[str] = Counter()
    going_along, versions, refreshed = open_it(), set(), 0
    for _ in range(number):
        try:
            opened = open_it()
            refreshed += going_along.refresh()
            version, _ = check_it(opened), check_it(going_along)
            versions.add(version)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted as a failure
            failures[f"{type(error).__name__}: {error}"[:200]] += 1
    return {
        "opens": number,
        "failures": sum(failures.values()),
        "errors": dict(failures),
        "different versions": len(versions),
        "refreshes to a newer version": refreshed,
        "versions on disk at the end": len(list(place.glob("v*"))),
    }


def check_library(recommender: Recommender) -> str | None:
    """Check that a recommender is one whole version, and answers; name the version."""
    frame = recommender.frame
    if len(frame) != IN_LIBRARY or frame["calm"].nunique() != 1:
        raise AssertionError("rows of several versions")
    if len(recommender.similar("Title 7", k=3)) != 3:
        raise AssertionError("a search finds nothing")
    return recommender.index.saved_as


def check(index: MoodIndex) -> str | None:
    """Check that an index is one whole version, and name it."""
    if len(set(index.table["version"].to_pylist())) != 1:
        raise AssertionError("rows of several versions")
    if index.search(index.vectors(["t7"])[0], k=1).track_ids[0, 0] != "t7":
        raise AssertionError("a track does not find itself")
    return index.saved_as


if __name__ == "__main__":
    main()
