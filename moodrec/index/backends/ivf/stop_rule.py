"""When a search through inverted lists may stop.

A list holds rows scattered about its centroid. For a query q, a row's score is that of the centroid plus the query's
product with the row's offset from it; over the rows of list l such products have about the spread ::

    sigma_l * stretch(q),   sigma_l = sqrt(mean |offset|^2 / d),   stretch(q) = sqrt(q' W q / (trace W / d))

where W is the mean outer product of all offsets: a query along which rows scatter more has to look farther. Taking
the scores in a list as normal, one can say how many rows of each list may score higher than the k-th best score so
far.
The search stops when the lists that are left hold no more than a share of all the rows that may.

How large a share may stay behind depends on the rank that the k-th score has among all rows, for the lists' tails are
not normal, and at some depths less so than at others: k without a filter, k / s under a filter that lets a share s of
the nearby rows pass, or what the lists lead one to expect, if that is more. It is fitted when the index is built,
from the exact neighbours of sample queries at several ranks; :mod:`moodrec.index.backends.ivf.calibration` has the
last word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.search.products import products
from moodrec.typing import Float32Array, Float64Array, Vectors

SAMPLE: Final = 64
"""Sample queries."""
FIRST_LEVEL: Final = 10
LEVEL_STEP: Final = 2
"""Levels are 10, 20, 40, ... rows."""
_QUERIES_AT_ONCE: Final = 8
_ROWS_AT_ONCE: Final = 1 << 16
_LEAST_SPREAD: Final = 1e-6
_UNFITTED: Final = (np.zeros(0, np.float32),) * 4
_EDGE: Final = 0.8
"""Of a rank, where its last rows begin."""
_MARGIN: Final = 0.35
"""Of what the target recall lets go, calibration uses this share: other queries are never quite the sample."""

UNINFORMED: Final = ("left", "left_at_edge")
INFORMED: Final = ("left_where_known",)
TABLES: Final = (*UNINFORMED, *INFORMED)
"""Of the rule: how large a share may stay behind, by level."""
_FIELDS: Final = ("spread", "shape", *TABLES, "ranks")


@dataclass(frozen=True, eq=False)
class StopRule:
    """What the rule knows of an index."""

    centroids: Vectors
    """(nlist, d)"""
    spread: Float32Array
    """(nlist,) sigma of each list."""
    shape: Float32Array
    """(d, d) W, scaled to a mean of 1 on its diagonal."""
    left: Float32Array
    """(levels,) share of the rows expected above the k-th score that may stay behind, at ranks of 10, 20, 40, ...
    rows.
    """

    left_at_edge: Float32Array
    """(levels,) the same for the last fifth of such a rank: what a filter lets pass that opposes the query."""
    left_where_known: Float32Array
    """(levels,) the same where it is known which lists hold what a filter passes."""
    ranks: Float32Array
    """(levels,) how many rows the lists lead one to expect above such a rank, commonly."""

    @property
    def fitted(self) -> dict[str, Float32Array]:
        """All but the centroids."""
        return {name: getattr(self, name) for name in _FIELDS}

    @staticmethod
    def fields() -> set[str]:
        """Names of all but the centroids."""
        return set(_FIELDS)

    def probe_order(self, queries: Vectors, sizes: NDArray[np.int64], rank: int | None) -> ProbeOrder:
        """The order in which each query visits the lists, and what is expected of them; None is an unknown rank."""
        near = products(self.centroids, None, queries)
        order = np.argsort(-near, axis=1, kind="stable")
        scale = np.maximum(self._stretch(queries)[:, None] * self.spread, _LEAST_SPREAD)
        return ProbeOrder(
            order,
            np.take_along_axis(near, order, axis=1),
            np.take_along_axis(scale, order, axis=1),
            sizes[order],
            self._left_at(rank),
        )

    def _left_at(self, rank: int | None) -> float:
        """What may stay behind at the rank of the k-th score; the least of all where nobody knows it."""
        if rank is None:
            return float(min(self.left.min(), self.left_at_edge.min()))
        level = int(np.ceil(np.log2(max(rank / FIRST_LEVEL, 1))))
        return float(self.left[min(level, len(self.left) - 1)])

    def _stretch(self, queries: Vectors) -> Float32Array:
        stretch: Float32Array = np.sqrt(np.einsum("ij,jk,ik->i", queries, self.shape, queries))
        return stretch

    def expected(self, query: Float32Array, score: float, sizes: NDArray[np.int64]) -> Float64Array:
        """For each list, how many rows may score higher than a score."""
        scale = np.maximum(self.spread * self._stretch(query[None]), _LEAST_SPREAD)
        t = (score - self.centroids @ query) / scale
        return (sizes * normal_tail(t.astype(np.float32))).astype(np.float64)

    def with_rows(self, vectors: Vectors, list_of: NDArray[np.int64], sizes: NDArray[np.int64]) -> StopRule:
        """The rule when rows (m, d) have come into the lists ``list_of`` (m,), which may scatter more than those that
        the lists were learnt from; ``sizes`` (nlist,) count them already.
        """
        squares = np.square(vectors - self.centroids[list_of]).sum(axis=1)
        new = np.bincount(list_of, squares, minlength=len(sizes)) / vectors.shape[1]
        before = sizes - np.bincount(list_of, minlength=len(sizes))
        mean = (self.spread.astype(np.float64) ** 2 * before + new) / np.maximum(sizes, 1)
        return replace(self, spread=np.sqrt(mean).astype(np.float32))

    def scaled(self, factor: float, tables: Sequence[str] = TABLES, levels: slice = slice(None)) -> StopRule:
        """The rule with more or less that may stay behind: in some tables, at some levels."""
        changed = {name: getattr(self, name).copy() for name in tables}
        for table in changed.values():
            table[levels] = np.minimum(table[levels] * np.float32(factor), 1)
        return replace(self, **changed)


@dataclass(frozen=True, eq=False)
class ProbeOrder:
    """For each query, all lists in the order of their centroids; all arrays are (q, nlist)."""

    lists: NDArray[np.int64]
    centroid_scores: Float32Array
    scale: Float32Array
    """Spread of the scores in a list."""
    sizes: NDArray[np.int64]
    left: float
    """Share of the expected rows that may stay behind."""

    def needed(self, queries: NDArray[np.int64], kth_scores: Float32Array) -> NDArray[np.int64]:
        """How many lists some of the queries must visit in all, given their k-th best scores so far."""
        t = (kth_scores[:, None] - self.centroid_scores[queries]) / self.scale[queries]
        rows = self.sizes[queries] * normal_tail(t)
        beyond = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
        counts: NDArray[np.int64] = np.count_nonzero(beyond > self.left * beyond[:, :1], axis=1)
        return counts


def fit(vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> StopRule:
    """Fit the stop rule to a catalogue, as far as that goes without searching it.

    Where lists are visited in the order of the rows expected in them, a row is found if the rows expected in its
    list and beyond are a larger share of all than may stay behind. That share is what suffices for the target share
    of the r nearest rows.

    Args:
        vectors: (n, d) of unit length, one row at least.
        centroids: (nlist, d) of the lists.
        list_of: (n,) list of each row.
        config: the target recall, the seed of the sample.
    """
    squares, outer = _scatter(vectors, centroids, list_of)
    sizes = np.bincount(list_of, minlength=len(centroids))
    total = np.bincount(list_of, squares, minlength=len(centroids))
    spread = np.sqrt(total / np.maximum(sizes, 1) / vectors.shape[1])
    shape = outer / max(np.trace(outer) / len(outer), _LEAST_SPREAD**2)
    rule = StopRule(centroids, spread.astype(np.float32), shape.astype(np.float32), *_UNFITTED)
    samples: list[list[_Sample]] = [[] for _ in levels(len(vectors))]
    for query, scores in sample_scores(vectors, config.seed):
        found = _samples(rule, vectors[query], scores, list_of, sizes)
        for of_level, sample in zip(samples, found, strict=True):
            of_level.append(sample)
    miss = (1 - config.target_recall) * _MARGIN
    left = _least_near([_quantile([one.shares for one in level], miss) for level in samples])
    at_edge = _least_near([_quantile([one.at_edge for one in level], miss) for level in samples])
    ranks = np.maximum.accumulate([np.median([one.expected for one in level]) for level in samples])
    return replace(
        rule, left=left, left_at_edge=at_edge, left_where_known=left, ranks=ranks.astype(np.float32)
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """A query's neighbours at one level."""

    expected: float
    """Rows that the lists lead one to expect."""
    shares: Float32Array
    """For each neighbour, the share of the expected rows that is in its list or beyond."""
    at_edge: Float32Array
    """The same for the last of them."""


def _quantile(shares: Sequence[Float32Array], share: float) -> float:
    return float(np.quantile(np.concatenate(shares), share))


def _least_near(values: Sequence[float]) -> Float32Array:
    """(levels,) the least of each level and its neighbours: nobody knows a rank that well."""
    padded = np.pad(np.array(values, np.float32), 1, constant_values=np.inf)
    return np.minimum(padded[1:-1], np.minimum(padded[:-2], padded[2:]))


def levels(n: int) -> list[int]:
    """The levels that are calibrated for ``n`` rows: up to half of them, and one at least."""
    found = [min(FIRST_LEVEL, n)]
    while found[-1] * LEVEL_STEP <= n // 2:
        found.append(found[-1] * LEVEL_STEP)
    return found


def sample_scores(vectors: Vectors, seed: int, n: int = SAMPLE) -> Iterator[tuple[int, Float32Array]]:
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
) -> tuple[Float32Array, Float64Array]:
    """(n,) squared lengths of the offsets, and the (d, d) mean of their outer products."""
    squares = np.empty(len(vectors), np.float32)
    outer = np.zeros((vectors.shape[1],) * 2)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        offsets = vectors[part] - centroids[list_of[part]]
        squares[part] = np.einsum("ij,ij->i", offsets, offsets)
        outer += offsets.T @ offsets
    return squares, outer / len(vectors)


def _samples(
    rule: StopRule,
    query: Float32Array,
    scores: Float32Array,
    list_of: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> Iterator[_Sample]:
    """One for each level."""
    n, ranks = len(scores), levels(len(scores))
    edges = [max(1, int(_EDGE * rank)) for rank in ranks]
    tops = np.partition(scores, [n - rank for rank in (*ranks, *edges)])
    for rank, edge in zip(ranks, edges, strict=True):
        lowest = float(tops[n - rank])
        rows = rule.expected(query, lowest, sizes)
        order = np.argsort(-rows)
        beyond = np.empty(len(rows), np.float32)
        beyond[order] = np.cumsum(rows[order][::-1])[::-1] / max(rows.sum(), _LEAST_SPREAD)
        found = np.flatnonzero(scores >= lowest)
        shares = beyond[list_of[found]]
        yield _Sample(float(rows.sum()), shares, shares[scores[found] <= tops[n - edge]])


def normal_tail(t: Float32Array) -> Float32Array:
    """About the share of a normal distribution above ``t``, to .007, by an exponential fit, as the kernel has it."""
    beyond = 0.5 * np.exp(-(0.717 + 0.416 * np.abs(t)) * np.abs(t))
    share: Float32Array = np.where(t < 0, 1 - beyond, beyond).astype(np.float32)
    return share
