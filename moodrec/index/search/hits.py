"""The result of a search: hits, and the explanation of how they were found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.arguments import texts
from moodrec.errors import UsageError
from moodrec.index.kernel import binding
from moodrec.index.rows.frames import to_pandas
from moodrec.schema import TRACK_ID
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd

QUERY: Final = "query"
RANK: Final = "rank"
SCORE: Final = "score"
RowsOf = Callable[[Sequence[str], Sequence[str]], pa.Table]
"""Returns chosen columns of the track table for some ids."""
_SHOWN_QUERIES: Final = 5
_SHOWN_HITS: Final = 3
"""How much ``repr`` writes out."""


@dataclass(frozen=True)
class Drop:
    """A condition, and how many rows it drops by itself."""

    condition: str
    """The text of the condition."""
    rows: int
    """The number of rows that do not meet it."""


@dataclass(frozen=True)
class Explanation:
    """How a search found its hits. ``str()`` of it is for people, :meth:`as_dict` for programs."""

    path: str
    """What found the candidates: ``exact``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``."""
    reason: str
    """Why the search took that path."""
    rows: int
    """The number of tracks in the index."""
    passed: int
    """The number of these tracks that meet every condition."""
    queries: int
    """The number of queries; the next two numbers are sums over all of them."""
    scanned: int
    """Rows that were tested against the conditions, such as the rows of the lists that were probed."""
    scored: int
    """Rows that were compared with a query, some of them by their sketches alone."""
    dropped: tuple[Drop, ...] = ()
    """The conditions, each with the number of rows that it drops."""
    shortfall: str | None = None
    """Why a query has fewer than k hits; None where every query has k."""
    kernel: str | None = field(default_factory=binding.path)
    """The set of instructions that the search kernel runs on, such as ``avx2``; None where it was not built
    or is off.
    """

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return {**asdict(self), "dropped": [asdict(drop) for drop in self.dropped]}

    def __str__(self) -> str:
        lines = [f"{self.passed} of {self.rows} tracks pass; path: {self.path} ({self.reason})"]
        lines += [f"  {drop.condition} drops {drop.rows}" for drop in self.dropped]
        together = f" for {self.queries} queries together" if self.queries > 1 else ""
        by = f" by the kernel's path {self.kernel}" if self.kernel else ""
        lines.append(f"{self.scanned} rows scanned, {self.scored} compared{together}{by}")
        return "\n".join([*lines, self.shortfall] if self.shortfall else lines)


def shortfall_text(k: int, fewest: int, passed: int, excluded: int, limits: Sequence[str]) -> str:
    """Say why a query has fewer than k hits.

    Args:
        k: the hits that were asked for.
        fewest: the hits that the query has.
        passed: the tracks that meet the conditions.
        excluded: those of them that are excluded.
        limits: the limits by which some hits bar others, such as ``max_per_artist=1``.
    """
    reasons = [f"{passed} tracks meet the conditions"]
    if excluded:
        reasons.append(f"up to {excluded} of them are excluded (exclude, or the seed itself)")
    if limits and fewest < passed - excluded:
        reasons.append(f"{' and '.join(limits)} leaves {fewest}")
    return f"fewer than k={k}: " + ", ".join(reasons)


class Hit(NamedTuple):
    """A track that was found."""

    track_id: str
    score: float


@dataclass(frozen=True, eq=False)
class QueryHits(Sequence[Hit]):
    """The nearest tracks of one query, best first: a sequence of :class:`Hit`."""

    track_ids: list[str]
    """(n,) The track ids."""
    scores: Float32Array
    """(n,) The scores, higher is closer."""

    def __len__(self) -> int:
        return len(self.track_ids)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> QueryHits: ...
    def __getitem__(self, place: int | slice) -> Hit | QueryHits:
        if isinstance(place, slice):
            return QueryHits(self.track_ids[place], self.scores[place])
        return Hit(self.track_ids[place], float(self.scores[place]))

    def __repr__(self) -> str:
        return f"QueryHits({_in_short(self)})"


@dataclass(eq=False, repr=False)
class Hits(Sequence[QueryHits]):
    """The nearest tracks of each query, best first: a sequence of the :class:`QueryHits` of each.

    Examples:
        >>> from moodrec import MoodIndex
        >>> index = MoodIndex.open("indexes/open-game-music")
        >>> hits = index.similar_to(index.track_ids[:2], k=3)
        >>> [len(found) for found in hits], hits[1][0].track_id == hits.track_ids[1, 0]
        ([3, 3], True)
        >>> hits.to_arrow(columns=["title"]).column_names
        ['query', 'rank', 'track_id', 'score', 'title']
    """

    track_ids: NDArray[np.object_]
    """(q, k) Track ids; None beyond the last hit."""
    scores: Float32Array
    """(q, k) Scores, higher is closer; NaN beyond the last hit."""
    counts: NDArray[np.int64]
    """(q,) The number of hits of each query."""
    _account: Callable[[], Explanation] = field(repr=False)
    _rows: RowsOf | None = field(default=None, repr=False)
    """Looks up columns of the track table, of the version that was searched."""
    first: int = 0
    """The number of better hits that were left out: the first hit has the rank after that."""

    @cached_property
    def explanation(self) -> Explanation:
        """How the hits were found. It is worked out when it is first read, because counting what each condition drops
        takes longer than the search.
        """
        return self._account()

    def explain(self) -> str:
        """Return a text that says how the hits were found, and why there are fewer than k if so."""
        return str(self.explanation)

    def to_arrow(self, columns: Collection[str] | None = None) -> pa.Table:
        """Return one row a hit: ``query`` (its number, from 0), ``rank`` (from 1), ``track_id``, ``score``.

        Args:
            columns: columns of the track table to add, by name.

        Raises:
            UsageError: there is no such column.
        """
        filled = np.arange(self.track_ids.shape[1]) < self.counts[:, None]
        queries, ranks = np.nonzero(filled)
        ids = self.track_ids[filled]
        table = pa.table(
            {
                QUERY: pa.array(queries.astype(np.int32)),
                RANK: pa.array((ranks + 1 + self.first).astype(np.int32)),
                TRACK_ID: pa.array(ids, pa.string()),
                SCORE: pa.array(self.scores[filled]),
            }
        )
        wanted = list(texts(columns, "columns"))
        if not wanted:
            return table
        if self._rows is None:
            raise UsageError("these hits know their ids and scores alone; take the columns from the index")
        others = self._rows(ids.tolist(), [name for name in wanted if name not in table.column_names])
        for name in others.column_names:
            table = table.append_column(name, others[name])
        return table

    def to_pandas(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return :meth:`to_arrow` as a pandas frame.

        Args:
            columns: columns of the track table to add, by name.

        Raises:
            UsageError: there is no such column.
        """
        return to_pandas(self.to_arrow(columns))

    def after(self, n: int, k: int) -> Hits:
        """Return the k hits of each query that follow its n best.

        Args:
            n: hits to leave out, 0 or more.
            k: hits to return, where there are as many.
        """
        ids = np.full((len(self), k), None, object)
        scores = np.full((len(self), k), np.nan, np.float32)
        width = min(k, max(self.track_ids.shape[1] - n, 0))
        ids[:, :width], scores[:, :width] = self.track_ids[:, n : n + width], self.scores[:, n : n + width]
        counts = np.clip(self.counts - n, 0, k)
        return Hits(ids, scores, counts, lambda: self.explanation, self._rows, self.first + n)

    def __len__(self) -> int:
        return len(self.counts)

    @overload
    def __getitem__(self, place: int) -> QueryHits: ...
    @overload
    def __getitem__(self, place: slice) -> Hits: ...
    def __getitem__(self, place: int | slice) -> QueryHits | Hits:
        if isinstance(place, slice):
            ids, scores, counts = self.track_ids[place], self.scores[place], self.counts[place]
            return Hits(ids, scores, counts, lambda: self.explanation, self._rows, self.first)
        count = self.counts[place]
        return QueryHits(self.track_ids[place, :count].tolist(), self.scores[place, :count])

    def __repr__(self) -> str:
        k = self.track_ids.shape[1]
        head = f"Hits of {len(self):,} quer{'y' if len(self) == 1 else 'ies'}, up to {k:,} each"
        lines = [f"  {query}: {_in_short(self[query])}" for query in range(min(len(self), _SHOWN_QUERIES))]
        more = [f"  ... {len(self) - _SHOWN_QUERIES:,} more"] if len(self) > _SHOWN_QUERIES else []
        return "\n".join([head, *lines, *more])


def _in_short(found: QueryHits) -> str:
    shown = ", ".join(f"{hit.track_id} {hit.score:.3f}" for hit in found[:_SHOWN_HITS])
    return f"{shown}, ... {len(found)} in all" if len(found) > _SHOWN_HITS else shown or "no hits"


def stacked(parts: Sequence[Hits], order: NDArray[np.int64] | None = None) -> Hits:
    """Join the hits of several searches of one k below each other.

    Args:
        parts: hits of k columns each.
        order: (q,) for each query of the result, its place in the parts one after the other; None keeps that order.

    Returns:
        All hits; the explanation is that of the last search, with the rows of all.

    Raises:
        UsageError: there are no parts.
    """
    if not parts:
        raise UsageError("a batch needs at least one query")
    rows = slice(None) if order is None else order
    return Hits(
        np.concatenate([part.track_ids for part in parts])[rows],
        np.concatenate([part.scores for part in parts])[rows],
        np.concatenate([part.counts for part in parts])[rows],
        lambda: _together(parts),
        parts[0]._rows,
        parts[0].first,
    )


def _together(parts: Sequence[Hits]) -> Explanation:
    fewest = min(parts, key=lambda part: int(part.counts.min(initial=0)))
    every = [part.explanation for part in parts]
    return replace(
        every[-1],
        queries=sum(one.queries for one in every),
        scanned=sum(one.scanned for one in every),
        scored=sum(one.scored for one in every),
        shortfall=fewest.explanation.shortfall,
    )


@dataclass(slots=True, eq=False)
class Ranked:
    """Rows of the index for one query and their scores, best first."""

    rows: NDArray[np.int64]
    scores: Float32Array

    def __len__(self) -> int:
        return len(self.rows)


def as_hits(
    ranked: Sequence[Ranked],
    k: int,
    ids_at: Callable[[NDArray[np.int64]], NDArray[np.object_]],
    account: Callable[[], Explanation],
    rows_of: RowsOf | None = None,
) -> Hits:
    """Pad the hits of each query to k.

    Args:
        ranked: the at most k hits of each of q queries.
        k: hits a query.
        ids_at: returns the track ids of (m,) rows.
        account: makes the explanation when it is read.
        rows_of: looks up columns of the track table.
    """
    if len(ranked) == 1 and len(ranked[0]) == k:
        ids, scores = ids_at(ranked[0].rows), ranked[0].scores
        return Hits(ids[None], scores[None], np.array([k]), account, rows_of)
    track_ids = np.empty((len(ranked), k), object)
    scores = np.empty((len(ranked), k), np.float32)
    counts = [len(found.rows) for found in ranked]
    for query, (found, count) in enumerate(zip(ranked, counts, strict=True)):
        track_ids[query, :count] = ids_at(found.rows)
        scores[query, :count] = found.scores
        scores[query, count:] = np.nan
    return Hits(track_ids, scores, np.array(counts, np.int64), account, rows_of)
