"""Candidates for the next default model beside regressions on the same frozen features.

    MOODREC_DATA=... python -m benchmarks.models.compare ring [--only NAME ...]
    MOODREC_DATA=... python -m benchmarks.models.compare folds --only NAME ...

``ring``: folds are left out two at a time, neighbours in a ring, as in default_trials.py: what learns from the other
three folds is asked about each of the two, so that nothing is chosen by the figures that are reported. Writes
benchmarks/results/ear/ring.json after each system, and goes on where it was stopped.

``folds``: each fold is left out by itself and predicted by what learnt from the others: the figures to report of what
was chosen. Writes benchmarks/results/ear/folds/NAME.json and NAME.DATASET.npz.

benchmarks/models/features.py has to have computed the features of the trunks; page.py makes tables of the results.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine_report
from benchmarks.models import frozen_network, regression
from benchmarks.models.candidates import ALL, EVERYTHING, SYSTEMS, Baseline, Candidate
from benchmarks.models.features import default_cache
from benchmarks.models.figures import Said, fold_figures, stored_of
from benchmarks.models.music import FOLDS, Floats, Music, joined, necks_of, unit_variance
from moodrec.evaluation.experiment.stored import save_predictions
from moodrec.files import write_atomically

RESULTS = Path(__file__).parents[1] / "results" / "ear"
PAIRS = ((0, 1), (1, 2), (2, 3), (3, 4), (0, 4))


def main() -> None:
    """Train, ask, score, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("protocol", choices=("ring", "folds"))
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, help="these systems; otherwise all (ring)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="features of the trunks")
    options = parser.parse_args()
    bench = Bench(options.cache)
    systems = [SYSTEMS[name] for name in options.only or SYSTEMS]
    run = ring if options.protocol == "ring" else folds
    run(bench, systems)


class Bench:
    """All music with its features. Every system is asked about all tracks of the left-out folds, of any dataset."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def said(self, system: Candidate | Baseline, left_out: Sequence[int]) -> tuple[Music, Said]:
        """What ``system`` says of the tracks in some folds, having learnt from the others."""
        music = self.music(EVERYTHING if "emopia" in system.data else ALL)
        asked = np.isin(music.folds, left_out)
        seen = ~asked & music.rows_of(system.data)
        if isinstance(system, Baseline):
            return music, regression.said_by(music, self.means(system), seen, asked)
        return music, frozen_network.said_by(system, music, self.windows(system), seen, asked)

    @lru_cache(maxsize=2)  # noqa: B019
    def music(self, datasets: tuple[str, ...]) -> Music:
        """Labels and folds."""
        return Music.of(datasets)

    @lru_cache(maxsize=8)  # noqa: B019
    def penultimate(self, trunk: str, level: str, datasets: tuple[str, ...]) -> list[Floats]:
        """What a frozen network's own dense layer makes of each window, scaled to unit variance over all tracks."""
        return unit_variance(necks_of(trunk, self.music(datasets).features(self.cache, trunk, level)))

    def windows(self, system: Candidate | Baseline) -> list[Floats]:
        """(windows, features) of all of its trunks."""
        datasets = EVERYTHING if "emopia" in system.data else ALL
        return joined([self.penultimate(trunk, system.level, datasets) for trunk in system.trunks])

    def means(self, system: Baseline) -> NDArray[np.float64]:
        """(tracks, features): the mean over the windows."""
        return np.stack([own.mean(0) for own in self.windows(system)]).astype(np.float64)


def ring(bench: Bench, systems: Sequence[Candidate | Baseline]) -> None:
    """Figures of each fold by what learnt from three others."""
    out = RESULTS / "ring.json"
    document = started(out, bench.music(ALL).digest)
    for system in systems:
        if system.name in document["systems"]:
            continue
        began, rows = time.process_time(), []
        for pair in PAIRS:
            music, said = bench.said(system, pair)
            rows += [
                {"left_out": list(pair), "fold": fold, **fold_figures(music, said, fold)} for fold in pair
            ]
        seconds = round(time.process_time() - began)
        document["systems"][system.name] = {"about": about(system), "cpu_seconds": seconds, "rows": rows}
        write(out, document)
        print(system.name, f"{seconds} s", means(rows), flush=True)


def folds(bench: Bench, systems: Sequence[Candidate | Baseline]) -> None:
    """Predictions of every track by what learnt from the other four folds."""
    for system in systems:
        place = RESULTS / "folds" / _file_name(system.name)
        if place.with_suffix(".json").exists():
            continue
        parts, music = [], bench.music(ALL)
        for fold in range(FOLDS):
            music, said = bench.said(system, (fold,))
            parts.append(said)
        whole = Said(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in Said.__dataclass_fields__)
        )
        checksums = {}
        for dataset in dict.fromkeys(music.origins.tolist()):
            stored = stored_of(music, whole, dataset).in_order()
            if not np.isnan(stored.logits).any():
                checksums[dataset] = save_predictions(place.with_name(f"{place.name}.{dataset}.npz"), stored)
        rows = [{"fold": fold, **fold_figures(music, whole, fold)} for fold in range(FOLDS)]
        document = {
            "system": system.name,
            "about": about(system),
            "data": music.digest,
            "machine": machine_report("torch", "scikit-learn"),
            "predictions": checksums,
            "rows": rows,
        }
        write(place.with_suffix(".json"), document)
        print(system.name, means(rows), flush=True)


def started(out: Path, digest: str) -> dict[str, Any]:
    """The results so far, if they are about the same tracks, labels and folds; else none."""
    if out.exists():
        document: dict[str, Any] = json.loads(out.read_text())
        if document["data"] == digest:
            return document
    return {"data": digest, "machine": machine_report("torch", "scikit-learn"), "systems": {}}


def about(system: Candidate | Baseline) -> dict[str, Any]:
    """Everything that makes a system what it is."""
    return {"kind": type(system).__name__.lower(), **{k: v for k, v in vars(system).items() if k != "name"}}


def _file_name(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def write(path: Path, document: dict[str, Any]) -> None:
    """Put a document into its place."""
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())


def means(rows: Sequence[dict[str, Any]]) -> str:
    """The mean of each figure, in a line."""
    names = [name for name in rows[0] if name not in ("left_out", "fold")]
    return " ".join(f"{name} {np.nanmean([row[name] for row in rows]):.4f}" for name in names)


if __name__ == "__main__":
    main()
