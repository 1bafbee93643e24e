"""Centroids of inverted lists, learnt group by group where k-means over all of them at once takes too long.

Rows are first split into groups, and each group into its share of the lists; then every centroid is moved to the mean
of the rows nearest to it. The work for a row grows with the square root of the number of lists, not with the number.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.runtime import faiss
from moodrec.typing import Vectors

_ROUNDS: Final = 10
"""Rounds of k-means."""
_LAST_ROUNDS: Final = 2
"""Rounds in which all centroids are moved to the mean of their rows at the end."""
_ROWS_A_GROUP: Final = 256
"""Rows a group that the groups are learnt from."""
_GROUPS_SEARCHED: Final = 16
"""Groups of centroids that are probed for the nearest centroid of a row."""
_ROWS_AT_ONCE: Final = 1 << 16


def split_centroids(rows: Vectors, count: int, seed: int) -> Vectors:
    """Learn centroids group by group.

    Args:
        rows: (n, d) float32 rows of unit length; n is at least ``count``.
        count: the number of centroids.
        seed: the seed of k-means.

    Returns:
        (count, d) centroids of unit length.
    """
    n_groups = int(np.sqrt(count))
    groups = _centroids(some_rows(rows, _ROWS_A_GROUP * n_groups, seed), n_groups, seed)
    group_of = _nearest(_flat(groups), rows)
    sizes = np.bincount(group_of, minlength=n_groups)
    members = np.split(np.argsort(group_of, kind="stable"), np.cumsum(sizes)[:-1])
    parts = [
        _centroids(np.ascontiguousarray(rows[np.sort(some)]), share, seed)
        for some, share in zip(members, _shares(sizes, count), strict=True)
        if share
    ]
    return _moved(np.concatenate(parts), rows)


def nearly_nearest(centroids: Vectors, rows: Vectors) -> NDArray[np.int64]:
    """Find nearly the nearest of many centroids for each row, by an index over the centroids.

    Args:
        centroids: (c, d) centroids of unit length.
        rows: (n, d) rows of unit length.

    Returns:
        (n,) centroids; for about one row in a hundred, another one is nearer.
    """
    n_groups = int(np.sqrt(len(centroids)))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(centroids.shape[1]), centroids.shape[1], n_groups, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.spherical, index.cp.min_points_per_centroid, index.nprobe = True, 1, _GROUPS_SEARCHED
    index.train(centroids)
    index.add(centroids)
    found: NDArray[np.int64] = _nearest(index, rows)
    return found


def _shares(sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Split ``count`` in proportion to ``sizes``, so that no group gets more lists than it has rows."""
    ends = np.rint(np.cumsum(sizes) * (count / sizes.sum())).astype(np.int64)
    shares: NDArray[np.int64] = np.diff(ends, prepend=0)
    return shares


def _moved(centroids: Vectors, rows: Vectors) -> Vectors:
    """Move each centroid to the mean direction of the rows nearest to it."""
    for _ in range(_LAST_ROUNDS):
        nearest = nearly_nearest(centroids, rows)
        sums = np.zeros_like(centroids)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some, own = rows[start : start + _ROWS_AT_ONCE], nearest[start : start + _ROWS_AT_ONCE]
            order = np.argsort(own, kind="stable")
            found, starts = np.unique(own[order], return_index=True)
            sums[found] += np.add.reduceat(some[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centroids)
    return centroids


def _centroids(rows: Vectors, count: int, seed: int) -> Vectors:
    if count >= len(rows):
        return rows
    learner = faiss.Kmeans(
        rows.shape[1],
        int(count),
        niter=_ROUNDS,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=1 << 30,
    )
    learner.train(rows)
    found: Vectors = learner.centroids
    return found


def some_rows(rows: Vectors, most: int, seed: int) -> Vectors:
    """Choose rows at random.

    Args:
        rows: (n, d) rows.
        most: the number of rows to choose, at most.
        seed: the seed of the choice.

    Returns:
        (m, d) rows in their order.
    """
    if len(rows) <= most:
        return np.ascontiguousarray(rows)
    chosen = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return np.ascontiguousarray(rows[np.sort(chosen)])


def _flat(centroids: Vectors) -> Any:
    index = faiss.IndexFlatIP(centroids.shape[1])
    index.add(centroids)
    return index


def _nearest(index: Any, rows: Vectors) -> NDArray[np.int64]:
    parts: list[NDArray[np.int64]] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(rows[start : start + _ROWS_AT_ONCE])
        parts.append(index.search(part, 1)[1][:, 0])
    return np.concatenate(parts)
