"""When a search through inverted lists may stop.

A list holds rows scattered about its centroid. For a query q, a row's score is that of the centroid plus the query's
product with the row's offset from it; over the rows of list l such products have about the spread ::

    sigma_l * stretch(q),   sigma_l = sqrt(mean |offset|^2 / d),   stretch(q) = sqrt(q' W q / (trace W / d))

where W is the mean outer product of all offsets: a query along which rows scatter more has to look farther. A list
can be expected to change the top k as long as ::

    q . centroid + z * sigma_l * stretch(q)  >  the k-th best score so far

How far into the lists' tails it pays to look, ``z``, depends on how many rows of all score as high as the k-th: k
without a filter, many more under one that few rows nearby pass. That rank is estimated from the lists, the scores in
each taken as normal. So ``z`` is a function of the estimated rank. It is fitted when the index is built, from the
exact neighbours of sample queries at several ranks; :mod:`moodrec.index.calibration` then has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.checks import Vectors
from moodrec.index.products import products

SAMPLE: Final = 64
"""Sample queries."""
FIRST_LEVEL: Final = 10
LEVEL_STEP: Final = 2
"""Levels are 10, 20, 40, ... rows."""
_QUERIES_AT_ONCE: Final = 8
_ROWS_AT_ONCE: Final = 1 << 16
_LEAST_SPREAD: Final = 1e-6
_MARGIN: Final = 0.5
"""Of what the target recall lets go, calibration uses this share: other queries are never quite the sample."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StopRule:
    """What the rule knows of an index."""

    centroids: Vectors
    """(nlist, d)"""
    spread: Floats
    """(nlist,) sigma of each list."""
    shape: Floats
    """(d, d) W, scaled to a mean of 1 on its diagonal."""
    z: Floats
    """(levels,) of 10, 20, 40, ... rows."""

    def visits(self, queries: Vectors) -> Visits:
        """The order in which each query visits the lists, and the bounds on what is left, for the level that looks
        farthest.
        """
        near = products(self.centroids, None, queries)
        order = np.argsort(-near, axis=1, kind="stable")
        stretch = np.sqrt(np.einsum("ij,jk,ik->i", queries, self.shape, queries))
        bounds = near + self.z.max() * stretch[:, None] * self.spread
        left = np.maximum.accumulate(np.take_along_axis(bounds, order, axis=1)[:, ::-1], axis=1)[:, ::-1]
        return Visits(order, np.take_along_axis(near, order, axis=1), left)

    def raised(self, by: float) -> StopRule:
        """The rule with every z higher, or lower but not below 0."""
        return replace(self, z=np.maximum(self.z + np.float32(by), 0))


@dataclass(frozen=True, eq=False)
class Visits:
    """For each query, all lists in the order of their centroids."""

    lists: NDArray[np.int64]
    """(q, nlist)"""
    centroid_scores: Floats
    """(q, nlist)"""
    best_left: Floats
    """(q, nlist) highest score that can be expected from this list or a later one."""

    def needed(self, queries: NDArray[np.int64], kth_scores: Floats) -> NDArray[np.int64]:
        """How many lists some of the queries must visit in all, given their k-th best scores so far."""
        counts: NDArray[np.int64] = np.count_nonzero(self.best_left[queries] > kth_scores[:, None], axis=1)
        return counts


def fit(vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> StopRule:
    """Fit the stop rule to a catalogue, as far as that goes without searching it.

    At a level of r rows, a row in list l among the r nearest is found for sure when ``z`` reaches
    ``(r-th score - q . centroid_l) / (sigma_l * stretch(q))``, or when the list is among those that every search
    visits. ``z`` is what suffices for the target share of them.

    Args:
        vectors: (n, d) of unit length, one row at least.
        centroids: (nlist, d) of the lists.
        list_of: (n,) list of each row.
        config: the target recall, the lists that every search visits, the seed of the sample.
    """
    squares, outer = _scatter(vectors, centroids, list_of)
    sizes = np.bincount(list_of, minlength=len(centroids))
    total = np.bincount(list_of, squares, minlength=len(centroids))
    spread = np.sqrt(total / np.maximum(sizes, 1) / vectors.shape[1])
    shape = outer / max(np.trace(outer) / len(outer), _LEAST_SPREAD**2)
    rule = StopRule(centroids, spread.astype(np.float32), shape.astype(np.float32), np.zeros(0, np.float32))
    share = 1 - (1 - config.target_recall) * _MARGIN
    ranks = levels(len(vectors))
    needs: list[list[Floats]] = [[] for _ in ranks]
    for query, scores in sample_scores(vectors, config.seed):
        for rank, needed in _needed(rule, vectors[query], scores, list_of, sizes):
            needs[min(int(np.searchsorted(ranks, rank)), len(ranks) - 1)].append(needed)
    z = [float(np.quantile(np.concatenate(needed), share)) if needed else 0.0 for needed in needs]
    return replace(rule, z=np.maximum.accumulate(np.maximum(z, 0).astype(np.float32)))


def levels(n: int) -> list[int]:
    """The levels that are calibrated for ``n`` rows: up to half of them, and one at least."""
    found = [min(FIRST_LEVEL, n)]
    while found[-1] * LEVEL_STEP <= n // 2:
        found.append(found[-1] * LEVEL_STEP)
    return found


def sample_scores(vectors: Vectors, seed: int, n: int = SAMPLE) -> Iterator[tuple[int, Floats]]:
    """Sample rows as queries, each with its (n,) scores; its own is the lowest there can be."""
    rng = np.random.default_rng(seed)
    sample = rng.choice(len(vectors), min(n, len(vectors)), replace=False)
    for start in range(0, len(sample), _QUERIES_AT_ONCE):
        rows = sample[start : start + _QUERIES_AT_ONCE]
        scores = vectors[rows] @ vectors.T
        scores[np.arange(len(rows)), rows] = -1
        yield from zip(rows.tolist(), scores, strict=True)


def _scatter(
    vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.float64]]:
    """(n,) squared lengths of the offsets, and the (d, d) mean of their outer products."""
    squares = np.empty(len(vectors), np.float32)
    outer = np.zeros((vectors.shape[1],) * 2)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        offsets = vectors[part] - centroids[list_of[part]]
        squares[part] = np.einsum("ij,ij->i", offsets, offsets)
        outer += offsets.T @ offsets
    return squares, outer / len(vectors)


def _needed(
    rule: StopRule, query: Floats, scores: Floats, list_of: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[tuple[float, Floats]]:
    """For each level its rank as a search would estimate it, and the z that each row of that level needs to be
    found.
    """
    near = rule.centroids @ query
    scale = np.maximum(rule.spread * np.sqrt(query @ rule.shape @ query), _LEAST_SPREAD)
    ranks = levels(len(scores))
    tops = np.partition(scores, [len(scores) - rank for rank in ranks])
    for rank in ranks:
        lowest = tops[len(scores) - rank]
        t = (lowest - near) / scale
        yield float(sizes @ tail(t)), t[list_of[np.flatnonzero(scores >= lowest)]]


def tail(t: Floats) -> Floats:
    """About the share of a normal distribution above ``t``, to .007, by an exponential fit, as the kernel has it."""
    beyond = 0.5 * np.exp(-(0.717 + 0.416 * np.abs(t)) * np.abs(t))
    share: Floats = np.where(t < 0, 1 - beyond, beyond).astype(np.float32)
    return share
