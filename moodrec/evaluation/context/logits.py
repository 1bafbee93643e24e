"""Scores of any system as logits, which is what the context corrects."""

from __future__ import annotations

from typing import Final

import numpy as np

from moodrec.evaluation.matrices import Floats, without_infinities

ROUNDING: Final = 1e-3
"""Probabilities may miss [0, 1] by this: half precision, and means of several systems, round."""
LARGEST: Final = 100.0
"""Logits of probabilities are drawn in beyond this, so that a few certain tracks do not make up the whole spread."""


def is_probability(scores: Floats) -> bool:
    """Whether all scores lie in [0, 1], but for rounding."""
    return bool(((scores >= -ROUNDING) & (scores <= 1 + ROUNDING)).all())


def logits_of_scores(scores: Floats) -> Floats:
    """Take the logits of probabilities; what lies elsewhere is taken for logits already.

    No two different scores become equal: those of 0 and 1 lie a little beyond all others of their tag.

    Args:
        scores: ``(n, T)`` finite.

    Returns:
        The same shape, finite.
    """
    if not is_probability(scores):
        return scores
    p = np.clip(scores, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        logits = np.log(p) - np.log1p(-p)
    beyond = np.abs(logits) - LARGEST
    with np.errstate(invalid="ignore"):
        drawn = np.sign(logits) * (LARGEST + np.log1p(np.maximum(beyond, 0.0)))
    return without_infinities(np.where((beyond > 0) & np.isfinite(logits), drawn, logits))
