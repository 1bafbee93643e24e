"""The last step of every search: candidates get exact scores and an order, and k of them are chosen.

Exact scores are computed in float64 from the stored float32 vectors, one row at a time, and rounded to float32. So a
track has the same score by every backend, alone or in a batch. Rows of one score come in the order of arrival; which
of many such rows are candidates at all is up to the backend, unless the search is exact.
"""

from __future__ import annotations

import numpy as np

from moodrec.index.kernel import binding as kernel
from moodrec.index.kernel.provider import Target, as_query, provider
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Segment
from moodrec.index.search.hits import Ranked
from moodrec.index.search.request import Request
from moodrec.ranking import cap_per_key, pick
from moodrec.typing import BoolArray, Float32Array, FloatArray, RowNumbers


def exact_scores(catalogue: Catalogue, request: Request, query: int, rows: RowNumbers) -> Float32Array:
    """Compute the exact scores of rows.

    Args:
        catalogue: the rows of the index.
        request: the search.
        query: the number of the query in the request.
        rows: (m,) rows of the catalogue.

    Returns:
        (m,) float32 scores: cosines, or blends with a mood target.
    """
    if catalogue.tail is None:
        return _scores_in(catalogue.base.segment, request, query, rows)
    scores = np.empty(len(rows), np.float32)
    for part in catalogue.parts:
        here = (rows >= part.first) & (rows < part.first + len(part))
        if here.any():
            scores[here] = _scores_in(part.segment, request, query, rows[here] - part.first)
    return scores


def _scores_in(segment: Segment, request: Request, query: int, rows: RowNumbers) -> Float32Array:
    """Compute (m,) exact scores of a segment's rows for one query."""
    target = _target(segment, request, query)
    return provider().scores(segment.in_memory, request.queries[query], target, rows)


def _target(segment: Segment, request: Request, query: int) -> Target | None:
    """Return the mood target of one query over the rows of a segment, None where there is none."""
    if request.blend is None:
        return None
    columns = [segment.columns.numbers(mood) for mood in request.blend.moods]
    return Target(columns, request.blend.targets[query], float(request.blend.weights[query]))


def kernel_query(segment: Segment, request: Request, query: int) -> kernel.Query:
    """Describe a query to the kernel.

    Args:
        segment: the rows to be scored, whose mood columns the kernel reads.
        request: the search, which must outlive the result.
        query: the number of the query in the request.
    """
    return as_query(request.queries[query], _target(segment, request, query))


def vector_address(request: Request, query: int) -> int:
    """Return the memory address of a query's vector.

    Args:
        request: the search, which owns the memory.
        query: the number of the query in the request.
    """
    return kernel.address(request.queries) + request.queries.strides[0] * query


def in_order(catalogue: Catalogue, request: Request, query: int, rows: RowNumbers) -> Ranked:
    """Rank rows by their exact scores, best first.

    Args:
        catalogue: the rows of the index.
        request: the search.
        query: the number of the query in the request.
        rows: (m,) rows of the catalogue.
    """
    scores = exact_scores(catalogue, request, query, rows)
    order = np.lexsort((catalogue.places(rows), -scores))
    return Ranked(rows[order], scores[order])


def choose(catalogue: Catalogue, request: Request, query: int, ranked: Ranked) -> tuple[Ranked, bool]:
    """Choose the k hits of a query from its ranking: without skipped rows and copies, within the caps, and diverse.

    Args:
        catalogue: the rows of the index.
        request: the search.
        query: the number of the query in the request.
        ranked: the first rows of the query's ranking.

    Returns:
        The hits, and whether the choice is final: no row that ranks lower could change it.
    """
    if request.skipped.shape[1]:
        for row in request.skipped[query].tolist():
            kept = ranked.rows != row
            ranked = Ranked(ranked.rows[kept], ranked.scores[kept])
    if not request.has_dependent_hits:
        chosen = Ranked(ranked.rows[: request.k], ranked.scores[: request.k])
        return chosen, len(chosen) == request.k
    positions, certain = _picked(catalogue, request, query, ranked)
    return Ranked(ranked.rows[positions], ranked.scores[positions]), certain


def _picked(catalogue: Catalogue, request: Request, query: int, ranked: Ranked) -> tuple[RowNumbers, bool]:
    if len(request.caps) == 1 and not request.distinct and not request.diversity:
        cap = request.caps[0]
        positions = cap_per_key(np.arange(len(ranked)), cap.keys[ranked.rows], cap.limit, request.k)
        return positions, len(positions) == request.k
    if not request.diversity:
        positions = _pick(catalogue, request, query, ranked, len(ranked))
        return positions, len(positions) == request.k
    pool = request.pool
    while True:
        positions = _pick(catalogue, request, query, ranked, pool)
        if len(positions) == request.k or pool >= len(ranked):
            return positions, len(positions) == request.k and pool <= len(ranked)
        pool *= 4


def _pick(catalogue: Catalogue, request: Request, query: int, ranked: Ranked, pool: int) -> RowNumbers:
    rows = ranked.rows[:pool]
    vectors = catalogue.vectors_at(rows) if request.distinct or request.diversity else None
    limits = [(cap.keys[rows], cap.limit) for cap in request.caps]
    if not request.distinct or vectors is None:
        return pick(ranked.scores[:pool], request.k, limits, vectors, diversity=request.diversity)
    recordings, own = catalogue.recordings, int(request.query_rows[query])
    allowed = None
    if own >= 0:
        near = vectors @ catalogue.vectors_at(np.array([own]))[0]
        allowed = ~recordings.copies(own, rows, near)

    def copies(position: int, near: FloatArray) -> BoolArray:
        return recordings.copies(int(rows[position]), rows, near)

    return pick(ranked.scores[:pool], request.k, limits, vectors, copies, request.diversity, allowed)
