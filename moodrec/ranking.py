"""How tracks are ranked: closeness in sound blended with closeness in mood, and caps per artist.

The score of a track with embedding ``e`` and mood scores ``m`` for a query ``q``, targets ``t`` of ``J`` moods and a
weight ``w`` in [0, 1] is::

    (1 - w) * cosine(q, e)  +  w * (1 - mean_j (m_j - t_j)^2)

It lies in [-1, 1] and higher is closer. Written out, it is the inner product of ``[(1-w) q ; 2w t/J ; -w/J]`` with
``[e ; m ; m^2]`` plus the constant ``w (1 - mean_j t_j^2)``, so that whatever ranks by inner product ranks by it.
"""

from __future__ import annotations

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


def augment_rows(embeddings: Floats, scores: Floats) -> Floats:
    """``[e ; m ; m^2]``: (n, d) embeddings and (n, J) mood scores as (n, d + 2J)."""
    return np.concatenate([embeddings, scores, scores * scores], axis=1)


def augment_queries(queries: Floats, targets: Floats, weight: float) -> Floats:
    """``[(1-w) q ; 2w t/J ; -w/J]``: (q, d) unit queries and (J,) targets as (q, d + 2J)."""
    share = weight / len(targets)
    mood_part = np.concatenate([2 * share * targets, np.full(len(targets), -share)])
    repeated = np.broadcast_to(mood_part.astype(queries.dtype), (len(queries), len(mood_part)))
    return np.concatenate([(1 - weight) * queries, repeated], axis=1)


def blend_constant(targets: Floats, weight: float) -> float:
    """What the inner product of augmented rows lacks of the blended score."""
    return float(weight * (1 - np.mean(targets * targets)))


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
