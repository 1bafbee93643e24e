"""Figures of stored out-of-fold predictions, the mean of the folds, with intervals over artists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.figures import FIGURES
from moodrec.evaluation.experiment.scores import AllFigures
from moodrec.evaluation.experiment.stored import StoredPredictions, load_predictions
from moodrec.metrics.bootstrap import weighted_bootstrap

RESAMPLES = 300
SEED = 0

Floats = NDArray[np.float64]


def estimates(place: Path, dataset: str, sha256: str) -> dict[str, tuple[float, float, float]]:
    """Our name of each figure of a dataset to its estimate and the ends of its 95 % interval.

    Args:
        place: of the predictions, ``NAME.json``; those of a dataset lie beside it.
        dataset: whose.
        sha256: checksum of their file.
    """
    stored = load_predictions(place.with_name(f"{place.stem}.{dataset}.npz"), sha256)
    parts = by_fold(stored)
    known = {
        ours: theirs for ours, theirs in FIGURES[dataset].items() if theirs in parts[0][1].of(_once(parts[0]))
    }

    def figures(weights: NDArray[np.floating]) -> Floats:
        found = [own.of(weights[:, rows]) for rows, own in parts]
        each = [[fold[theirs] for theirs in known.values()] for fold in found]
        return np.asarray(np.nanmean(each, axis=0).T, np.float64)

    estimate = figures(np.ones((1, len(stored))))[0]
    drawn = weighted_bootstrap(figures, len(stored), list(stored.groups), RESAMPLES, SEED)
    # Around the estimate: repeated tracks lift the average precision of every resample of few positives.
    reach = 1.96 * np.nanstd(drawn, axis=0)
    found = zip(known, estimate.tolist(), reach.tolist(), strict=True)
    return {name: (value, value - own, value + own) for name, value, own in found}


def by_fold(stored: StoredPredictions) -> Sequence[tuple[NDArray[np.int64], AllFigures]]:
    """Rows and figures of each fold by itself."""
    names = [name for name in vars(stored) if name != "targets"]
    found = []
    for fold in np.unique(stored.folds):
        rows = np.flatnonzero(stored.folds == fold)
        found.append((rows, AllFigures(replace(stored, **{n: getattr(stored, n)[rows] for n in names}))))
    return found


def _once(part: tuple[NDArray[np.int64], AllFigures]) -> Floats:
    return np.ones((1, len(part[0])))
