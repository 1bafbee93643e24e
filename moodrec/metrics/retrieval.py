"""Retrieval metrics tell how good the first k items of a ranking are, for one query per row.

The functions take relevance ``(q, n)`` and scores ``(q, n)`` of ``n`` items for ``q`` queries, and optionally which
items each query may find: :func:`other_group` leaves out the seed's own artist, whose songs are near for reasons
that have nothing to do with mood. Equal scores are ranked by position.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.given import numbers_of
from moodrec.metrics.checks import classes_of, count_of, same_shape
from moodrec.typing import PairMask


def precision_at_k(
    relevance: ArrayLike, scores: ArrayLike, k: int, candidates: PairMask | None = None
) -> NDArray[np.float64]:
    """Compute the share of relevant items among the first ``k``.

    Args:
        relevance: ``(q, n)`` 0 or 1.
        scores: ``(q, n)``, higher is closer.
        k: at least 1; places beyond the last candidate count as not relevant.
        candidates: ``(q, n)`` bool, the items that may be found; None for all.

    Returns:
        ``(q,)`` in [0, 1].

    Raises:
        DataError: shapes differ, ``k`` is below 1, or a score is NaN.
    """
    k = count_of(k, "k")
    top = _top_relevance(relevance, scores, k, candidates)
    return np.asarray((top > 0).sum(axis=1) / k, dtype=np.float64)


def recall_at_k(
    relevance: ArrayLike, scores: ArrayLike, k: int, candidates: PairMask | None = None
) -> NDArray[np.float64]:
    """Compute the share of the relevant candidates that are among the first ``k``.

    Args:
        relevance: ``(q, n)`` 0 or 1.
        scores: ``(q, n)``, higher is closer.
        k: at least 1.
        candidates: ``(q, n)`` bool, the items that may be found; None for all.

    Returns:
        ``(q,)`` in [0, 1], NaN for a query with no relevant candidate.

    Raises:
        DataError: as :func:`precision_at_k`.
    """
    top = _top_relevance(relevance, scores, k, candidates)
    there = _masked(numbers_of(relevance, "relevance"), candidates, 0.0) > 0
    return _ratio((top > 0).sum(axis=1), there.sum(axis=1))


def ndcg_at_k(
    relevance: ArrayLike, scores: ArrayLike, k: int, candidates: PairMask | None = None
) -> NDArray[np.float64]:
    """Compute normalised discounted cumulative gain with linear gains and discount 1 / log2(1 + rank).

    Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, 2002.

    Args:
        relevance: ``(q, n)`` gains, not negative.
        scores: ``(q, n)``, higher is closer.
        k: at least 1.
        candidates: ``(q, n)`` bool, the items that may be found; None for all.

    Returns:
        ``(q,)`` in [0, 1], NaN for a query with no relevant candidate.

    Raises:
        DataError: a gain is negative, or as :func:`precision_at_k`.
    """
    gains, k = numbers_of(relevance, "relevance"), count_of(k, "k")
    if (gains < 0).any():
        raise DataError("gains must not be negative")
    top = _top_relevance(relevance, scores, k, candidates)
    ideal = -np.sort(-_masked(gains, candidates, 0.0), axis=1)[:, :k]
    return _ratio(_discounted(top), _discounted(ideal))


def overlap_at_k(found: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Compute the share of the true neighbours that an approximate search found.

    Args:
        found: ``(q, k)`` ids, -1 for none.
        truth: ``(q, k)`` ids from exact search, -1 for none.

    Returns:
        ``(q,)`` in [0, 1], NaN for a query without true neighbours.

    Raises:
        DataError: the arrays are not two-dimensional, or of different length.
    """
    rows, exact = classes_of(found, "found"), classes_of(truth, "truth")
    if not {rows.dtype.kind, exact.dtype.kind} <= set("biuf"):
        raise DataError(f"found and truth hold numbers of items, not {rows.dtype} and {exact.dtype} values")
    if rows.ndim != 2 or exact.ndim != 2 or len(rows) != len(exact):
        raise DataError(f"found {rows.shape} and truth {exact.shape} must be (q, k)")
    hits = [np.isin(right[right >= 0], mine).sum() for mine, right in zip(rows, exact, strict=True)]
    return _ratio(np.array(hits, dtype=np.int64), (exact >= 0).sum(axis=1))


def other_group(query_groups: Sequence[object], item_groups: Sequence[object]) -> PairMask:
    """Compute the mask of items whose group differs from the query's.

    Args:
        query_groups: ``(q,)`` group of each query.
        item_groups: ``(n,)`` group of each item.

    Returns:
        ``(q, n)`` bool, true where the groups differ.
    """
    names: dict[object, int] = {}
    queries, items = (
        np.array([names.setdefault(group, len(names)) for group in groups], dtype=np.int64)
        for groups in (query_groups, item_groups)
    )
    different: PairMask = queries[:, None] != items[None, :]
    return different


def _top_relevance(
    relevance: ArrayLike, scores: ArrayLike, k: int, candidates: PairMask | None
) -> NDArray[np.float64]:
    """Give the relevance of the first k candidates in rank order, 0 where there is none: ``(q, min(k, n))``."""
    gains, values = numbers_of(relevance, "relevance"), numbers_of(scores, "scores")
    if gains.ndim != 2:
        raise DataError(f"relevance must be (q, n), not {gains.shape}")
    same_shape(relevance=gains, scores=values)
    k = count_of(k, "k")
    if np.isnan(values).any():
        raise DataError("scores must not be NaN")
    order = np.argsort(-_masked(values, candidates, -np.inf), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(_masked(gains, candidates, 0.0), order, axis=1)


def _masked(values: NDArray[np.float64], candidates: PairMask | None, other: float) -> NDArray[np.float64]:
    if candidates is None:
        return values
    may = numbers_of(candidates, "candidates")
    same_shape(values=values, candidates=may)
    return np.where(may.astype(bool), values, other)


def _discounted(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gains @ (1 / np.log2(np.arange(2, gains.shape[1] + 2))), dtype=np.float64)


def _ratio(part: NDArray[np.generic], whole: NDArray[np.generic]) -> NDArray[np.float64]:
    wholes = whole.astype(np.float64)
    shares = np.full(wholes.shape, np.nan)
    np.divide(part, wholes, out=shares, where=wholes > 0)
    return shares
