"""How tracks are ranked: closeness in sound blended with closeness in mood, and caps per artist.

The score of a track with embedding ``e`` and mood scores ``m`` for a query ``q``, targets ``t`` of ``J`` moods and a
weight ``w`` in [0, 1] is::

    (1 - w) * cosine(q, e)  +  w * (1 - mean_j (m_j - t_j)^2)

It lies in [-1, 1] and higher is closer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.int64]


def mood_affinity(scores: Floats, targets: Floats) -> Floats:
    """How near mood scores are to their targets.

    Args:
        scores: (n, J) in [0, 1], NaN where unknown.
        targets: (J,) in [0, 1].

    Returns:
        (n,) 1 minus the mean squared difference, in [0, 1]; NaN where any score is NaN.
    """
    squares = np.zeros(len(scores), scores.dtype)
    for column, target in zip(scores.T, targets.astype(scores.dtype), strict=True):
        squares += (column - target) ** 2  # mood by mood: NumPy is slow over short rows
    return 1 - squares / scores.dtype.type(len(targets))


def blend(cosine: Floats, affinity: Floats, weight: float) -> Floats:
    """(..., n) blended scores of (..., n) cosines and (n,) mood affinities."""
    return (1 - weight) * cosine + weight * affinity


@dataclass(frozen=True, eq=False)
class Cap:
    """At most ``limit`` hits a key."""

    name: str
    """What it is called in messages."""
    keys: NDArray[np.integer[Any]]
    """(n,) of each row; negative is unknown, and unknown keys are never capped together."""
    limit: int
    """At least 1."""


def pick(
    scores: Floats,
    k: int,
    keys: Sequence[tuple[NDArray[np.integer[Any]], int]] = (),
    vectors: Floats | None = None,
    same: float = math.inf,
    diversity: float = 0.0,
    known: Floats | None = None,
) -> Rows:
    """Choose one candidate after the other, each in view of those chosen before (maximal marginal relevance,
    Carbonell and Goldstein 1998): the one with the highest ``(1 - diversity) * score - diversity * s``, where ``s``
    is its highest inner product with a chosen one, 0 for the first.

    Args:
        scores: (m,) of the candidates, falling.
        k: candidates wanted.
        keys: caps: the key (m,) of each candidate, negative where unknown, and how many may share one.
        vectors: (m, d) of unit length; without ``same`` and ``diversity`` they are not needed.
        same: candidates whose inner product with a chosen one reaches this are passed over as its copies.
        diversity: in [0, 1]; 0 goes by the scores alone.
        known: (j, d) vectors whose copies are passed over as well.

    Returns:
        At most k positions, in the order of their choice; of equal candidates the first.
    """
    open_ = np.ones(len(scores), bool)
    closest = np.full(len(scores), -np.inf)
    if vectors is not None and known is not None and len(known):
        open_ &= (vectors @ known.T).max(axis=1) < same
    chosen: list[int] = []
    while len(chosen) < k and open_.any():
        best = _next(scores, open_, closest, diversity if chosen else 0.0)
        chosen.append(best)
        open_[best] = False
        if vectors is not None:
            closest = np.maximum(closest, vectors @ vectors[best])
            open_ &= closest < same
        for of_candidate, limit in keys:
            key = of_candidate[best]
            if key >= 0 and np.count_nonzero(of_candidate[chosen] == key) >= limit:
                open_ &= of_candidate != key
    return np.array(chosen, np.int64)


def _next(scores: Floats, open_: NDArray[np.bool_], closest: Floats, diversity: float) -> int:
    if diversity == 0:
        return int(np.argmax(open_))
    worth = (1 - diversity) * scores - diversity * closest
    return int(np.argmax(np.where(open_, worth, -np.inf)))


def cap_per_key(order: Rows, keys: NDArray[np.integer[Any]], limit: int, k: int) -> Rows:
    """The first ``k`` rows of ``order`` of which no more than ``limit`` share a key.

    Args:
        order: (m,) rows, best first.
        keys: (n,) key of each row; negative is unknown, and unknown keys are never capped together.
        limit: rows a key, at least 1.
        k: rows wanted.

    Returns:
        At most ``k`` rows, best first.
    """
    ordered = keys[order]
    by_key = np.argsort(ordered, kind="stable")
    sorted_keys = ordered[by_key]
    position = np.empty(len(order), np.int64)
    position[by_key] = np.arange(len(order)) - np.searchsorted(sorted_keys, sorted_keys, "left")
    return order[(ordered < 0) | (position < limit)][:k]
