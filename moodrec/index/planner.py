"""Which way a search goes, and what it has to say about it.

Candidates come from the preset's structure, or from a scan of the rows that pass; either way they get their exact
scores from the stored vectors (:mod:`moodrec.index.scoring`). A scan is taken

- when the user asks for it, and when so few rows pass that it is the fastest,
- under a mood target or a cap per artist, which reorder all rows,
- under a filter that the structure would lose recall with,
- when a large part of the rows that pass is wanted,

and for any query for which the structure found fewer than k although more rows pass, or gave up because a scan takes
less than what is left to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from moodrec.config import IndexConfig
from moodrec.index.catalogue import Catalogue, Rows
from moodrec.index.engine import Engine
from moodrec.index.exact import exact_search
from moodrec.index.hits import Explanation, Hits, Ranked, as_hits
from moodrec.index.request import Request
from moodrec.index.runtime import threads_for
from moodrec.index.scoring import in_order, top_hits

_SCAN_SHARE: Final = 0.1
"""Share of the passing rows that may be wanted before a scan is the better way."""


@dataclass(frozen=True)
class _Found:
    ranked: list[Ranked]
    path: str
    reason: str
    scored: int


def run(catalogue: Catalogue, engine: Engine | None, config: IndexConfig, request: Request) -> Hits:
    """Search, and explain."""
    with threads_for(len(request.queries)):
        reason = "flat compares every row" if engine is None else why_scan(engine, config, request)
        if engine is None or reason is not None:
            scored = len(request.queries) * request.n_allowed
            found = _Found(exact_search(catalogue, request), "exact", reason or "", scored)
        else:
            found = _through(catalogue, engine, request)
    return as_hits(found.ranked, request.k, catalogue.ids_at, _explain(catalogue, request, found))


def why_scan(engine: Engine, config: IndexConfig, request: Request) -> str | None:
    """The reason to scan the passing rows, None where the engine should look for candidates."""
    if request.exact:
        return "asked for"
    if request.n_allowed <= config.exact_rows:
        return "few rows pass"
    if request.blend is not None:
        return "a mood target reorders all rows"
    if request.cap is not None:
        return "a cap per artist is met among all rows"
    if request.filtered and engine.passes_over != "any":
        return f"{engine.name} is for searches without a filter"
    if request.allowed is not None and engine.passes_over == "none":
        return f"{engine.name} cannot pass over removed rows"
    if request.depth > min(_SCAN_SHARE * request.n_allowed, engine.deepest):
        return "much of what passes is wanted"
    return None


def _through(catalogue: Catalogue, engine: Engine, request: Request) -> _Found:
    candidates = engine.find(request.queries, request.depth, request.allowed)
    ranked = []
    for query, rows in enumerate(candidates.rows):
        ranked.append(top_hits(request, query, in_order(catalogue, request, query, _allowed(request, rows))))
    short = [i for i, hits in enumerate(ranked) if len(hits) < request.k or not candidates.settled[i]]
    visited = candidates.visited
    if short:
        visited += len(short) * request.n_allowed
        for query, hits in zip(short, exact_search(catalogue, _only(request, short)), strict=True):
            ranked[query] = hits
    reason = f"{len(short)} queries then scanned" if short else "candidates, then exact scores"
    return _Found(ranked, engine.name, reason, visited)


def _allowed(request: Request, rows: Rows) -> Rows:
    """The candidates that meet the conditions: no structure's word is taken for that."""
    found = rows[rows >= 0]
    return found if request.allowed is None else found[request.allowed[found]]


def _only(request: Request, queries: list[int]) -> Request:
    return replace(request, queries=request.queries[queries], skipped=request.skipped[queries])


def _explain(catalogue: Catalogue, request: Request, found: _Found) -> Explanation:
    return Explanation(
        path=found.path,
        reason=found.reason,
        rows=catalogue.n_alive,
        passed=request.n_allowed,
        scored=found.scored,
        dropped=request.dropped,
        shortfall=_shortfall(catalogue, request, found.ranked),
    )


def _shortfall(catalogue: Catalogue, request: Request, ranked: list[Ranked]) -> str | None:
    fewest = min((len(hits) for hits in ranked), default=request.k)
    if fewest == request.k:
        return None
    reasons = [f"{request.n_allowed} tracks meet the conditions"]
    if excluded := _n_skipped(request):
        reasons.append(f"up to {excluded} of them are excluded (exclude, or the seed itself)")
    if request.cap is not None and fewest < request.n_allowed - excluded:
        reasons.append(f"max_per_artist={request.cap.limit} leaves {fewest}")
    return f"fewer than k={request.k}: " + ", ".join(reasons)


def _n_skipped(request: Request) -> int:
    """Rows that meet the conditions and are skipped, for the query with most of them."""
    rows = [np.unique(one[one >= 0]) for one in request.skipped]
    if request.allowed is not None:
        rows = [one[request.allowed[one]] for one in rows]
    return max(map(len, rows), default=0)
