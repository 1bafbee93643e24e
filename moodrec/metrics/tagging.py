"""Tagging metrics tell how well scores rank the tracks that have a tag above those that have not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.metrics.checks import count_of, label_matrix
from moodrec.metrics.ranked import RankedLabels

_SUMMED: Final = 1_000_000
"""Terms of a harmonic number that are added up; the rest is its asymptote, which differs by less than 1e-13."""


def average_precision(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Compute the average precision of one tag: the area under the precision-recall steps, without interpolation.

    AP = sum over distinct thresholds of (R_i - R_(i-1)) P_i; tracks with equal scores are one threshold. This is
    the definition of scikit-learn, also called PR-AUC in music tagging.

    Args:
        y_true: ``(n,)`` 0/1 or bool.
        y_score: ``(n,)`` finite, higher means more likely.

    Returns:
        A number in (0, 1]; a random order gives about the prevalence.

    Raises:
        DataError: the arrays are wrong, or no track has the tag.
    """
    value = float(RankedLabels(y_true, y_score).average_precision()[0])
    if np.isnan(value):
        raise DataError("average precision needs a track that has the tag")
    return value


def roc_auc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Compute the area under the ROC curve of one tag: the chance that a track with the tag scores above one
    without.

    Args:
        y_true: ``(n,)`` 0/1 or bool.
        y_score: ``(n,)`` finite, higher means more likely.

    Returns:
        A number in [0, 1]; 0.5 is chance, and ties count one half.

    Raises:
        DataError: the arrays are wrong, or one of the two classes is missing.
    """
    value = float(RankedLabels(y_true, y_score).roc_auc()[0])
    if np.isnan(value):
        raise DataError("ROC-AUC needs tracks with the tag and tracks without it")
    return value


def chance_average_precision(positives: int, n: int) -> float:
    """Compute the expected average precision of a random order.

    It lies somewhat above the prevalence, the more so the rarer the tag: (H + (n - H) (P - 1) / (n - 1)) / n with H
    the n-th harmonic number.

    Args:
        positives: number of tracks that have the tag, from 1 to ``n``.
        n: number of tracks.

    Returns:
        A number in (0, 1].

    Raises:
        DataError: not 1 <= positives <= n.
    """
    n, positives = count_of(n, "n"), count_of(positives, "positives", least=0)
    if not 1 <= positives <= n:
        raise DataError(f"positives must be between 1 and {n}, not {positives}")
    exact = 1 / np.arange(1, min(n, _SUMMED) + 1)
    harmonic = float(exact.sum()) + (math.log((n + 0.5) / (_SUMMED + 0.5)) if n > _SUMMED else 0.0)
    return (harmonic + (n - harmonic) * (positives - 1) / max(1, n - 1)) / n


def average_precision_per_tag(y_true: ArrayLike, y_score: ArrayLike) -> NDArray[np.float64]:
    """Compute the average precision of each tag.

    Args:
        y_true: ``(n, tags)`` 0/1; NaN leaves a track out of that tag.
        y_score: ``(n, tags)`` finite.

    Returns:
        ``(tags,)``, NaN for a tag without both classes.

    Raises:
        DataError: the arrays are wrong.
    """
    return _per_tag(y_true, y_score, average_precision)


def roc_auc_per_tag(y_true: ArrayLike, y_score: ArrayLike) -> NDArray[np.float64]:
    """Compute the ROC-AUC of each tag.

    Args:
        y_true: ``(n, tags)`` 0/1; NaN leaves a track out of that tag.
        y_score: ``(n, tags)`` finite.

    Returns:
        ``(tags,)``, NaN for a tag without both classes.

    Raises:
        DataError: the arrays are wrong.
    """
    return _per_tag(y_true, y_score, roc_auc)


def macro(per_tag: NDArray[np.float64]) -> float:
    """Compute the mean over the tags that have a value; NaN if none has."""
    scored = per_tag[~np.isnan(per_tag)]
    return float(scored.mean()) if scored.size else float("nan")


def macro_average_precision(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Compute the mean average precision over the tags that have both classes (macro PR-AUC).

    Args:
        y_true: ``(n, tags)`` 0/1 or NaN.
        y_score: ``(n, tags)`` finite.

    Raises:
        DataError: the arrays are wrong.
    """
    return macro(average_precision_per_tag(y_true, y_score))


def macro_roc_auc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Compute the mean ROC-AUC over the tags that have both classes.

    Args:
        y_true: ``(n, tags)`` 0/1 or NaN.
        y_score: ``(n, tags)`` finite.

    Raises:
        DataError: the arrays are wrong.
    """
    return macro(roc_auc_per_tag(y_true, y_score))


def both_classes(labels: NDArray[np.float64]) -> bool:
    """Say whether ``(n,)`` labels in {0, 1, NaN} hold a 0 and a 1."""
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
