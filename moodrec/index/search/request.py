"""What a search asks for, resolved to rows and arrays: the arguments of ``search`` are checked here and once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import UsageError
from moodrec.filters.column_types import TextColumn, fold
from moodrec.filters.columns import ColumnTable, as_condition, parts_of, select
from moodrec.filters.conditions import Condition
from moodrec.filters.selection import Range
from moodrec.filters.selection import Rows as NamedRows
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Part, Rows
from moodrec.index.rows.validation import Vectors, listed
from moodrec.index.search.blending import Blend, resolve_blend
from moodrec.index.search.passing import Passing, Term, Wanted
from moodrec.ranking import Cap
from moodrec.schema import ALBUM, ARTIST

_FEW: Final = 64
"""Up to this many excluded tracks are skipped among the candidates; more are a condition on the rows."""
_POOL_PER_HIT: Final = 10
_LEAST_POOL: Final = 100
_MOST_KNOWN: Final = 256
_PLAIN: Final = 100


@dataclass(slots=True, eq=False)
class Request:
    """One search over a catalogue."""

    queries: Vectors
    """(q, d) of unit length."""
    k: int
    passing: Passing
    """The rows of the base that meet every condition."""
    late: Passing | None
    """The rows of the tail that do; None where there is no tail."""
    skipped: Rows
    """(q, s) rows that a query must not return although they meet the conditions; -1 is none."""
    own: Rows
    """(q,) the row of each query itself, -1 where it is none: its copies are not distinct from it."""
    blend: Blend | None
    caps: tuple[Cap, ...]
    titles: NDArray[np.int64] | None
    """(n,) a number for each artist and title, -1 where one is unknown; given when hits shall be distinct."""
    diversity: float
    exact: bool

    @property
    def distinct(self) -> bool:
        """Whether copies of a better hit, or of the query itself, are left out."""
        return self.titles is not None

    @property
    def limits(self) -> list[tuple[NDArray[np.integer[Any]], int]]:
        """The keys of rows, and how many hits may share one."""
        limits: list[tuple[NDArray[np.integer[Any]], int]] = [(cap.keys, cap.limit) for cap in self.caps]
        return limits if self.titles is None else [*limits, (self.titles, 1)]

    @property
    def filtered(self) -> bool:
        """Whether there is any condition on the base; tombstones alone are none."""
        return bool(self.passing.terms)

    @property
    def count(self) -> int:
        """How many rows of base and tail meet every condition."""
        return self.passing.count + (self.late.count if self.late is not None else 0)

    def meets(self, row: int, n_base: int) -> bool:
        """Whether a row meets every condition; ``n_base`` is the number of rows in the base."""
        passing, own = (self.passing, row) if row < n_base or self.late is None else (self.late, row - n_base)
        return passing.mask is None or bool(passing.mask[own])

    @property
    def picky(self) -> bool:
        """Whether hits depend on other hits: caps, copies, diversity."""
        return bool(self.caps) or self.distinct or self.diversity > 0

    @property
    def is_plain(self) -> bool:
        """Whether it is one query for the few rows that score highest among those that pass, and no more is asked."""
        return (
            len(self.queries) == 1
            and self.k <= _PLAIN
            and not (self.skipped.shape[1] or self.caps or self.diversity or self.exact)
            and self.titles is None
        )

    @property
    def pool(self) -> int:
        """Of how many rows the k are chosen when they shall be diverse."""
        return max(_POOL_PER_HIT * self.k, _LEAST_POOL) if self.diversity else self.k

    @property
    def depth(self) -> int:
        """Candidates that a query needs so that k are likely to be left."""
        return (4 * self.pool if self.caps or self.distinct else self.pool) + int(self.skipped.shape[1])

    def part(self, queries: Sequence[int]) -> Request:
        """The same for some of the queries."""
        rows = list(queries)
        return replace(
            self,
            queries=np.ascontiguousarray(self.queries[rows]),
            skipped=self.skipped[rows],
            own=self.own[rows],
            blend=None if self.blend is None else self.blend.part(rows),
        )


class Conditions(TypedDict, total=False):
    """The arguments of ``search`` that say which tracks are wanted; see there."""

    where: str | Condition | None
    mood: Mapping[str, float | Sequence[float]] | None
    mood_weight: float | Sequence[float] | None
    exclude: Collection[str]
    exclude_artist: Collection[str]
    max_per_artist: int | None
    max_per_album: int | None
    distinct: bool
    diversity: float
    exact: bool


@dataclass(slots=True)
class Wish:
    """The arguments of a search, as the user gave them."""

    k: int = 10
    where: str | Condition | None = None
    mood: Mapping[str, float | Sequence[float]] | None = None
    mood_weight: float | Sequence[float] | None = None
    exclude: Collection[str] = ()
    exclude_artist: Collection[str] = ()
    max_per_artist: int | None = None
    max_per_album: int | None = None
    distinct: bool = False
    diversity: float = 0.0
    exact: bool = False


def resolve(wish: Wish, catalogue: Catalogue, queries: Vectors, own: Rows | None = None) -> Request:
    """Check a wish and find the rows it is about.

    Args:
        wish: what the user asks for.
        catalogue: the rows.
        queries: (q, d) of unit length.
        own: (q,) the row of each query itself, never returned for it.

    Raises:
        UsageError: arguments out of range, or that contradict each other.
        FilterError: a condition that cannot be read or names an unknown column.
    """
    if wish.k < 1:
        raise UsageError(f"k is {wish.k}; it must be 1 or more")
    if not 0 <= wish.diversity <= 1:
        raise UsageError(f"diversity is {wish.diversity}; it must lie in [0, 1]")
    blend = resolve_blend(wish.mood, wish.mood_weight, catalogue.moods, len(queries))
    skipped, excluded = _skipped(wish, catalogue, len(queries), own)
    parts = zip(catalogue.parts, catalogue.columns, strict=True)
    passing = [_passing(wish, part, columns, blend, excluded) for part, columns in parts]
    return Request(
        queries,
        wish.k,
        passing[0],
        passing[1] if len(passing) > 1 else None,
        skipped,
        _none(len(queries)) if own is None else own,
        blend,
        tuple(_caps(wish, catalogue)),
        catalogue.title_keys if wish.distinct else None,
        float(wish.diversity),
        wish.exact,
    )


@lru_cache(maxsize=16)
def _nothing_skipped(n_queries: int) -> tuple[Rows, Rows]:
    return np.empty((n_queries, 0), np.int64), np.empty(0, np.int64)


@lru_cache(maxsize=16)
def _none(n: int) -> Rows:
    """(n,) for each query no row."""
    return np.full(n, -1)


def names(given: Collection[str], what: str) -> list[str]:
    """A collection of names; one alone may be given as it is.

    Raises:
        UsageError: they are not text.
    """
    if not given:
        return []
    every = [given] if isinstance(given, str) else list(given)
    wrong = [name for name in every if not isinstance(name, str)]
    if wrong:
        raise UsageError(f"{what} takes text, not {listed(wrong)}")
    return every


def _passing(wish: Wish, part: Part, columns: ColumnTable, blend: Blend | None, excluded: Rows) -> Passing:
    """Find the rows of a part that meet every condition; a filter of a few numbers is remembered by its text."""
    others = [*_moods(blend, columns), *_exclusions(wish, part, columns, excluded)]
    rememberable = not others and (wish.where is None or _can_be_remembered(wish.where))
    if rememberable and (known := part.filters.get(wish.where)):  # type: ignore[arg-type]
        return Passing(known)
    wanted = Wanted(len(part), part.n_alive, part.living, (*_where(wish, columns), *others))
    if rememberable and wanted.is_small:
        if len(part.filters) >= _MOST_KNOWN:
            part.filters.clear()
        part.filters[wish.where] = wanted  # type: ignore[index]
    return Passing(wanted)


def _can_be_remembered(where: str | Condition) -> bool:
    """Whether a condition means the same rows of a part as long as the part lasts: percentiles do not, for they
    depend on the rows of all parts.
    """
    return isinstance(where, str) and "pct" not in where.casefold()


def _where(wish: Wish, columns: ColumnTable) -> list[Term]:
    if wish.where is None:
        return []
    parts = parts_of(as_condition(wish.where))
    return [Term(part, select(part, columns)) for part in parts]


def _moods(blend: Blend | None, columns: ColumnTable) -> list[Term]:
    """A track without a score for a mood that is asked for cannot be near the target."""
    wanted = blend.moods if blend else ()
    return [
        Term(f"mood target: no score for {mood}", Range(columns.numbers(mood), -np.inf, np.inf))
        for mood in wanted
        if not columns.complete(mood)
    ]


def _exclusions(wish: Wish, part: Part, columns: ColumnTable, rows: Rows) -> list[Term]:
    terms: list[Term] = []
    artists = names(wish.exclude_artist, "exclude_artist")
    if artists:
        column = _text(columns, ARTIST, "exclude_artist")
        others = column.not_folded_among({fold(artist) for artist in artists})
        terms.append(Term(f"exclude_artist {listed(artists)}", others))
    if len(rows):
        kept = np.ones(len(part), bool)
        kept[rows[(rows >= part.first) & (rows < part.first + len(part))] - part.first] = False
        terms.append(Term(f"exclude ({len(rows)} tracks)", NamedRows(kept, ~kept)))
    return terms


def _skipped(wish: Wish, catalogue: Catalogue, n_queries: int, own: Rows | None) -> tuple[Rows, Rows]:
    """(q, s) rows to skip among the candidates, and rows to leave out by a condition instead."""
    if own is None and not wish.exclude:
        return _nothing_skipped(n_queries)
    wanted = names(wish.exclude, "exclude")
    excluded = np.unique(catalogue.rows_of(wanted)) if wanted else np.empty(0, np.int64)
    few = excluded if len(excluded) <= _FEW else excluded[:0]
    columns = [np.broadcast_to(few, (n_queries, len(few)))] if len(few) else []
    if own is not None:
        columns.append(own[:, None])
    skipped = np.concatenate(columns, axis=1) if columns else np.empty((n_queries, 0), np.int64)
    return skipped, excluded[:0] if len(few) else excluded


def _caps(wish: Wish, catalogue: Catalogue) -> list[Cap]:
    caps, columns = [], catalogue.base.segment.columns
    if wish.max_per_artist is not None:
        _text(columns, ARTIST, "max_per_artist")
        caps.append(Cap("max_per_artist", catalogue.artist_keys, wish.max_per_artist))
    if wish.max_per_album is not None:
        _text(columns, ALBUM, "max_per_album")
        caps.append(Cap("max_per_album", catalogue.album_keys, wish.max_per_album))
    for cap in caps:
        if cap.limit < 1:
            raise UsageError(f"{cap.name} is {cap.limit}; it must be 1 or more")
    return caps


def _text(columns: ColumnTable, name: str, asked: str) -> TextColumn:
    column = columns.text(name)
    if column is None:
        raise UsageError(f"{asked} needs a column {name!r} of text in the track table")
    return column
