"""How tracks are ranked: similarity in sound is blended with similarity in mood, and hits per artist are
capped.

The score of a track with embedding ``e`` and mood scores ``m`` for a query ``q``, targets ``t`` of ``J``
moods and a weight ``w`` in [0, 1] is::

    (1 - w) * cosine(q, e)  +  w * (1 - mean_j (m_j - t_j)^2)

It lies in [-1, 1] and higher is closer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.typing import BoolArray, FloatArray, RowNumbers

Copies = Callable[[int, FloatArray], BoolArray]
"""Which candidates (m,) are copies of the one at a position, by its inner products (m,) with them."""


def mood_affinity(scores: FloatArray, targets: FloatArray) -> FloatArray:
    """Compute how near mood scores are to their targets.

    Args:
        scores: (n, J) in [0, 1], NaN where unknown.
        targets: (J,) in [0, 1].

    Returns:
        (n,) 1 minus the mean squared difference, in [0, 1]; NaN where any score is NaN.
    """
    squares = np.zeros(len(scores), scores.dtype)
    for column, target in zip(scores.T, targets.astype(scores.dtype), strict=True):
        squares += (column - target) ** 2  # one mood at a time, because NumPy is slow over short rows
    return 1 - squares / scores.dtype.type(len(targets))


def blend(cosine: FloatArray, affinity: FloatArray, weight: float) -> FloatArray:
    """Blend similarities with mood affinities.

    Args:
        cosine: (..., n) cosines in [-1, 1].
        affinity: (n,) mood affinities in [0, 1], as from :func:`mood_affinity`.
        weight: share of the affinity, in [0, 1].

    Returns:
        (..., n) scores in [-1, 1].
    """
    return (1 - weight) * cosine + weight * affinity


@dataclass(frozen=True, eq=False)
class Cap:
    """A limit on how many hits may share one key, such as an artist."""

    name: str
    """Name of the cap in messages."""
    keys: NDArray[np.integer[Any]]
    """(n,) key of each row; a negative key is unknown, and unknown keys are never capped together."""
    limit: int
    """Greatest number of hits per key, at least 1."""


def pick(
    scores: FloatArray,
    k: int,
    keys: Sequence[tuple[NDArray[np.integer[Any]], int]] = (),
    vectors: FloatArray | None = None,
    copies: Copies | None = None,
    diversity: float = 0.0,
    allowed: BoolArray | None = None,
) -> RowNumbers:
    """Choose candidates one after the other, each in view of those chosen before.

    This is maximal marginal relevance (Carbonell and Goldstein 1998): the next choice is the candidate with
    the highest ``(1 - diversity) * score - diversity * s``, where ``s`` is its highest inner product with a
    chosen one, and 0 for the first choice.

    Args:
        scores: (m,) scores of the candidates, in falling order.
        k: greatest number of candidates to choose.
        keys: the caps: for each, the key (m,) of every candidate, negative where unknown, and how many may
            share one.
        vectors: (m, d) vectors of unit length; needed only for ``copies`` and ``diversity``.
        copies: says, for the position of a chosen candidate and its inner products (m,) with all, which of them are
            copies of it and are skipped; None: none are.
        diversity: weight of the difference from the chosen ones, in [0, 1]; 0 goes by the scores alone.
        allowed: (m,) False for candidates that are never chosen; None: all may be.

    Returns:
        At most ``k`` positions, in the order of their choice; of equal candidates the first.
    """
    open_ = np.ones(len(scores), bool) if allowed is None else allowed.copy()
    closest = np.full(len(scores), -np.inf)
    chosen: list[int] = []
    while len(chosen) < k and open_.any():
        best = _next(scores, open_, closest, diversity if chosen else 0.0)
        chosen.append(best)
        open_[best] = False
        if vectors is not None:
            near = vectors @ vectors[best]
            closest = np.maximum(closest, near)
            if copies is not None:
                open_ &= ~copies(best, near)
        for of_candidate, limit in keys:
            key = of_candidate[best]
            if key >= 0 and np.count_nonzero(of_candidate[chosen] == key) >= limit:
                open_ &= of_candidate != key
    return np.array(chosen, np.int64)


def _next(scores: FloatArray, open_: NDArray[np.bool_], closest: FloatArray, diversity: float) -> int:
    if diversity == 0:
        return int(np.argmax(open_))
    worth = (1 - diversity) * scores - diversity * closest
    return int(np.argmax(np.where(open_, worth, -np.inf)))


def cap_per_key(order: RowNumbers, keys: NDArray[np.integer[Any]], limit: int, k: int) -> RowNumbers:
    """Take the first ``k`` rows of which no more than ``limit`` share a key.

    Args:
        order: (m,) rows, best first.
        keys: (n,) key of each row; a negative key is unknown, and unknown keys are never capped together.
        limit: greatest number of rows per key, at least 1.
        k: greatest number of rows to take.

    Returns:
        At most ``k`` rows, best first.
    """
    ordered = keys[order]
    by_key = np.argsort(ordered, kind="stable")
    sorted_keys = ordered[by_key]
    position = np.empty(len(order), np.int64)
    # The distance from the first row of its key is the number of earlier rows that share the key.
    position[by_key] = np.arange(len(order)) - np.searchsorted(sorted_keys, sorted_keys, "left")
    return order[(ordered < 0) | (position < limit)][:k]
