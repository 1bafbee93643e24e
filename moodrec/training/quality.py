"""How well the published moods are told, by predictions of tracks that the networks were not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.metrics.bootstrap import interval_of, weighted_bootstrap
from moodrec.metrics.calibration import fit_platt, reliability
from moodrec.metrics.ranked import RankedLabels
from moodrec.model.spec import MoodQuality, PublishedMood
from moodrec.typing import Float32Array

_DIGITS: Final = 4
_POSITIVE: Final = 2 / 3
"""Quantile of soft labels above which a track has the mood."""


@dataclass(frozen=True)
class MeasuredMood:
    """How well one published mood is told of tracks that the network was not trained on."""

    mood: str
    """Its name."""
    tracks: int
    """Tracks with a known label."""
    positives: int
    """How many of them have the mood; of soft labels, the third with the highest counts as having it."""
    quality: MoodQuality | None
    """The figures; None where not both kinds of tracks are there."""

    def document(self) -> dict[str, object]:
        """Give the figures for JSON; those that are unknown are null."""
        known = None if self.quality is None else self.quality.model_dump()
        figures = ("average_precision", "low", "high", "prevalence")
        return {
            "mood": self.mood,
            **{name: known and known[name] for name in figures},
            "positives": self.positives,
            "tracks": self.tracks,
        }


def measure_moods(
    moods: Mapping[str, PublishedMood],
    targets: tuple[str, ...],
    logits: Float32Array,
    labels: Float32Array,
    groups: Sequence[str],
) -> tuple[MeasuredMood, ...]:
    """Measure how well each published mood is told.

    Args:
        moods: name of each published mood to what it is made of.
        targets: names of the columns of ``logits`` and ``labels``.
        logits: (n, targets) predictions of networks that were not trained on the track.
        labels: (n, targets) in [0, 1], NaN unknown.
        groups: (n,) artists, which a bootstrap draws whole.
    """
    found = []
    for name, mood in moods.items():
        own = mood_labels(mood, targets, labels)
        scores = logits[:, [targets.index(target) for target in mood.targets]].mean(1)
        truth = own[~np.isnan(own)].astype(np.float64)
        positives = int(_binary(truth).sum()) if len(truth) else 0
        found.append(MeasuredMood(name, len(truth), positives, mood_quality(scores, own, groups)))
    return tuple(found)


def mood_labels(mood: PublishedMood, targets: tuple[str, ...], labels: Float32Array) -> Float32Array:
    """Compute the labels of a published mood: a track has the mood to the degree that it has any of its targets.

    Args:
        mood: the published mood.
        targets: names of the columns of ``labels``.
        labels: (n, targets) in [0, 1], or NaN.

    Returns:
        (n,) labels; NaN where none of the targets is known.
    """
    columns = labels[:, [targets.index(target) for target in mood.targets]]
    known = ~np.isnan(columns).all(1)
    return np.where(known, np.nan_to_num(columns).max(1), np.nan).astype(np.float32)


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
