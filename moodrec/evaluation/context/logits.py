"""Scores of any system as logits, which is what the context corrects."""

from __future__ import annotations

from typing import Final

import numpy as np

from moodrec.evaluation.matrices import Floats, without_infinities

ROUNDING: Final = 1e-3
"""Probabilities may miss [0, 1] by this: half precision, and means of several systems, round."""
_MOST_ROUNDED: Final = 0.1
"""Where a larger share of scores lies outside [0, 1], they are no probabilities."""
FAR: Final = 5.0
"""Scores are drawn in beyond so many spreads from the median, lest a few make up the whole variance; a spread is that
of the middle nine tenths.
"""
_SIZES: Final = (1e-6, 1e6)
"""Spreads and greatest sizes of logits; columns of other units are brought to a spread of 1."""


def is_probability(scores: Floats) -> bool:
    """Whether all scores lie in [0, 1], but for rounding."""
    outside = (scores < 0) | (scores > 1)
    near = ((scores >= -ROUNDING) & (scores <= 1 + ROUNDING)).all()
    return bool(near and outside.mean() <= _MOST_ROUNDED)


def logits_of_scores(scores: Floats) -> Floats:
    """Take the logits of probabilities; what lies elsewhere is taken for logits already, of any unit.

    The order of the tracks stays what it is: no two different scores become equal. Those of 0 and 1 lie a little
    beyond all others of their tag, and those far from all others are drawn in.

    Args:
        scores: ``(n, T)`` finite.

    Returns:
        The same shape, finite.
    """
    return _drawn_in(_logits_of_probabilities(scores) if is_probability(scores) else scores)


def _logits_of_probabilities(scores: Floats) -> Floats:
    p = np.clip(scores, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        logits = np.log(p) - np.log1p(-p)
    return without_infinities(logits) + (scores - p) / ROUNDING


def _drawn_in(logits: Floats) -> Floats:
    """Bring columns of odd units to a spread of 1, and what is far from their median nearer to it."""
    found = logits.copy()
    for column in range(logits.shape[1]):
        size = np.abs(logits[:, column]).max(initial=0.0)
        # Halves, so that the difference of the largest and the least number is finite.
        values = logits[:, column] / 2
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)) if len(values) else (0.0, 0.0, 0.0)
        spread = high - low if high > low else np.ptp(values) if len(values) else 0.0
        if not spread:
            continue
        places = (values - middle) / spread
        far = np.abs(places) > FAR
        if far.any() or not (_SIZES[0] <= spread and size <= _SIZES[1]):
            # By their ranks, one spread holds all that is far, whatever its size.
            ranks = np.unique(np.abs(places[far]), return_inverse=True)[1]
            places[far] = np.sign(places[far]) * (FAR + (1 + ranks) / (1 + ranks.max(initial=0)))
            found[:, column] = places
    return found
