"""Exact search: every row that passes is scored, in float32, and the best of them anew in double precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from moodrec.index.rows.catalogue import Catalogue, Rows
from moodrec.index.search.blending import Blend
from moodrec.index.search.hits import Ranked
from moodrec.index.search.products import Scores, products
from moodrec.index.search.request import Request
from moodrec.index.search.scoring import choose, in_order

ROUNDING: Final = 2e-6
"""More than float32 can round a score by."""
_SCORES_AT_ONCE: Final = 1 << 24
_BLOCK: Final = 128


def exact_search(catalogue: Catalogue, request: Request) -> list[Ranked]:
    """The k best allowed rows of each query."""
    rows = request.passing.rows
    count = len(catalogue) if rows is None else len(rows)
    if count == 0:
        return [Ranked(np.empty(0, np.int64), np.empty(0, np.float32))] * len(request.queries)
    found: list[Ranked] = []
    for scores in _approximate_scores(catalogue, request, rows):
        found += [_best(catalogue, request, len(found) + i, one, rows) for i, one in enumerate(scores)]
    return found


def _approximate_scores(catalogue: Catalogue, request: Request, rows: Rows | None) -> Iterator[Scores]:
    """float32 scores of some queries at a time, (queries, allowed rows)."""
    moods = (
        catalogue.mood_scores(request.blend.moods, rows) if request.blend else np.empty((0, 0), np.float32)
    )
    step = max(1, _SCORES_AT_ONCE // len(catalogue))
    for start in range(0, len(request.queries), step):
        queries = request.queries[start : start + step]
        if not request.exact:
            scores = products(catalogue.vectors, rows, queries)
        else:
            scores = queries @ (catalogue.vectors if rows is None else catalogue.vectors[rows]).T
        yield scores if request.blend is None else _blended(request.blend, start, scores, moods)


def _blended(blend: Blend, start: int, scores: Scores, moods: Scores) -> Scores:
    blended = (blend.score(start + i, cosine, moods) for i, cosine in enumerate(scores))
    return np.stack([one.astype(np.float32) for one in blended])


def _best(catalogue: Catalogue, request: Request, query: int, scores: Scores, rows: Rows | None) -> Ranked:
    """The k best of one query; looks deeper where caps or copies take too many of the candidates."""
    depth = request.depth
    while True:
        candidates = _leading(scores, depth)
        ranked = in_order(catalogue, request, query, candidates if rows is None else rows[candidates])
        # Candidates past the depth are there to settle ties, and not all rows of their score may be.
        certain = (
            ranked if len(candidates) == len(scores) else Ranked(ranked.rows[:depth], ranked.scores[:depth])
        )
        found, settled = choose(catalogue, request, query, certain)
        if settled or len(candidates) == len(scores):
            return found
        depth *= 4


def _leading(scores: Scores, depth: int) -> Rows:
    """Positions of the ``depth`` highest scores, and of all that rounding may have put below them."""
    if depth >= len(scores):
        return np.arange(len(scores))
    few = _above(scores, depth)
    kept = scores[few]
    last = np.partition(kept, len(few) - depth)[len(few) - depth]
    leading: Rows = few[kept >= last - 2 * ROUNDING]
    return leading


def _above(scores: Scores, depth: int) -> Rows:
    """Positions among which the ``depth`` highest scores are, and whatever rounding may have put below them.

    The highest scores of ``depth`` blocks bound the lowest score that is wanted; finding them takes one pass over
    the scores, where sorting out the highest takes many.
    """
    n_blocks = len(scores) // _BLOCK
    if n_blocks <= depth:
        return np.arange(len(scores))
    tops = scores[: n_blocks * _BLOCK].reshape(n_blocks, _BLOCK).max(axis=1)
    bound = np.partition(tops, n_blocks - depth)[n_blocks - depth]
    return np.flatnonzero(scores >= bound - 2 * ROUNDING)
