"""Exact search: every allowed row is scored with NumPy. The truth that the other paths are measured by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.catalogue import Catalogue, Rows
from moodrec.index.hits import Ranked
from moodrec.index.request import Request
from moodrec.index.scoring import in_order, top_hits

ROUNDING: Final = 2e-6
"""More than float32 can round a score by."""
_SCORES_AT_ONCE: Final = 1 << 24
_GATHER_BELOW: Final = 0.25
"""Share of the rows up to which copying them out is cheaper than scoring all."""


def exact_search(catalogue: Catalogue, request: Request) -> list[Ranked]:
    """The k best allowed rows of each query."""
    rows = request.rows
    count = len(catalogue) if rows is None else len(rows)
    if count == 0:
        return [Ranked(np.empty(0, np.int64), np.empty(0, np.float32))] * len(request.queries)
    found: list[Ranked] = []
    for scores in _approximate_scores(catalogue, request, rows):
        found += [_best(catalogue, request, len(found) + i, one, rows) for i, one in enumerate(scores)]
    return found


def _approximate_scores(
    catalogue: Catalogue, request: Request, rows: Rows | None
) -> Iterator[NDArray[np.float32]]:
    """float32 scores of some queries at a time, (queries, allowed rows)."""
    gather = rows is not None and len(rows) < _GATHER_BELOW * len(catalogue)
    vectors = catalogue.vectors[rows] if gather else catalogue.vectors
    step = max(1, _SCORES_AT_ONCE // len(vectors))
    moods = catalogue.mood_scores(request.blend.moods, rows) if request.blend else None
    for start in range(0, len(request.queries), step):
        scores = request.queries[start : start + step] @ vectors.T
        if rows is not None and not gather:
            scores = scores[:, rows]
        yield scores if request.blend is None or moods is None else request.blend.score(scores, moods)


def _best(
    catalogue: Catalogue, request: Request, query: int, scores: NDArray[np.float32], rows: Rows | None
) -> Ranked:
    """The k best of one query; looks deeper where a cap takes too many of the candidates."""
    depth = request.depth
    while True:
        candidates = _leading(scores, depth)
        ranked = in_order(catalogue, request, query, candidates if rows is None else rows[candidates])
        # Candidates past the depth are there to settle ties, and not all rows of their score may be.
        certain = (
            ranked if len(candidates) == len(scores) else Ranked(ranked.rows[:depth], ranked.scores[:depth])
        )
        found = top_hits(request, query, certain)
        if len(found) == request.k or len(candidates) == len(scores):
            return found
        depth *= 4


def _leading(scores: NDArray[np.float32], depth: int) -> Rows:
    """Positions of the ``depth`` highest scores, and of all that rounding may have put below them."""
    if depth >= len(scores):
        return np.arange(len(scores))
    last = np.partition(scores, len(scores) - depth)[len(scores) - depth]
    return np.flatnonzero(scores >= last - 2 * ROUNDING)
