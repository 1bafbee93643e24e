"""The tail of a catalogue in a search: each of its rows is scored, and the best are merged with the backend's."""

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
    """The first rows of a query's ranking, as far down as the ranking is known."""

    ranked: Ranked
    """The rows, best first: no other row ranks between two of them."""
    complete: bool
    """Whether these are all rows that pass, so that no other row ranks below them either."""


def with_tail(
    catalogue: Catalogue, request: Request, query: int, base: RankedPrefix, depth: int
) -> RankedPrefix:
    """Merge the best rows of the tail with those that a backend found in the base.

    Args:
        catalogue: the rows, base and tail.
        request: the search.
        query: the number of the query in the request.
        base: the first rows of the base's ranking.
        depth: how many rows the search needs.

    Returns:
        The ranking of both parts, as far down as both rankings are known.
    """
    if catalogue.tail is None or request.tail_passing is None:
        return base
    rows = request.tail_passing.rows
    return _joined(catalogue, base, _best_of(catalogue, catalogue.tail, request, query, rows, depth))


def _best_of(
    catalogue: Catalogue, tail: Part, request: Request, query: int, rows: RowNumbers | None, depth: int
) -> RankedPrefix:
    """Rank ``rows`` of the tail (None: all) down to the best ``depth`` of them."""
    if rows is not None and not len(rows):
        return RankedPrefix(Ranked(np.empty(0, np.int64), np.empty(0, np.float32)), True)
    scores = scores_of(tail.segment, request, slice(query, query + 1), rows)[0]
    chosen = leading(scores, depth)
    ranked = in_order(catalogue, request, query, (chosen if rows is None else rows[chosen]) + tail.first)
    complete = len(chosen) == len(scores)
    return RankedPrefix(ranked if complete else Ranked(ranked.rows[:depth], ranked.scores[:depth]), complete)


def _joined(catalogue: Catalogue, first: RankedPrefix, second: RankedPrefix) -> RankedPrefix:
    """Merge two rankings, and cut the result where rows that one of them does not know could follow."""
    rows = np.concatenate([first.ranked.rows, second.ranked.rows])
    scores = np.concatenate([first.ranked.scores, second.ranked.scores])
    order = np.lexsort((catalogue.places(rows), -scores))
    position = np.empty(len(rows), np.int64)
    position[order] = np.arange(len(rows))
    known, n_first = len(rows), len(first.ranked)
    if not first.complete:  # below its last row, unknown rows of the base may rank
        known = min(known, int(position[n_first - 1]) + 1 if n_first else 0)
    if not second.complete:
        known = min(known, int(position[-1]) + 1 if len(second.ranked) else 0)
    kept = order[:known]
    return RankedPrefix(Ranked(rows[kept], scores[kept]), first.complete and second.complete)
