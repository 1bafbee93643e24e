"""The stop rule: when a search that probes inverted lists may stop.

The rows of a list are scattered about its centroid. For a query q, the score of a row is that of the centroid plus
the product of q with the row's offset from the centroid. Over the rows of list l these products have a spread of
about ::

    sigma_l * stretch(q),   sigma_l = sqrt(mean |offset|^2 / d),   stretch(q) = sqrt(q' W q / (trace W / d))

where W is the mean outer product of all offsets: along directions in which rows scatter more, a query must probe more
lists. If the scores in a list are taken as normal, with c_l the score of the centroid, n_l the number of rows and s_k
the k-th best score so far, then list l is expected to hold ::

    n_l * P(Z > (s_k - c_l) / (sigma_l * stretch(q)))

rows that score above s_k. The search stops when the lists that are not probed yet hold no more than a certain share
of all the rows that are expected above s_k.

How large that share may be depends on the rank that s_k has among all rows, because the lists' tails are not normal,
and at some depths less so than at others. The rank is k without a filter, k / s under a filter that passes a share s
of the nearby rows, or the number of rows expected above s_k if that is more. The shares are fitted when the index is
built, from the exact neighbours of sample queries at several ranks, and
:mod:`moodrec.index.backends.ivf.calibration` then lowers them until sample searches reach the target recall.
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
"""The number of sample queries."""
FIRST_LEVEL: Final = 10
LEVEL_STEP: Final = 2
"""The shares are fitted at ranks of 10, 20, 40, ... rows, which are called levels."""
_QUERIES_AT_ONCE: Final = 8
_ROWS_AT_ONCE: Final = 1 << 13
_LEAST_SPREAD: Final = 1e-6
"""Lists of equal rows have no spread; this one keeps quotients finite."""
_UNFITTED: Final = (np.zeros(0, np.float32),) * 4
_EDGE: Final = 0.8
"""The last rows of a level begin at this share of its rank."""
_MOST_SHARES: Final = 1 << 14
"""Shares of one query at one level that are kept: all of them would take gigabytes for ten million rows."""
_MARGIN: Final = 0.35
"""The fit may lose this share of what the target recall allows to miss, because other queries differ from the
sample.
"""

UNINFORMED: Final = ("left", "left_at_edge")
INFORMED: Final = ("left_where_known",)
TABLES: Final = (*UNINFORMED, *INFORMED)
"""The names of the tables that say, by level, what share of the expected rows may be left unprobed."""
_FIELDS: Final = ("spread", "shape", *TABLES, "ranks")


@dataclass(frozen=True, eq=False)
class StopRule:
    """The stop rule of one index: how rows scatter about centroids, and what share of them may be left unprobed."""

    centroids: Vectors
    """(nlist, d) The centroids of the lists."""
    spread: Float32Array
    """(nlist,) The spread sigma of each list."""
    shape: Float32Array
    """(d, d) The matrix W, scaled to a mean of 1 on its diagonal."""
    left: Float32Array
    """(levels,) The share of the rows expected above the k-th score that may be left unprobed, at each level."""
    left_at_edge: Float32Array
    """(levels,) The share for the last fifth of a level, which is what a filter passes that opposes the query."""
    left_where_known: Float32Array
    """(levels,) The share where it is known how much of each list a filter passes."""
    ranks: Float32Array
    """(levels,) The median number of rows expected above the score of a row at that rank."""

    @property
    def fitted(self) -> dict[str, Float32Array]:
        """The fields that are saved with the index: all but the centroids, which FAISS's file holds."""
        return {name: getattr(self, name) for name in _FIELDS}

    @staticmethod
    def fields() -> set[str]:
        """Return the names of the fields that are saved."""
        return set(_FIELDS)

    def probe_order(self, queries: Vectors, sizes: NDArray[np.int64], rank: int | None) -> ProbeOrder:
        """Order the lists for each query by their centroids, and prepare what the stop rule reads.

        Args:
            queries: (q, d) float32 queries of unit length.
            sizes: (nlist,) the number of rows in each list.
            rank: the rank of the k-th score among all rows; None: it is unknown, and the strictest share holds.
        """
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
        """Return the share that may be left unprobed at a rank; the least of all levels where the rank is unknown."""
        if rank is None:
            return float(min(self.left.min(), self.left_at_edge.min()))
        level = int(np.ceil(np.log2(max(rank / FIRST_LEVEL, 1))))
        return float(self.left[min(level, len(self.left) - 1)])

    def _stretch(self, queries: Vectors) -> Float32Array:
        """Return (q,) how much farther rows scatter along each query than in the mean direction."""
        stretch: Float32Array = np.sqrt(np.einsum("ij,jk,ik->i", queries, self.shape, queries))
        return stretch

    def expected(self, query: Float32Array, score: float, sizes: NDArray[np.int64]) -> Float64Array:
        """Estimate the number of rows of each list that score above a score.

        Args:
            query: (d,) a vector of unit length.
            score: the score.
            sizes: (nlist,) the number of rows in each list.

        Returns:
            (nlist,) expected numbers of rows.
        """
        scale = np.maximum(self.spread * self._stretch(query[None]), _LEAST_SPREAD)
        t = (score - self.centroids @ query) / scale
        return (sizes * normal_tail(t.astype(np.float32))).astype(np.float64)

    def with_rows(self, vectors: Vectors, list_of: NDArray[np.int64], sizes: NDArray[np.int64]) -> StopRule:
        """Return the rule of the index with new rows, which may scatter more than those that the lists were
        learnt from.

        Args:
            vectors: (m, d) the new rows, of unit length.
            list_of: (m,) the list of each new row.
            sizes: (nlist,) the number of rows in each list, new rows included.
        """
        squares = np.square(vectors - self.centroids[list_of]).sum(axis=1)
        new = np.bincount(list_of, squares, minlength=len(sizes)) / vectors.shape[1]
        before = sizes - np.bincount(list_of, minlength=len(sizes))
        mean = (self.spread.astype(np.float64) ** 2 * before + new) / np.maximum(sizes, 1)
        return replace(self, spread=np.sqrt(mean).astype(np.float32))

    def scaled(self, factor: float, tables: Sequence[str] = TABLES, levels: slice = slice(None)) -> StopRule:
        """Return the rule with other shares that may be left unprobed.

        Args:
            factor: what the shares are multiplied by; less than 1 makes searches probe more lists.
            tables: the names of the tables to change, of :data:`TABLES`.
            levels: the levels to change.
        """
        changed = {name: getattr(self, name).copy() for name in tables}
        for table in changed.values():
            table[levels] = np.minimum(table[levels] * np.float32(factor), 1)
        return replace(self, **changed)


@dataclass(frozen=True, eq=False)
class ProbeOrder:
    """For each query, all lists in the order in which it probes them. All arrays are (q, nlist)."""

    lists: NDArray[np.int64]
    """The lists, the one with the nearest centroid first."""
    centroid_scores: Float32Array
    """The inner product of the query with each centroid."""
    scale: Float32Array
    """The spread of the scores in each list."""
    sizes: NDArray[np.int64]
    """The number of rows in each list."""
    left: float
    """The share of the expected rows that may be left unprobed."""

    def needed(self, queries: NDArray[np.int64], kth_scores: Float32Array) -> NDArray[np.int64]:
        """Apply the stop rule to some of the queries.

        Args:
            queries: (a,) the numbers of the queries.
            kth_scores: (a,) the k-th best score that each has found so far.

        Returns:
            (a,) how many lists, counted from the first, each query must probe before it may stop.
        """
        t = (kth_scores[:, None] - self.centroid_scores[queries]) / self.scale[queries]
        rows = self.sizes[queries] * normal_tail(t)
        beyond = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
        counts: NDArray[np.int64] = np.count_nonzero(beyond > self.left * beyond[:, :1], axis=1)
        return counts


def fit(vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> StopRule:
    """Fit the stop rule to rows and their lists, as far as that goes without searching them.

    Were lists probed in the order of the rows that they are expected to hold, the search would reach a row unless the
    rows expected in its list and all later ones were a smaller share of the expected rows than may be left unprobed.
    So the fitted share of a level is the largest at which the target share of the r nearest rows is reached.

    Args:
        vectors: (n, d) float32 rows of unit length, at least one.
        centroids: (nlist, d) the centroids of the lists.
        list_of: (n,) the list of each row.
        config: the settled preset, with the target recall and the seed of the sample.
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
    """The neighbours of a sample query at one level."""

    expected: float
    """The number of rows that is expected above the score of the last neighbour."""
    shares: Float32Array
    """For each neighbour, the share of the expected rows that lie in its list or in later ones."""
    at_edge: Float32Array
    """The shares of the last neighbours of the level alone."""


def _quantile(shares: Sequence[Float32Array], share: float) -> float:
    return float(np.quantile(np.concatenate(shares), share))


def _least_near(values: Sequence[float]) -> Float32Array:
    """Return (levels,) the least of each level and the levels beside it, because a search knows its rank only
    roughly.
    """
    padded = np.pad(np.array(values, np.float32), 1, constant_values=np.inf)
    return np.minimum(padded[1:-1], np.minimum(padded[:-2], padded[2:]))


def levels(n: int) -> list[int]:
    """Return the ranks at which the rule is fitted for ``n`` rows: up to half of the rows, and at least one rank."""
    found = [min(FIRST_LEVEL, n)]
    while found[-1] * LEVEL_STEP <= n // 2:
        found.append(found[-1] * LEVEL_STEP)
    return found


def sample_scores(vectors: Vectors, seed: int, n: int = SAMPLE) -> Iterator[tuple[int, Float32Array]]:
    """Draw rows as sample queries.

    Args:
        vectors: (n, d) float32 rows of unit length.
        seed: the seed of the draw.
        n: how many rows are drawn, at most.

    Yields:
        The row, and its (n,) scores with all rows, which are overwritten after it; the score with itself is set to
        -1, the lowest there can be.
    """
    rng = np.random.default_rng(seed)
    sample = rng.choice(len(vectors), min(n, len(vectors)), replace=False)
    room = np.empty((min(_QUERIES_AT_ONCE, len(sample)), len(vectors)), np.float32)
    for start in range(0, len(sample), _QUERIES_AT_ONCE):
        rows = sample[start : start + _QUERIES_AT_ONCE]
        scores = np.matmul(vectors[rows], vectors.T, out=room[: len(rows)])
        scores[np.arange(len(rows)), rows] = -1
        yield from zip(rows.tolist(), scores, strict=True)


def _scatter(
    vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64]
) -> tuple[Float32Array, Float64Array]:
    """Return (n,) squared lengths of the rows' offsets from their centroids, and the (d, d) mean outer product."""
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
    """Yield the neighbours of a sample query at each level."""
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
        last = found[scores[found] <= tops[n - edge]]
        yield _Sample(float(rows.sum()), beyond[list_of[_some(found)]], beyond[list_of[_some(last)]])


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows in equal steps where they are many: the quantiles of so many stand for those of all."""
    if len(rows) <= _MOST_SHARES:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MOST_SHARES).round().astype(np.int64)]


def normal_tail(t: Float32Array) -> Float32Array:
    """Approximate the share of a normal distribution above ``t`` to 0.007, by the exponential fit that the
    kernel uses.
    """
    beyond = 0.5 * np.exp(-(0.717 + 0.416 * np.abs(t)) * np.abs(t))
    share: Float32Array = np.where(t < 0, 1 - beyond, beyond).astype(np.float32)
    return share
