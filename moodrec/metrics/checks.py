"""Metrics share this validation: wrong arrays are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import brief, whole
from moodrec.errors import DataError, UsageError
from moodrec.given import numbers_of


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
    labels, scores = numbers_of(y_true, "labels"), numbers_of(y_score, "scores")
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
    labels, scores = numbers_of(y_true, "labels"), numbers_of(y_score, "scores")
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


def count_of(value: object, name: str, least: int = 1, most: int = 2**31 - 1) -> int:
    """Check a number of things.

    Args:
        value: the number.
        name: what the argument is called.
        least: the smallest that is allowed.
        most: the largest one.

    Raises:
        DataError: it is no whole number, or out of range.
    """
    try:
        return whole(value, name, least, most)
    except UsageError:
        raise DataError(f"{name} must be at least {least} and at most {most}, not {brief(value)}") from None


def classes_of(values: ArrayLike, name: str) -> NDArray[Any]:
    """Read the class of each track: numbers, texts or truth values.

    Args:
        values: the classes.
        name: what the argument is called.

    Returns:
        The same shape.

    Raises:
        DataError: it does not fit into memory, or holds values that cannot be compared with each other.
    """
    try:
        found = np.asarray(values)
        if found.dtype.kind in "biufUSM":
            return found
        np.unique(found)
    except (TypeError, ValueError, MemoryError, RecursionError):
        raise DataError(f"{name} is {brief(values)}; it must be an array of classes of one kind") from None
    return found
