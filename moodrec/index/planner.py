"""The planner chooses how a search finds candidates, runs it, and explains it.

Candidates come from the preset's backend or from a scan of the rows that pass. Either way they get exact scores from
the stored vectors (:mod:`moodrec.index.search.scoring`), and k of them are chosen. Where the choice of a hit depends
on other hits (caps, distinct hits, diversity) and too few candidates are left, the search asks for more.

A scan is chosen

- when the user requests an exact search, and when a large share of the rows is needed (more than a hundred at least),
- when a filter seems to pass very few rows, or so few in a batch of queries that one mask and one matrix product are
  the fastest.

Backends that cannot apply filters or mood targets themselves (all but lists that the kernel searches) also leave it
to a scan

- when few rows pass, so that a scan is the fastest,
- under a mood target that they do not rank by, because it reorders all rows,
- under a filter that would cost them recall,

and for any query for which they found fewer than k although more rows pass, or which they gave up because a scan is
cheaper than the lists that are left to probe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.config import IndexConfig
from moodrec.index.backends.base import Backend, Candidates
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.runtime import threads_for
from moodrec.index.search.exact_scan import exact_search
from moodrec.index.search.hits import Drop, Explanation, Hits, Ranked, as_hits, shortfall_text
from moodrec.index.search.request import Request
from moodrec.index.search.scoring import choose, in_order
from moodrec.index.search.tail import RankedPrefix, with_tail
from moodrec.typing import RowNumbers

_SCAN_SHARE: Final = 0.1
"""A scan is chosen where a search needs more than this share of the rows as candidates."""
_BATCH: Final = 8
"""From this many queries on, a scan by matrix product is considered."""
_DEEPER: Final = 4
"""Each further round of a search takes so many times the candidates of the round before."""
_FEW_ROWS_PASS: Final = "few rows pass"
_FEW_ROWS_SCORED: Final = "few rows pass: all compared, then exact scores"
_CANDIDATES: Final = "candidates, then exact scores"


_NOTHING: Final = Ranked(np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(slots=True)
class _Found:
    """The hits of a search so far, and how they were found; the fields are those of :class:`Explanation`."""

    ranked: list[Ranked]
    path: str
    reason: str
    scanned: int
    scored: int

    def add_tail(self, request: Request, queries: int) -> None:
        """Count the rows of the tail, which are all scored for each query."""
        if request.tail_passing is not None:
            self.scanned += queries * request.tail_passing.condition.n
            self.scored += queries * request.tail_passing.count


def run(catalogue: Catalogue, backend: Backend, config: IndexConfig, request: Request) -> Hits:
    """Run one search on one version of an index.

    Args:
        catalogue: the rows.
        backend: what finds candidates among the rows of the catalogue's base.
        config: the settled preset.
        request: the search.

    Returns:
        The hits, whose explanation is worked out when it is read.
    """
    if request.is_plain and backend.lists_are_scanned:
        hits = _search_plain(catalogue, backend, request)
        if hits is not None:
            return hits
    reason = why_scan(catalogue, backend, config, request)
    found = (
        _search_backend(catalogue, backend, request) if reason is None else _scan(catalogue, request, reason)
    )
    return as_hits(
        found.ranked,
        request.k,
        catalogue.ids_at,
        lambda: _explain(catalogue, request, found),
        catalogue.rows_by_id,
    )


def _search_plain(catalogue: Catalogue, backend: Backend, request: Request) -> Hits | None:
    """Run a plain request on the shortest path, because on small catalogues Python takes longer than the kernel.

    Returns None where the backend found fewer than k hits although more rows may pass.
    """
    k = request.k
    candidates = backend.find(catalogue.base.segment, request, k)
    certain = _certain(catalogue, request, candidates, 0, k)
    ranked, complete = with_tail(catalogue, request, 0, certain, k)
    if not (complete or len(ranked.rows) >= k):
        return None
    best = [Ranked(ranked.rows[:k], ranked.scores[:k])]

    def account() -> Explanation:
        path, reason = _path_and_reason(backend, candidates)
        found = _Found(best, path, reason, candidates.scanned, candidates.scored)
        found.add_tail(request, 1)
        return _explain(catalogue, request, found)

    return as_hits(best, k, catalogue.ids_at, account, catalogue.rows_by_id)


def why_scan(catalogue: Catalogue, backend: Backend, config: IndexConfig, request: Request) -> str | None:
    """Decide between the backend and a scan.

    Args:
        catalogue: the rows.
        backend: what finds candidates among the rows of the catalogue's base.
        config: the settled preset.
        request: the search.

    Returns:
        The reason for a scan of the rows that pass; None where the backend shall find candidates.
    """
    if backend.always_scans:
        return f"{backend.name} compares every row"
    if request.exact:
        return "requested"
    if backend.lists_are_scanned:
        return _why_scan_anyway(catalogue, config, request)
    if request.passing.count <= config.exact_rows:
        return "few rows pass"
    if request.blend is not None and not backend.follows(request.blend):
        return "a mood target reorders all rows"
    if request.filtered and backend.passes_over != "any":
        return f"{backend.name} is for searches without a filter"
    if request.passing.mask is not None and backend.passes_over == "none":
        return f"{backend.name} cannot pass over removed rows"
    if request.depth > min(_SCAN_SHARE * request.passing.count, backend.deepest):
        return "a large share of the rows that pass is needed"
    return None


def _why_scan_anyway(catalogue: Catalogue, config: IndexConfig, request: Request) -> str | None:
    """Return the reason to scan although the backend applies filters itself; it does not count the rows that pass."""
    if request.depth > _SCAN_SHARE * catalogue.base.n_alive:
        return "a large share of all rows is needed"
    if len(request.queries) >= _BATCH and request.passing.is_below(config.exact_rows):
        return _FEW_ROWS_PASS
    return None


def _scan(catalogue: Catalogue, request: Request, reason: str) -> _Found:
    """Compare every row that passes."""
    n = len(request.queries)
    with threads_for(n):
        ranked = exact_search(catalogue, request)
    return _Found(ranked, "exact", reason, n * len(catalogue), n * request.count)


def _search_backend(catalogue: Catalogue, backend: Backend, request: Request) -> _Found:
    """Search by the backend in rounds of more and more candidates, and scan for the queries that are left."""
    found = _Found([_NOTHING] * len(request.queries), backend.name, _CANDIDATES, 0, 0)
    depth, left = request.depth, list(range(len(request.queries)))
    while left and depth <= min(backend.deepest, max(request.depth, _SCAN_SHARE * catalogue.base.n_alive)):
        unfinished = request.part(left) if len(left) < len(request.queries) else request
        left = _search_round(catalogue, backend, unfinished, depth, found, left)
        depth *= _DEEPER
        if not request.has_dependent_hits:
            break  # more candidates cannot help: the backend has found all that it can
    if left:
        scan = _scan(catalogue, request.part(left), "")
        for query, hits in zip(left, scan.ranked, strict=True):
            found.ranked[query] = hits
        found.reason = f"{len(left)} queries then scanned"
        found.scanned, found.scored = found.scanned + scan.scanned, found.scored + scan.scored
    return found


def _search_round(
    catalogue: Catalogue, backend: Backend, request: Request, depth: int, found: _Found, queries: list[int]
) -> list[int]:
    """Run one round of a search, and return the queries for which its candidates were too few."""
    candidates = backend.find(catalogue.base.segment, request, depth)
    found.scanned, found.scored = found.scanned + candidates.scanned, found.scored + candidates.scored
    found.add_tail(request, len(queries))
    found.path, found.reason = _path_and_reason(backend, candidates)
    left = []
    for i, query in enumerate(queries):
        certain = _certain(catalogue, request, candidates, i, depth)
        ranked, complete = with_tail(catalogue, request, i, certain, depth)
        found.ranked[query], filled = choose(catalogue, request, i, ranked)
        if not (complete or (filled and candidates.settled[i])):
            left.append(query)
    return left


def _path_and_reason(backend: Backend, found: Candidates) -> tuple[str, str]:
    """Return the path and the reason of an explanation."""
    if found.every:
        return ("exact", _FEW_ROWS_PASS) if found.exact else (backend.name, _FEW_ROWS_SCORED)
    return backend.name, _CANDIDATES


def _certain(
    catalogue: Catalogue, request: Request, candidates: Candidates, query: int, depth: int
) -> RankedPrefix:
    """Rank a query's candidates, cut where other rows of the base could rank between them."""
    complete = candidates.complete[query]
    if candidates.ranked is not None:
        ranked = candidates.ranked[query]
    else:
        ranked = in_order(catalogue, request, query, _passing(request, candidates.rows[query]))
    return RankedPrefix(ranked if complete else Ranked(ranked.rows[:depth], ranked.scores[:depth]), complete)


def _passing(request: Request, rows: RowNumbers) -> RowNumbers:
    """Return the candidates that meet the conditions; where there is a mask, it is checked whatever the
    backend did.
    """
    mask = request.passing.known_mask
    return rows if mask is None else rows[mask[rows]]


def _explain(catalogue: Catalogue, request: Request, found: _Found) -> Explanation:
    return Explanation(
        path=found.path,
        reason=found.reason,
        rows=catalogue.n_alive,
        passed=request.count,
        queries=len(request.queries),
        scanned=found.scanned,
        scored=found.scored,
        dropped=tuple(_dropped(request)),
        shortfall=_shortfall(catalogue, request, found.ranked),
    )


def _dropped(request: Request) -> Iterator[Drop]:
    """Count what each condition drops in base and tail together."""
    rows: dict[str, int] = {}
    for passing in (request.passing, request.tail_passing):
        for text, dropped in passing.dropped() if passing is not None else ():
            rows[text] = rows.get(text, 0) + dropped
    return (Drop(text, dropped) for text, dropped in rows.items())


def _shortfall(catalogue: Catalogue, request: Request, ranked: list[Ranked]) -> str | None:
    """Say why a query has fewer than k hits; None where every query has k."""
    fewest = min((len(hits) for hits in ranked), default=request.k)
    if fewest == request.k:
        return None
    limits = [f"{cap.name}={cap.limit}" for cap in request.caps] + ["distinct"] * request.distinct
    return shortfall_text(request.k, fewest, request.count, _n_skipped(request, len(catalogue.base)), limits)


def _n_skipped(request: Request, n_base: int) -> int:
    """Count the rows that meet the conditions and are skipped, for the query with most of them."""
    rows = (np.unique(one[one >= 0]).tolist() for one in request.skipped)
    return max((sum(request.meets(row, n_base) for row in one) for one in rows), default=0)
