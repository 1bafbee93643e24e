"""The retrieval benchmark behind docs/results/retrieval.md.

    MOODREC_DATA=... python -m benchmarks.retrieval.measure [--only DATASET ...]   # measure, then render
    python -m benchmarks.retrieval.measure --render                            # render what is there

The systems are tables under benchmarks/results: benchmarks/retrieval/systems.py makes them. Each dataset's result is
benchmarks/results/retrieval/<dataset>.json.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.places import PAGES, RESULTS
from benchmarks.retrieval.page import render
from moodrec.data.sources import load_source
from moodrec.evaluation.experiment.results import Cell, read_results
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.evaluation.neighbourhood.gallery import (
    Gallery,
    System,
    SystemOutput,
    gallery_of,
    percentiles,
    unit,
)
from moodrec.evaluation.neighbourhood.run import packaged_moods, run_benchmark
from moodrec.files.replacing import write_atomically

OUT = RESULTS / "retrieval"
FILES = {
    "multi-task": RESULTS / "default-out-of-fold.parquet",
    "single-task": OUT / "single-task.parquet",
    "frozen MusiCNN": RESULTS / "frozen-musicnn-out-of-fold.parquet",
    "MFCC statistics": OUT / "mfcc.parquet",
    "metadata": OUT / "metadata.parquet",
}
EMOPIA = {
    "multi-task": OUT / "emopia-multi-task.parquet",
    "single-task": OUT / "emopia-single-task.parquet",
    "frozen MusiCNN": OUT / "emopia-frozen-musicnn.parquet",
    "MFCC statistics": OUT / "emopia-mfcc.parquet",
    "metadata": OUT / "emopia-metadata.parquet",
}
ARMS = {"mood": "single-task, 3 seeds", "metadata": "multi-task, 3 seeds"}
"""Arms of benchmarks/plans/multitask.toml on the frozen trunk; metadata weighs ten times the default model's."""


def main() -> None:
    """Measure what data is there for, then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--render", action="store_true", help="only write the page")
    parser.add_argument("--only", nargs="*", default=["mood4q", "emotify", "emopia"])
    options = parser.parse_args()
    if not options.render:
        for dataset in options.only:
            measure(dataset, Path(os.environ["MOODREC_DATA"]) / dataset)
    results = {place.stem: json.loads(place.read_text()) for place in sorted(OUT.glob("*.json"))}
    render(results, PAGES)


def measure(dataset: str, root: Path) -> None:
    """Run the benchmark on one dataset and keep its result."""
    table = load_source(dataset, root, {"require_audio": False} if dataset == "emopia" else {})
    files = {
        name: [path] for name, path in (EMOPIA if dataset == "emopia" else FILES).items() if path.exists()
    }
    moods = packaged_moods()
    gallery = gallery_of(table, moods)
    more = arms(gallery) if dataset == "mood4q" else []
    result = run_benchmark(table, files, ("random",), more, moods=moods).document()
    result |= {"n_groups": len(set(gallery.groups)), "machine": machine_report("moodrec", "numpy", "librosa")}
    OUT.mkdir(parents=True, exist_ok=True)
    write_atomically(OUT / f"{dataset}.json", json.dumps(rounded(result), indent=1).encode() + b"\n")
    print(f"{dataset}: {len(table)} queries, {', '.join(result['systems'])}", flush=True)


def arms(gallery: Gallery) -> list[System]:
    """Single-task and multi-task of the experiment, every seed with all its folds."""
    results = read_results(RESULTS / "multitask" / "report")
    found = []
    for arm, name in ARMS.items():
        seeds = results.all_folds(Cell(gallery.dataset, "musicnn_frozen", arm))
        if seeds:
            found.append(System(name, tuple(run_of(stored, gallery) for stored in seeds.values())))
    return found


def run_of(stored: StoredPredictions, gallery: Gallery) -> SystemOutput:
    """A seed of an experiment in the order of a gallery."""
    place = {str(track_id).rpartition("/")[2]: row for row, track_id in enumerate(stored.track_ids)}
    rows = np.array([place[track_id] for track_id in gallery.track_ids])
    column = {str(target): i for i, target in enumerate(stored.targets)}
    moods = {
        mood: percentiles(stored.logits[:, [column[t] for t in targets]].mean(axis=1))[rows]
        for mood, targets in packaged_moods().items()
        if set(targets) <= set(column)
    }
    return SystemOutput(unit(stored.embeddings[rows]), moods, stored.folds[rows])


def rounded(value: Any) -> Any:
    """Plain values with five decimals."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
