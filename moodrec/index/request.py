"""What a search asks for, resolved to rows and arrays: the arguments of ``search`` are checked here and once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from moodrec.config import RankingConfig
from moodrec.errors import UsageError
from moodrec.filters.column_types import TextColumn, fold
from moodrec.filters.columns import select_rows
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint
from moodrec.filters.parse import parse
from moodrec.index.catalogue import Catalogue, Rows
from moodrec.index.checks import Vectors, listed
from moodrec.index.hits import Drop
from moodrec.ranking import Floats, blend, mood_affinity
from moodrec.schema import ARTIST

_FEW: Final = 64
"""Up to this many excluded tracks are skipped among the candidates; more are a condition on the rows."""


@dataclass(frozen=True, eq=False)
class Blend:
    """A mood target and its weight."""

    moods: tuple[str, ...]
    targets: NDArray[np.float32]
    weight: float

    def score(self, cosine: Floats, mood_scores: Floats) -> Floats:
        """(..., n) blended scores of (..., n) cosines and (n, J) mood scores."""
        return blend(cosine, mood_affinity(mood_scores, self.targets), self.weight)


@dataclass(frozen=True, eq=False)
class Cap:
    """At most ``limit`` hits a key."""

    keys: NDArray[np.int32]
    limit: int


@dataclass(frozen=True, eq=False)
class Request:
    """One search over a catalogue."""

    queries: Vectors
    """(q, d) of unit length."""
    k: int
    allowed: NDArray[np.bool_] | None
    """(n,) rows that meet every condition; None: all do."""
    n_allowed: int
    filtered: bool
    """Whether there is any condition; tombstones alone are none."""
    skipped: Rows
    """(q, s) rows that a query must not return although they meet the conditions; -1 is none."""
    blend: Blend | None
    cap: Cap | None
    exact: bool
    dropped: tuple[Drop, ...] = field(default=())

    @property
    def depth(self) -> int:
        """Candidates that a query needs so that k are left without the skipped."""
        return self.k + int(self.skipped.shape[1])

    @property
    def rows(self) -> Rows | None:
        """The allowed rows, None for all."""
        return None if self.allowed is None else np.flatnonzero(self.allowed)


class Conditions(TypedDict, total=False):
    """The arguments of ``search`` that say which tracks are wanted; see there."""

    where: str | Condition | None
    mood: Mapping[str, float] | None
    mood_weight: float | None
    exclude: Collection[str]
    exclude_artist: Collection[str]
    max_per_artist: int | None
    exact: bool


@dataclass(frozen=True)
class Wish:
    """The arguments of a search, as the user gave them."""

    k: int = 10
    where: str | Condition | None = None
    mood: Mapping[str, float] | None = None
    mood_weight: float | None = None
    exclude: Collection[str] = ()
    exclude_artist: Collection[str] = ()
    max_per_artist: int | None = None
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
    blended = _blend(wish, catalogue)
    skipped, excluded = _skipped(wish, catalogue, len(queries), own)
    conditions = _Conditions(catalogue)
    conditions.filter_by(wish.where)
    conditions.require_moods(blended)
    conditions.without_artists(names(wish.exclude_artist, "exclude_artist"))
    conditions.without_rows(excluded)
    return Request(
        queries,
        wish.k,
        conditions.mask,
        catalogue.n_alive if conditions.mask is None else int(np.count_nonzero(conditions.mask)),
        conditions.given,
        skipped,
        blended,
        _cap(wish, catalogue),
        wish.exact,
        tuple(conditions.dropped),
    )


def names(given: Collection[str], what: str) -> list[str]:
    """A collection of names; one alone may be given as it is.

    Raises:
        UsageError: they are not text.
    """
    every = [given] if isinstance(given, str) else list(given)
    wrong = [name for name in every if not isinstance(name, str)]
    if wrong:
        raise UsageError(f"{what} takes text, not {listed(wrong)}")
    return every


class _Conditions:
    """The mask of rows that meet the conditions so far, None while all do, and what each drops."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.mask: NDArray[np.bool_] | None = None
        self.dropped: list[Drop] = []
        self.given = False
        if catalogue.n_alive < len(catalogue):
            self.mask = catalogue.alive

    def _drop(self, condition: str, mask: NDArray[np.bool_]) -> None:
        """Note how many tracks a condition drops that meets ``mask``, and keep the others."""
        lost = int(np.count_nonzero(self._catalogue.alive & ~mask))
        if lost:
            self.dropped.append(Drop(condition, lost))
        self.given = True
        self.mask = mask if self.mask is None else self.mask & mask

    def filter_by(self, where: str | Condition | None) -> None:
        if where is None:
            return
        condition = parse(where) if isinstance(where, str) else where
        for part, mask in select_rows(condition, self._catalogue.columns):
            self._drop(part, mask)

    def require_moods(self, blended: Blend | None) -> None:
        """A track without a score for a mood that is asked for cannot be near the target."""
        for mood in blended.moods if blended else ():
            known = ~np.isnan(self._catalogue.columns.numbers(mood))
            if not known.all():
                self._drop(f"mood target: no score for {mood}", known)

    def without_artists(self, artists: Sequence[str]) -> None:
        folded = {fold(artist) for artist in artists}
        if folded:
            column = _artists(self._catalogue, "exclude_artist")
            self._drop(f"exclude_artist {listed(artists)}", ~column.folded_among(folded))

    def without_rows(self, rows: Rows) -> None:
        if len(rows):
            mask = np.ones(len(self._catalogue), bool)
            mask[rows] = False
            self._drop(f"exclude ({len(rows)} tracks)", mask)


def _blend(wish: Wish, catalogue: Catalogue) -> Blend | None:
    if not wish.mood:
        if wish.mood_weight is not None:
            raise UsageError("mood_weight without a mood target has no meaning: give mood={'calm': 0.8}, say")
        return None
    for mood, target in wish.mood.items():
        if mood not in catalogue.moods:
            raise UsageError(f"unknown mood {mood!r}; {hint(mood, catalogue.moods, 'moods')}")
        if not 0 <= target <= 1:
            raise UsageError(f"the target of {mood!r} is {target}; targets lie in [0, 1]")
    weight = RankingConfig().mood_weight if wish.mood_weight is None else wish.mood_weight
    if not 0 <= weight <= 1:
        raise UsageError(f"mood_weight is {weight}; it must lie in [0, 1]")
    return Blend(tuple(wish.mood), np.array(list(wish.mood.values()), np.float32), float(weight))


def _skipped(wish: Wish, catalogue: Catalogue, n_queries: int, own: Rows | None) -> tuple[Rows, Rows]:
    """(q, s) rows to skip among the candidates, and rows to leave out by a condition instead."""
    excluded = np.unique(catalogue.rows_of(names(wish.exclude, "exclude")))
    few = excluded if len(excluded) <= _FEW else excluded[:0]
    skipped = np.broadcast_to(few, (n_queries, len(few)))
    if own is not None:
        skipped = np.concatenate([skipped, own[:, None]], axis=1)
    return skipped, excluded[:0] if len(few) else excluded


def _cap(wish: Wish, catalogue: Catalogue) -> Cap | None:
    if wish.max_per_artist is None:
        return None
    if wish.max_per_artist < 1:
        raise UsageError(f"max_per_artist is {wish.max_per_artist}; it must be 1 or more")
    return Cap(_artists(catalogue, "max_per_artist").folded_keys, wish.max_per_artist)


def _artists(catalogue: Catalogue, asked: str) -> TextColumn:
    if ARTIST in catalogue.columns.names:
        column = catalogue.columns.column(ARTIST)
        if isinstance(column, TextColumn):
            return column
    raise UsageError(f"{asked} needs a column {ARTIST!r} of text in the track table")
