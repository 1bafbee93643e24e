"""These metrics are for labels of one class per track, such as the quadrant."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from moodrec.errors import DataError
from moodrec.metrics.checks import classes_of, same_shape


def macro_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Compute the mean over classes of 2 TP / (2 TP + FP + FN), over the classes that occur in either array.

    Args:
        y_true: ``(n,)`` class of each track, any comparable values.
        y_pred: ``(n,)`` predicted class.

    Returns:
        A number in [0, 1].

    Raises:
        DataError: there are no tracks, or shapes differ.
    """
    truth, guess = classes_of(y_true, "y_true"), classes_of(y_pred, "y_pred")
    same_shape(y_true=truth, y_pred=guess)
    if not truth.size:
        raise DataError("macro F1 needs at least one track")
    scores = []
    for label in np.union1d(truth, guess):
        is_true, is_guess = truth == label, guess == label
        scores.append(2 * (is_true & is_guess).sum() / (is_true.sum() + is_guess.sum()))
    return float(np.mean(scores))
