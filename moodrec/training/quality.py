"""How well the published moods are told, by predictions of tracks that the networks were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.metrics.bootstrap import interval_of, weighted_bootstrap
from moodrec.metrics.calibration import fit_platt, reliability
from moodrec.metrics.ranked import RankedLabels
from moodrec.model.spec import MoodQuality
from moodrec.typing import Float32Array

_DIGITS: Final = 4
_POSITIVE: Final = 2 / 3
"""Quantile of soft labels above which a track has the mood."""


def mood_quality(logits: Float32Array, labels: Float32Array, groups: Sequence[str]) -> MoodQuality | None:
    """Measure how well one mood is told.

    Args:
        logits: (n,) predictions of networks that were not trained on the track.
        labels: (n,) in [0, 1], NaN unknown.
        groups: (n,) artists, which a bootstrap draws whole.

    Returns:
        The figures; None where not both kinds of tracks are known.
    """
    known = np.flatnonzero(~np.isnan(labels))
    scores, truth = logits[known].astype(np.float64), labels[known].astype(np.float64)
    has = _binary(truth)
    if not 0 < has.sum() < len(has):
        return None
    ranked = RankedLabels(has, scores)
    drawn = weighted_bootstrap(ranked.average_precision, len(known), [groups[row] for row in known.tolist()])
    estimate = float(ranked.average_precision()[0])
    interval = interval_of(drawn[~np.isnan(drawn)], estimate=estimate)
    error = reliability(fit_platt(scores, truth).probabilities(scores), truth).error
    return MoodQuality(
        tracks=len(known),
        prevalence=round(float(has.mean()), _DIGITS),
        average_precision=round(estimate, _DIGITS),
        low=round(interval.low, _DIGITS),
        high=round(interval.high, _DIGITS),
        calibration_error=round(error, _DIGITS),
    )


def _binary(truth: NDArray[np.float64]) -> NDArray[np.bool_]:
    if np.isin(truth, (0, 1)).all():
        return truth > 0
    threshold = np.quantile(truth, _POSITIVE)
    above = truth > threshold
    return above if above.any() else truth >= threshold
