"""These figures tell how well the moods of some test tracks are predicted, under any weights of the tracks.

One definition serves both a run's own figures (every track once) and bootstrap resamples (each track as often as it
was drawn), many at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.evaluation.retrieval import QUADRANTS
from moodrec.metrics.correlation import weighted_pearson
from moodrec.metrics.ranked import RankedLabels
from moodrec.metrics.tagging import both_classes
from moodrec.typing import Float64Array, Weights

Figures = dict[str, Float64Array]
"""Name of a figure to its values ``(b,)``."""

WORD: Final = "word:"
"""Prefix of the targets that are mood words."""


@dataclass(frozen=True)
class TargetFigures:
    """How well one mood target is predicted."""

    ap: float
    """Average precision, in (0, 1]."""
    roc_auc: float
    """Area under the ROC curve, in [0, 1]."""
    pearson: float
    """Correlation of probabilities with soft targets, in [-1, 1]; NaN where the targets are 0 or 1."""
    positives: int
    """Number of tracks that have the target."""


class MoodFigures:
    """Figures of a mood head.

    ``ap`` and ``roc_auc`` are means over all targets that have both classes, ``word_ap`` over those named
    ``...:word:...``; ``pearson`` is the mean correlation of probabilities with soft targets; ``quadrant_f1`` the
    macro-F1 of the highest of q1 to q4; ``valence_auc`` and ``arousal_auc`` are ROC-AUC. Figures for which a
    dataset has no targets are left out.
    """

    def __init__(self, stored: StoredPredictions) -> None:
        self._stored = stored
        self.names = [str(target).partition(":")[2] for target in stored.targets]
        usable = [i for i in range(len(self.names)) if both_classes(stored.labels[:, i])]
        self.tags = [_Tag(stored, i) for i in usable]
        self.tag_names = [self.names[i] for i in usable]

    def of(self, weights: Weights) -> Figures:
        """Compute the figures under ``(b, n)`` weights; NaN where the weights leave nothing to compare."""
        if not self.tags:
            return {}
        precision, area, pearson = (np.stack(values, axis=1) for values in self._per_tag(weights))
        words = np.array([name.startswith(WORD) for name in self.tag_names])
        figures = {"ap": _mean_known(precision), "roc_auc": _mean_known(area)}
        if words.any():
            figures["word_ap"] = _mean_known(precision[:, words])
        if any(tag.is_soft for tag in self.tags):
            figures["pearson"] = _mean_known(pearson)
        for axis in ("valence", "arousal"):
            if axis in self.tag_names:
                figures[f"{axis}_auc"] = area[:, self.tag_names.index(axis)]
        if set(QUADRANTS) <= set(self.names):
            figures["quadrant_f1"] = self._quadrant_f1(weights)
        return figures

    def per_target(self) -> dict[str, TargetFigures]:
        """Compute the figures of each target that has both classes, every track counted once."""
        plain = np.ones((1, len(self._stored)))
        columns = (np.concatenate(values).tolist() for values in self._per_tag(plain))
        return {
            name: TargetFigures(ap, area, r, tag.positives)
            for name, tag, ap, area, r in zip(self.tag_names, self.tags, *columns, strict=True)
        }

    def _per_tag(self, weights: Weights) -> tuple[list[Float64Array], list[Float64Array], list[Float64Array]]:
        ranked = [tag.ranked.both(tag.mine(weights)) for tag in self.tags]
        precision, area = ([each[:, at] for each in ranked] for at in (0, 1))
        return precision, area, [tag.pearson(weights) for tag in self.tags]

    def _quadrant_f1(self, weights: Weights) -> Float64Array:
        columns = [self.names.index(quadrant) for quadrant in QUADRANTS]
        member = self._stored.labels[:, columns] == 1
        known = member.sum(axis=1) == 1
        guess = np.eye(len(QUADRANTS))[self._stored.logits[:, columns].argmax(axis=1)]
        truth, guess, mine = member[known].astype(np.float64), guess[known], weights[:, known]
        both, either = mine @ (truth * guess), mine @ truth + mine @ guess
        return _mean_known(np.divide(2 * both, either, out=np.full_like(both, np.nan), where=either > 0))


class _Tag:
    """One target's ranking; tracks without a label weigh nothing."""

    def __init__(self, stored: StoredPredictions, column: int) -> None:
        labels, truth = stored.labels[:, column], stored.truth[:, column]
        self._known = ~np.isnan(labels)
        self._scores = 1 / (1 + np.exp(-stored.logits[self._known, column]))
        self._truth = truth[self._known]
        # Ranked by logits, because far from zero probabilities of different logits round to the same number.
        self.ranked = RankedLabels(labels[self._known], stored.logits[self._known, column])
        self.is_soft = is_soft(self._truth)
        self.positives = int((labels == 1).sum())

    def mine(self, weights: Weights) -> Weights:
        return weights[:, self._known]

    def pearson(self, weights: Weights) -> Float64Array:
        if not self.is_soft:
            return np.full(len(weights), np.nan)
        return weighted_pearson(self._truth, self._scores, self.mine(weights))


def is_soft(truth: Float64Array) -> bool:
    """Say whether a target's known values hold anything but 0 and 1."""
    return not np.isin(truth[~np.isnan(truth)], (0, 1)).all()


def _mean_known(values: Float64Array) -> Float64Array:
    """Average over columns, NaN left out; NaN where a row has nothing else."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0))
