"""One vector a track whose inner product with one vector a query is the blended score.

A track has an embedding ``e`` of unit length and ``J`` mood scores ``m`` in [0, 1]. The score of
:mod:`moodrec.ranking` for a query ``q`` with targets ``t`` of moods ``T`` and a weight ``w`` is::

    (1 - w) q.e  +  w (1 - mean_T (m_j - t_j)^2)
  = (1 - w) q.e  +  sum_T (2 w t_j / |T|) m_j  -  sum_T (w / |T|) m_j^2  +  w (1 - mean_T t_j^2)

The last term is the same for all tracks, and the others are the inner product of the stored ``x = [e; m; m^2]`` with
``[(1 - w) q; 2 w t / |T|; -w / |T|]``, which is 0 for moods without a target. So any engine that ranks by inner
product ranks by the blend: the graph of the ``hnsw`` preset, pgvector, Milvus.

Graphs of neighbours do so badly, because the norms of ``x`` differ and the tracks of large norm become hubs that a
search does not leave. Each ``m`` lies in [0, 1], so ``|x|^2 <= 1 + 2 J``, and one more number::

    c = sqrt(1 + 2 J - |x|^2)

gives every stored vector the norm ``sqrt(1 + 2 J)``. The query has 0 in its place, so no score changes, and the
order by inner product becomes that of cosine and of Euclidean distance, which graphs are made for (the reduction of
Bachrach et al. 2014, "Speeding up the Xbox recommender system using a Euclidean transformation for inner-product
spaces"). A mood that is unknown is stored as 0; a search with a target for it must leave such tracks out.

Moods may be stored times a scale ``s`` and asked for divided by it: every product is the same, with
``c = sqrt(1 + 2 s^2 J - |x|^2)``. What changes is which tracks are neighbours: the smaller ``s``, the more the sound
decides, so that searches without a target find more in a graph, and searches in which moods weigh most find less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moodrec.errors import DataError
from moodrec.typing import Float32Array, FloatArray, Vectors


def completed_dim(dim: int, n_moods: int) -> int:
    """Return the dimension of completed vectors.

    Args:
        dim: the dimension of the embeddings.
        n_moods: the number of moods.
    """
    return dim + 2 * n_moods + 1


def completed(vectors: Vectors, scores: FloatArray, scale: float = 1.0) -> Float32Array:
    """Complete the vectors of tracks, so that all have one norm.

    Args:
        vectors: (n, d) embeddings of unit length.
        scores: (n, J) mood scores in [0, 1], NaN where unknown.
        scale: what moods are stored times, above 0.

    Returns:
        (n, d + 2 J + 1) float32 vectors of norm sqrt(1 + 2 scale^2 J).

    Raises:
        DataError: a score is out of [0, 1].
    """
    moods = np.nan_to_num(scores.astype(np.float64), nan=0.0)
    if moods.size and (moods.min() < 0 or moods.max() > 1):
        raise DataError("a mood score is out of [0, 1], so tracks cannot be ranked by one inner product")
    parts = np.concatenate([vectors.astype(np.float64), scale * moods, scale * moods**2], axis=1)
    rest = 1 + 2 * scale**2 * moods.shape[1] - (parts**2).sum(axis=1)
    # Rounding leaves a number just below 0 where every mood is 1.
    last = np.sqrt(np.maximum(rest, 0))
    return np.concatenate([parts, last[:, None]], axis=1).astype(np.float32)


def completed_query(
    query: Vectors, moods: Sequence[str], targets: dict[str, float], weight: float, scale: float = 1.0
) -> Float32Array:
    """Complete the vector of a query, so that its inner products rank tracks by the blended score.

    Args:
        query: (d,) a vector of unit length.
        moods: the J moods of the index, in the order of the stored scores.
        targets: the target in [0, 1] of each mood that has one; none: tracks are ranked by sound alone.
        weight: the weight of the moods, in [0, 1].
        scale: what the moods of the tracks are stored times.

    Returns:
        (d + 2 J + 1,) float32.
    """
    share = weight if targets else 0.0
    asked = share / scale
    linear, square = np.zeros(len(moods)), np.zeros(len(moods))
    for name, target in targets.items():
        place = list(moods).index(name)
        linear[place] = 2 * asked * target / len(targets)
        square[place] = -asked / len(targets)
    return np.concatenate([(1 - share) * query.astype(np.float64), linear, square, [0.0]]).astype(np.float32)
