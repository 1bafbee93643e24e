"""Curves of metrics over a threshold are computed here, for plots to draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.metrics.checks import labels_and_scores


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision and recall at each distinct threshold, from the highest threshold down; all ``(thresholds,)``."""

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]


def precision_recall(y_true: ArrayLike, y_score: ArrayLike) -> PrecisionRecall:
    """Compute precision and recall of "the score is at least the threshold", for every score that occurs.

    Args:
        y_true: ``(n,)`` 0 or 1.
        y_score: ``(n,)`` finite.

    Raises:
        DataError: the arrays are wrong, or no track has the tag.
    """
    labels, scores = labels_and_scores(y_true, y_score)
    if not labels.any():
        raise DataError("a precision-recall curve needs a track that has the tag")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = np.cumsum(labels[order])[last_of_tie]
    return PrecisionRecall(ranked[last_of_tie], found / (last_of_tie + 1), found / labels.sum())
