"""The last step of every path: candidates get their exact scores, an order, and the caps.

Scores are computed in float64 from the float32 rows, one row at a time, and rounded to float32; rows of one score
keep their order in the index. So a track has the same score whatever found it, in a batch or alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moodrec.index.catalogue import Catalogue, Rows
from moodrec.index.hits import Ranked
from moodrec.index.request import Request
from moodrec.ranking import Floats, cap_per_key


def exact_scores(catalogue: Catalogue, request: Request, query: int, rows: Rows) -> NDArray[np.float32]:
    """(m,) scores of ``rows`` for one query."""
    vectors = catalogue.vectors[rows].astype(np.float64)
    # Not a matrix product: BLAS may round a row differently in another company of rows.
    scores: Floats = np.einsum("ij,j->i", vectors, request.queries[query].astype(np.float64))
    if request.blend is not None:
        moods = catalogue.mood_scores(request.blend.moods, rows).astype(np.float64)
        scores = request.blend.score(scores, moods)
    return scores.astype(np.float32)


def in_order(catalogue: Catalogue, request: Request, query: int, rows: Rows) -> Ranked:
    """``rows`` with their exact scores, best first."""
    scores = exact_scores(catalogue, request, query, rows)
    order = np.lexsort((rows, -scores))
    return Ranked(rows[order], scores[order])


def top_hits(request: Request, query: int, ranked: Ranked) -> Ranked:
    """The first k of ``ranked`` that are not to be skipped and keep within the cap."""
    wanted = np.arange(len(ranked))
    skipped = request.skipped[query]
    if len(skipped):
        wanted = wanted[~np.isin(ranked.rows, skipped)]
    if request.cap is not None:
        keys = request.cap.keys[ranked.rows]
        wanted = cap_per_key(wanted, keys, request.cap.limit, request.k)
    kept = wanted[: request.k]
    return Ranked(ranked.rows[kept], ranked.scores[kept])
