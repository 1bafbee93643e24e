"""When a search through inverted lists may stop.

A list holds rows scattered about its centroid. For a query q, a row's score is that of the centroid plus the
query's product with the row's offset from it; over the rows of a list such products have about the spread
``sigma = sqrt(mean |offset|^2 / d)``. A list can be expected to change the top k as long as ::

    q . centroid + z * sigma  >  the k-th best score so far

Lists are visited in the order of their centroids, and the search stops when that holds for no list left. A filter
needs no rule of its own: where it leaves few good rows, the k-th score is low and more lists are visited.

``z`` is calibrated when the index is built, from the exact answers of sample queries under sample filters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.checks import Vectors
from moodrec.index.products import products

_QUERIES: Final = 64
_QUERIES_AT_ONCE: Final = 8
_NEIGHBOURS: Final = 10
_ROWS_AT_ONCE: Final = 1 << 16
_LEAST_SPREAD: Final = 1e-6
_MARGIN: Final = 0.5
"""Of what the target recall lets go, calibration uses this share: other queries are never quite the sample."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class StopRule:
    """Centroids (nlist, d), spread (nlist,) of each list, and the calibrated ``z``."""

    centroids: Vectors
    spread: NDArray[np.float32]
    z: float

    def visits(self, queries: Vectors) -> Visits:
        """The order in which each query visits the lists, and the bounds on what is left."""
        near = products(self.centroids, None, queries)
        order = np.argsort(-near, axis=1, kind="stable")
        bounds = np.take_along_axis(near + self.z * self.spread, order, axis=1)
        left = np.maximum.accumulate(bounds[:, ::-1], axis=1)[:, ::-1]
        return Visits(order, np.take_along_axis(near, order, axis=1), left)


@dataclass(frozen=True, eq=False)
class Visits:
    """For each query, all lists in the order of their centroids."""

    lists: NDArray[np.int64]
    """(q, nlist)"""
    centroid_scores: NDArray[np.float32]
    """(q, nlist)"""
    best_left: NDArray[np.float32]
    """(q, nlist) highest score that can be expected from this list or a later one."""

    def needed(self, queries: NDArray[np.int64], kth_scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """How many lists some of the queries must visit in all, given their k-th best scores so far."""
        counts: NDArray[np.int64] = np.count_nonzero(self.best_left[queries] > kth_scores[:, None], axis=1)
        return counts


def calibrate(
    vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], config: IndexConfig
) -> StopRule:
    """Fit the stop rule to a catalogue.

    A true neighbour in list l is found for sure when ``z >= (k-th score - q . centroid_l) / sigma_l``, or when the
    list is among those that every search visits. For each kind of filter, ``z`` must be enough for the target
    share of the neighbours of sample queries.

    Args:
        vectors: (n, d) of unit length, one row at least.
        centroids: (nlist, d) of the lists.
        list_of: (n,) list of each row.
        config: the target recall, the lists that every search visits, the seed of the sample.
    """
    lists = _Lists(centroids, list_of, list_spread(vectors, centroids, list_of), config.first_lists)
    share = 1 - (1 - config.target_recall) * _MARGIN
    needs: dict[str, list[float]] = {}
    for kind, needed in _sampled_needs(vectors, lists, np.random.default_rng(config.seed)):
        needs.setdefault(kind, []).extend(needed)
    z = max((float(np.quantile(values, share)) for values in needs.values() if values), default=0.0)
    return StopRule(centroids, lists.spread, max(z, 0.0))


def list_spread(vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64]) -> NDArray[np.float32]:
    """(nlist,) spread of the rows of each list about its centroid, 0 for an empty list."""
    squares = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        offsets = vectors[part] - centroids[list_of[part]]
        squares[part] = np.einsum("ij,ij->i", offsets, offsets)
    sizes = np.bincount(list_of, minlength=len(centroids))
    total = np.bincount(list_of, squares, minlength=len(centroids))
    spread: NDArray[np.float64] = np.sqrt(total / np.maximum(sizes, 1) / vectors.shape[1])
    return spread.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Lists:
    centroids: Vectors
    list_of: NDArray[np.int64]
    spread: NDArray[np.float32]
    first: int

    def needed(self, query: Vectors, scores: NDArray[np.float32], kept: Mask) -> list[float]:
        """The z that each true neighbour of (d,) ``query`` among the ``kept`` rows needs to be found for sure."""
        rows = np.flatnonzero(kept)
        if len(rows) > _NEIGHBOURS:
            rows = rows[np.argpartition(scores[rows], -_NEIGHBOURS)[-_NEIGHBOURS:]]
        near = self.centroids @ query
        lists = self.list_of[rows]
        z = (scores[rows].min(initial=1.0) - near[lists]) / np.maximum(self.spread[lists], _LEAST_SPREAD)
        always = np.sort(near)[-self.first :].min()
        return [float(value) for value in np.where(near[lists] >= always, 0.0, z)]


def _sampled_needs(
    vectors: Vectors, lists: _Lists, rng: np.random.Generator
) -> Iterator[tuple[str, list[float]]]:
    """For sample queries and each kind of filter, the z that their true neighbours need."""
    sample = rng.choice(len(vectors), min(_QUERIES, len(vectors)), replace=False)
    for start in range(0, len(sample), _QUERIES_AT_ONCE):
        queries = sample[start : start + _QUERIES_AT_ONCE]
        for own, scores in zip(queries, vectors[queries] @ vectors.T, strict=True):
            for kind, kept in _sample_filters(scores, rng):
                kept[own] = False
                yield kind, lists.needed(vectors[own], scores, kept)


def _sample_filters(scores: NDArray[np.float32], rng: np.random.Generator) -> Iterator[tuple[str, Mask]]:
    """Rows that filters of several kinds let pass: all, some at random, and the half far from the query."""
    draw = rng.random(len(scores))
    yield "all", draw < 1
    yield "half", draw < 0.5
    yield "tenth", draw < 0.1
    yield "hundredth", draw < 0.01
    yield "opposing half", scores < np.median(scores)
