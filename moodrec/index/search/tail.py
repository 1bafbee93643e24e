"""The tail of a catalogue in a search: each of its rows is scored, and the best join the backend's candidates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Part
from moodrec.index.search.exact_scan import leading, scores_of
from moodrec.index.search.hits import Ranked
from moodrec.index.search.request import Request
from moodrec.index.search.scoring import in_order
from moodrec.typing import RowNumbers


class RankedPrefix(NamedTuple):
    """The best rows of a query, as far as they are known."""

    ranked: Ranked
    """Best first; no row that is not among them ranks between two of them."""
    complete: bool
    """Whether these are all rows that pass."""


def with_tail(
    catalogue: Catalogue, request: Request, query: int, base: RankedPrefix, depth: int
) -> RankedPrefix:
    """Put the best rows of the tail among those that a backend found in the base.

    Args:
        catalogue: base and tail.
        request: the search.
        query: the number of the query.
        base: the best rows of the base.
        depth: how many rows are wanted.

    Returns:
        The best of both, as far down as both are known.
    """
    if catalogue.tail is None or request.tail_passing is None:
        return base
    rows = request.tail_passing.rows
    return _joined(catalogue, base, _best_of(catalogue, catalogue.tail, request, query, rows, depth))


def _best_of(
    catalogue: Catalogue, tail: Part, request: Request, query: int, rows: RowNumbers | None, depth: int
) -> RankedPrefix:
    """Rank those ``rows`` of the tail that pass (all, if None), down to ``depth`` of them."""
    if rows is not None and not len(rows):
        return RankedPrefix(Ranked(np.empty(0, np.int64), np.empty(0, np.float32)), True)
    scores = scores_of(tail.segment, request, slice(query, query + 1), rows)[0]
    chosen = leading(scores, depth)
    ranked = in_order(catalogue, request, query, (chosen if rows is None else rows[chosen]) + tail.first)
    complete = len(chosen) == len(scores)
    return RankedPrefix(ranked if complete else Ranked(ranked.rows[:depth], ranked.scores[:depth]), complete)


def _joined(catalogue: Catalogue, first: RankedPrefix, second: RankedPrefix) -> RankedPrefix:
    rows = np.concatenate([first.ranked.rows, second.ranked.rows])
    scores = np.concatenate([first.ranked.scores, second.ranked.scores])
    order = np.lexsort((catalogue.places(rows), -scores))
    position = np.empty(len(rows), np.int64)
    position[order] = np.arange(len(rows))
    known, n_first = len(rows), len(first.ranked)
    if not first.complete:  # below its last row, other rows of its kind may come
        known = min(known, int(position[n_first - 1]) + 1 if n_first else 0)
    if not second.complete:
        known = min(known, int(position[-1]) + 1 if len(second.ranked) else 0)
    kept = order[:known]
    return RankedPrefix(Ranked(rows[kept], scores[kept]), first.complete and second.complete)
