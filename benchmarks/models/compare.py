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
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.models import frozen_network, regression
from benchmarks.models.candidates import ALL, EVERYTHING, SYSTEMS, Baseline, Candidate
from benchmarks.models.features import default_cache
from benchmarks.models.figures import Said, fold_figures, stored_of
from benchmarks.models.music import FOLDS, Floats, Music, joined, necks_of, unit_variance
from moodrec.evaluation.experiment.stored import save_predictions
from moodrec.files.replacing import write_atomically

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
    """All music with its features, as far as a system needs them."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def said(self, system: Candidate | Baseline, left_out: Sequence[int]) -> tuple[Music, Said]:
        """What ``system`` says of the tracks in some folds, having learnt from the others."""
        music, features = self.music(joined_for(system)), self.windows(system)
        held = np.isin(music.folds, left_out)
        seen, asked = ~held & music.rows_of(system.data), held & music.rows_of(system.asked)
        if isinstance(system, Candidate):
            said = frozen_network.said_by(system, music, features, seen, asked)
            if not system.by_regression:
                return music, said
        means = np.stack([own.mean(0) for own in features]).astype(np.float64)
        by_regression = regression.said_by(music, means, seen, asked)
        if isinstance(system, Candidate):
            return music, replace(by_regression, embeddings=said.embeddings)
        return music, by_regression

    @lru_cache(maxsize=2)  # noqa: B019
    def music(self, datasets: tuple[str, ...]) -> Music:
        """Labels and folds."""
        return Music.of(datasets)

    @lru_cache(maxsize=8)  # noqa: B019
    def penultimate(
        self, trunk: str, level: str, datasets: tuple[str, ...], needed: tuple[str, ...]
    ) -> list[Floats]:
        """What a frozen network's own dense layer makes of each window, at unit variance over the tracks ``needed``.

        The other tracks have one window of zeros.
        """
        music = self.music(datasets)
        rows = np.flatnonzero(music.rows_of(needed))
        own = unit_variance(necks_of(trunk, music.features(self.cache, trunk, level, rows)))
        found = [np.zeros((1, own[0].shape[1]), np.float32)] * len(music.table)
        for row, features in zip(rows.tolist(), own, strict=True):
            found[row] = features
        return found

    def windows(self, system: Candidate | Baseline) -> list[Floats]:
        """(windows, features) of all of its trunks."""
        needed = tuple(name for name in EVERYTHING if name in {*system.data, *system.asked})
        parts = []
        for given in system.trunks:
            trunk, _, level = given.partition(":")
            parts.append(self.penultimate(trunk, level or system.level, joined_for(system), needed))
        return joined(parts)


def joined_for(system: Candidate | Baseline) -> tuple[str, ...]:
    """The datasets whose table a system reads: EMOPIA's only where it takes part, for it has to be rendered."""
    return EVERYTHING if "emopia" in system.data else ALL


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
        # Read again: another process may have written other systems in the meantime.
        document = started(out, bench.music(ALL).digest)
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
        for dataset in dict.fromkeys(music.origins[whole.rows].tolist()):
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
