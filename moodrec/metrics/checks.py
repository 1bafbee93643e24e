"""Metrics share this validation: wrong arrays are refused before anything is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError


def labels_and_scores(y_true: ArrayLike, y_score: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Check ``(n,)`` labels in {0, 1} and ``(n,)`` finite scores of the same length.

    Args:
        y_true: the labels.
        y_score: the scores.

    Returns:
        The labels as bool and the scores as float64.

    Raises:
        DataError: shapes differ or are not one-dimensional, labels are not 0 or 1, or a score is not finite.
    """
    labels, scores = np.asarray(y_true), np.asarray(y_score, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise DataError(f"labels {labels.shape} and scores {scores.shape} must both be (n,)")
    if not np.isfinite(scores).all():
        raise DataError(f"scores must be finite; {int((~np.isfinite(scores)).sum())} are not")
    if not np.isin(labels, (0, 1)).all():
        raise DataError("labels must be 0 or 1")
    return labels.astype(np.bool_), scores


def label_matrix(y_true: ArrayLike, y_score: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check ``(n, tags)`` labels in {0, 1, NaN} and finite ``(n, tags)`` scores.

    Args:
        y_true: the labels.
        y_score: the scores.

    Returns:
        Both as float64.

    Raises:
        DataError: shapes differ or are not two-dimensional, a label is something else, or a score is not finite.
    """
    labels, scores = np.asarray(y_true, dtype=np.float64), np.asarray(y_score, dtype=np.float64)
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise DataError(f"labels {labels.shape} and scores {scores.shape} must both be (n, tags)")
    if not np.isfinite(scores).all():
        raise DataError(f"scores must be finite; {int((~np.isfinite(scores)).sum())} are not")
    if not (np.isnan(labels) | np.isin(labels, (0, 1))).all():
        raise DataError("labels must be 0, 1 or NaN; make soft targets binary first")
    return labels, scores


def same_shape(**arrays: NDArray[np.generic]) -> None:
    """Check that the named arrays have one shape.

    Raises:
        DataError: they have different shapes; the message names them.
    """
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"shapes differ: {shapes}")
