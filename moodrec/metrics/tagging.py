"""How well scores rank the tracks that have a tag above those that have not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.metrics.checks import label_matrix
from moodrec.metrics.ranked import RankedLabels


def average_precision(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Average precision of one tag: the area under the precision-recall steps, without interpolation.

    AP = sum over distinct thresholds of (R_i - R_(i-1)) P_i; tracks with equal scores are one threshold. The
    definition of scikit-learn, also called PR-AUC in music tagging.

    Args:
        y_true: ``(n,)`` 0/1 or bool.
        y_score: ``(n,)`` finite, higher means more likely.

    Returns:
        In (0, 1]; a random order gives about the prevalence.

    Raises:
        DataError: wrong arrays, or no track has the tag.
    """
    value = float(RankedLabels(y_true, y_score).average_precision()[0])
    if np.isnan(value):
        raise DataError("average precision needs a track that has the tag")
    return value


def roc_auc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Area under the ROC curve of one tag: the chance that a track with the tag scores above one without.

    Args:
        y_true: ``(n,)`` 0/1 or bool.
        y_score: ``(n,)`` finite, higher means more likely.

    Returns:
        In [0, 1]; 0.5 is chance; ties count one half.

    Raises:
        DataError: wrong arrays, or not both classes are there.
    """
    value = float(RankedLabels(y_true, y_score).roc_auc()[0])
    if np.isnan(value):
        raise DataError("ROC-AUC needs tracks with the tag and tracks without it")
    return value


def chance_average_precision(positives: int, n: int) -> float:
    """Expected average precision of a random order of ``n`` tracks of which ``positives`` have the tag.

    Somewhat above the prevalence, the more so the rarer the tag: (H + (n - H) (P - 1) / (n - 1)) / n with H the n-th
    harmonic number.

    Raises:
        DataError: not 1 <= positives <= n.
    """
    if not 1 <= positives <= n:
        raise DataError(f"positives must be between 1 and {n}, not {positives}")
    harmonic = float((1 / np.arange(1, n + 1)).sum())
    return (harmonic + (n - harmonic) * (positives - 1) / max(1, n - 1)) / n


def average_precision_per_tag(y_true: ArrayLike, y_score: ArrayLike) -> NDArray[np.float64]:
    """Average precision of each tag.

    Args:
        y_true: ``(n, tags)`` 0/1; NaN leaves a track out of that tag.
        y_score: ``(n, tags)`` finite.

    Returns:
        ``(tags,)``, NaN for a tag without both classes.
    """
    return _per_tag(y_true, y_score, average_precision)


def roc_auc_per_tag(y_true: ArrayLike, y_score: ArrayLike) -> NDArray[np.float64]:
    """ROC-AUC of each tag, with the arguments and NaN rule of :func:`average_precision_per_tag`."""
    return _per_tag(y_true, y_score, roc_auc)


def macro(per_tag: NDArray[np.float64]) -> float:
    """Mean over the tags that have a value, NaN if none has."""
    scored = per_tag[~np.isnan(per_tag)]
    return float(scored.mean()) if scored.size else float("nan")


def macro_average_precision(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean average precision over the tags that have both classes (macro PR-AUC)."""
    return macro(average_precision_per_tag(y_true, y_score))


def macro_roc_auc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean ROC-AUC over the tags that have both classes."""
    return macro(roc_auc_per_tag(y_true, y_score))


def both_classes(labels: NDArray[np.float64]) -> bool:
    """Whether ``(n,)`` labels in {0, 1, NaN} hold a 0 and a 1."""
    return bool((labels == 0).any() and (labels == 1).any())


def _per_tag(
    y_true: ArrayLike, y_score: ArrayLike, metric: Callable[[ArrayLike, ArrayLike], float]
) -> NDArray[np.float64]:
    labels, scores = label_matrix(y_true, y_score)
    values = np.full(labels.shape[1], np.nan)
    for tag in range(labels.shape[1]):
        known = ~np.isnan(labels[:, tag])
        if both_classes(labels[:, tag]):
            values[tag] = metric(labels[known, tag], scores[known, tag])
    return values
