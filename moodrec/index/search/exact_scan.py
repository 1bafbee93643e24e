"""Exact search: every row that passes is scored in float32, and the best of them again in double precision.

The float32 scores are off by a known bound at most, so no row outside the candidates can be among the exact top k.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Segment
from moodrec.index.search.blending import Blend
from moodrec.index.search.hits import Ranked
from moodrec.index.search.products import products
from moodrec.index.search.request import Request
from moodrec.index.search.scoring import choose, in_order
from moodrec.typing import Float32Array, RowNumbers

ROUNDING: Final = 2e-6
"""A bound on how far float32 rounding can move a score."""
_SCORES_AT_ONCE: Final = 1 << 24
"""Scores that are held at a time, 64 MiB; larger batches of queries are cut into parts."""
_BLOCK: Final = 128
"""Scores of which :func:`_above` takes one maximum."""


def exact_search(catalogue: Catalogue, request: Request) -> list[Ranked]:
    """Find the k best of the rows that pass, for each query.

    Args:
        catalogue: the rows.
        request: the search.
    """
    rows = _passing_rows(catalogue, request)
    if (len(catalogue) if rows is None else len(rows)) == 0:
        return [Ranked(np.empty(0, np.int64), np.empty(0, np.float32))] * len(request.queries)
    found: list[Ranked] = []
    for scores in _approximate_scores(catalogue, request):
        found += [_best(catalogue, request, len(found) + i, one, rows) for i, one in enumerate(scores)]
    return found


def _passing_rows(catalogue: Catalogue, request: Request) -> RowNumbers | None:
    """Return the rows that pass, those of the base and then those of the tail; None: all rows do."""
    if request.tail_passing is None or catalogue.tail is None:
        return request.passing.rows
    base, tail = request.passing.rows, request.tail_passing.rows
    base = np.arange(len(catalogue.base)) if base is None else base
    return np.concatenate(
        [base, (np.arange(len(catalogue.tail)) if tail is None else tail) + catalogue.tail.first]
    )


def _approximate_scores(catalogue: Catalogue, request: Request) -> Iterator[Float32Array]:
    """Yield (queries, m) float32 scores of the m rows that pass, for some queries at a time."""
    passing = [request.passing, *([] if request.tail_passing is None else [request.tail_passing])]
    parts = [(part.segment, one.rows) for part, one in zip(catalogue.parts, passing, strict=True)]
    step = max(1, _SCORES_AT_ONCE // len(catalogue))
    for start in range(0, len(request.queries), step):
        queries = slice(start, start + step)
        scores = [scores_of(segment, request, queries, rows) for segment, rows in parts]
        yield scores[0] if len(scores) == 1 else np.concatenate(scores, axis=1)


def scores_of(segment: Segment, request: Request, queries: slice, rows: RowNumbers | None) -> Float32Array:
    """Score rows of a segment in float32.

    Args:
        segment: the segment in which the rows lie.
        request: the search.
        queries: which of its queries are scored.
        rows: (m,) rows of the segment; None: all.

    Returns:
        (queries, m) scores, off by no more than :data:`ROUNDING`.
    """
    vectors, chosen = segment.vectors, request.queries[queries]
    if not request.exact:
        scores = products(vectors, rows, chosen)
    else:
        scores = chosen @ (vectors if rows is None else vectors[rows]).T
    if request.blend is None:
        return scores
    moods = segment.mood_scores(request.blend.moods, rows)
    return _blended(request.blend, queries.start, scores, moods)


def _blended(blend: Blend, start: int, scores: Float32Array, moods: Float32Array) -> Float32Array:
    blended = (blend.score(start + i, cosine, moods) for i, cosine in enumerate(scores))
    return np.stack([one.astype(np.float32) for one in blended])


def _best(
    catalogue: Catalogue, request: Request, query: int, scores: Float32Array, rows: RowNumbers | None
) -> Ranked:
    """Choose the k best of one query, from more candidates where caps or copies drop too many of them."""
    depth = request.depth
    while True:
        candidates = leading(scores, depth)
        ranked = in_order(catalogue, request, query, candidates if rows is None else rows[candidates])
        # Candidates past the depth are there to settle ties, and not all rows of their score may be.
        certain = (
            ranked if len(candidates) == len(scores) else Ranked(ranked.rows[:depth], ranked.scores[:depth])
        )
        found, settled = choose(catalogue, request, query, certain)
        if settled or len(candidates) == len(scores):
            return found
        depth *= 4


def leading(scores: Float32Array, depth: int) -> RowNumbers:
    """Find the highest scores.

    Args:
        scores: (n,) scores, off by :data:`ROUNDING` at most.
        depth: how many of the exact scores are sought.

    Returns:
        Positions of the ``depth`` highest scores, and of all that rounding may have put below them.
    """
    if depth >= len(scores):
        return np.arange(len(scores))
    few = _above(scores, depth)
    kept = scores[few]
    last = np.partition(kept, len(few) - depth)[len(few) - depth]
    leading: RowNumbers = few[kept >= last - 2 * ROUNDING]
    return leading


def _above(scores: Float32Array, depth: int) -> RowNumbers:
    """Return positions that include the ``depth`` highest scores and all that rounding may have put below them.

    The highest scores of ``depth`` blocks bound the lowest score that is sought. Finding them takes one pass
    over the scores, where a partition of all scores takes many.
    """
    n_blocks = len(scores) // _BLOCK
    if n_blocks <= depth:
        return np.arange(len(scores))
    tops = scores[: n_blocks * _BLOCK].reshape(n_blocks, _BLOCK).max(axis=1)
    bound = np.partition(tops, n_blocks - depth)[n_blocks - depth]
    return np.flatnonzero(scores >= bound - 2 * ROUNDING)
