"""Labels are sorted once by their scores, then scored under many row weights.

A bootstrap resample is a weight for each row: how often it was drawn. Only the positions of positives matter for
average precision and ROC-AUC, so a thousand resamples of a rare tag cost little more than one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.metrics.checks import labels_and_scores
from moodrec.typing import Weights


class RankedLabels:
    """``(n,)`` binary labels ranked by descending score; equal scores are ties.

    The ranking is kept as alternating stretches: a run of ties that holds a positive, then the negatives between
    two such runs.
    """

    def __init__(self, y_true: ArrayLike, y_score: ArrayLike) -> None:
        labels, scores = labels_and_scores(y_true, y_score)
        self._order = np.argsort(-scores, kind="stable")
        self._labels = labels[self._order]
        starts, ends = _tied_runs(scores[self._order])
        holds_positive = (
            np.add.reduceat(self._labels, starts, dtype=np.int64) > 0 if len(labels) else starts > 0
        )
        bounds = np.stack([starts[holds_positive], ends[holds_positive]], axis=1).ravel()
        self._bounds = np.concatenate([[0], bounds, [len(labels)]]).astype(np.int64)

    def average_precision(self, weights: Weights | None = None) -> NDArray[np.float64]:
        """Compute average precision: the sum over thresholds of (R_i - R_(i-1)) P_i.

        Args:
            weights: ``(resamples, n)``, not negative; None gives every row the weight 1.

        Returns:
            ``(resamples,)`` in [0, 1]; NaN where the positives weigh nothing.
        """
        return _average_precision(*self._stretches(weights))

    def roc_auc(self, weights: Weights | None = None) -> NDArray[np.float64]:
        """Compute the chance that a positive scores above a negative, ties counting one half.

        Args:
            weights: as for :meth:`average_precision`.

        Returns:
            ``(resamples,)`` in [0, 1]; NaN where positives or negatives weigh nothing.
        """
        return _roc_auc(*self._stretches(weights))

    def both(self, weights: Weights | None = None) -> NDArray[np.float64]:
        """Compute average precision and ROC-AUC in one pass.

        Args:
            weights: as for :meth:`average_precision`.

        Returns:
            ``(resamples, 2)``.
        """
        stretches = self._stretches(weights)
        return np.stack([_average_precision(*stretches), _roc_auc(*stretches)], axis=1)

    def _stretches(self, weights: Weights | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum the weights of the positives in each run, and of the negatives in each stretch.

        Returns:
            ``(resamples, runs)``, and ``(resamples, 2 * runs + 1)`` of which the odd stretches are the runs.
        """
        ranked = np.ones((1, len(self._order))) if weights is None else weights[:, self._order]
        total = _sums(ranked, self._bounds)
        # The running count of positives translates bounds among all rows to bounds among the positives.
        positives = _sums(ranked[:, self._labels], np.cumsum(np.append(0, self._labels))[self._bounds])
        return positives[:, 1::2], total - positives


def _average_precision(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.cumsum(positives, axis=1)
    seen = found + np.cumsum(negatives, axis=1)[:, 1::2]
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return _ratio((positives * precision).sum(axis=1), positives.sum(axis=1))


def _roc_auc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> NDArray[np.float64]:
    total = negatives.sum(axis=1)
    tied = negatives[:, 1::2]
    above = np.cumsum(negatives, axis=1)[:, 1::2] - tied
    below = total[:, None] - above - tied
    wins = (positives * (below + tied / 2)).sum(axis=1)
    return _ratio(wins, positives.sum(axis=1) * total)


def _tied_runs(ranked: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the first and one-past-last positions of each run of equal scores."""
    starts = (
        np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.empty(0, np.intp)
    )
    return starts, np.append(starts[1:], len(ranked)).astype(np.intp)[: len(starts)]


def _sums(values: Weights, bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum ``(r, n)`` values over the stretches between ``bounds``, to ``(r, len(bounds) - 1)``; empty stretches
    give 0.
    """
    sums = np.zeros((len(values), len(bounds) - 1))
    filled = np.flatnonzero(bounds[1:] > bounds[:-1])
    if filled.size:
        sums[:, filled] = np.add.reduceat(values, bounds[:-1][filled], axis=1, dtype=np.float64)
    return sums


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
