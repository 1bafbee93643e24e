"""The options of a search are resolved against the rows of an index, which makes them a request.

Here the text of a filter becomes a selection of rows, ids to exclude become row numbers, and caps become one key a
row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from moodrec.arguments import brief, flag, listed
from moodrec.errors import UsageError
from moodrec.filters.artist_column import ArtistColumn
from moodrec.filters.audio import on_audio
from moodrec.filters.column_types import TextColumn, fold
from moodrec.filters.columns import ColumnTable, as_condition, parts_of, select
from moodrec.filters.conditions import Condition
from moodrec.filters.selection import NamedRows, Range
from moodrec.index.kernel.provider import provider
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Part
from moodrec.index.search.blending import Blend, resolve_blend
from moodrec.index.search.options import SearchOptions, checked_k
from moodrec.index.search.passing import Passing, RowCondition, Term
from moodrec.index.search.request import Request
from moodrec.ranking import Cap
from moodrec.schema import ALBUM, ARTIST, audio_columns
from moodrec.typing import RowMask, RowNumbers, Vectors

MOST_SKIPPED: Final = 64
"""Up to this many excluded tracks are skipped among the candidates; more become a condition on the rows."""
_MOST_REMEMBERED: Final = 256
"""Conditions that a part remembers by the text of their filter."""
_MOST_SETS: Final = 8
"""Large sets of track ids whose rows are remembered for a version of the catalogue."""
_KNOWN_SETS: Final[WeakKeyDictionary[Catalogue, dict[frozenset[str], RowNumbers]]] = WeakKeyDictionary()
"""The rows of large sets of track ids, by the version of the rows that they belong to."""


def resolve(
    options: SearchOptions, k: int, catalogue: Catalogue, queries: Vectors, own: RowNumbers | None = None
) -> Request:
    """Resolve the options of a search against the rows of an index.

    Args:
        options: the options of the search.
        k: hits a query.
        catalogue: the rows.
        queries: (q, d) float32 queries of unit length.
        own: (q,) the row whose vector each query is, which is never returned for it; None: the queries are no rows.

    Raises:
        UsageError: ``k`` is out of range, there is no such mood or column, or numbers are not one for each query.
        FilterError: the condition names an unknown column.
    """
    n_hits = checked_k(k, catalogue.n_alive)
    if options.audio_only:
        options = _on_audio(options, catalogue)
    moods = mood_columns(catalogue, options.audio_only) if options.mood else {}
    blend = resolve_blend(options.mood, options.mood_weight, moods, len(queries))
    skipped, excluded = _skipped(options, catalogue, len(queries), own)
    allowed = None if options.only is None else _rows_of(options.only, catalogue)
    columns = catalogue.columns
    passing = _passing(options, catalogue.base, columns[0], blend, excluded, allowed)
    late = None
    if catalogue.tail is not None:
        late = _passing(options, catalogue.tail, columns[1], blend, excluded, allowed)
    return Request(
        queries,
        n_hits,
        passing,
        late,
        skipped,
        _none(len(queries)) if own is None else own,
        blend,
        tuple(_caps(options, catalogue)),
        options.distinct,
        options.diversity,
        options.exact,
    )


def mood_columns(catalogue: Catalogue, audio_only: bool) -> Mapping[str, str]:
    """Return, by mood, the column that its scores are read from.

    Args:
        catalogue: the rows.
        audio_only: whether scores are those of the audio alone; of an index without a context, those are the scores.
    """
    if not flag(audio_only, "audio_only"):
        return {mood: mood for mood in catalogue.moods}
    return audio_columns(catalogue.moods, set(catalogue.column_names))


def _on_audio(options: SearchOptions, catalogue: Catalogue) -> SearchOptions:
    if options.where is None:
        return options
    return options.replace(where=on_audio(as_condition(options.where), catalogue.moods))


def rows_where(condition: Condition, catalogue: Catalogue, audio_only: bool = False) -> RowNumbers:
    """Return the rows, without tombstones, for which a condition is TRUE, in the order of arrival.

    Args:
        condition: a condition on the columns of the track table.
        catalogue: the rows.
        audio_only: whether moods in the condition are what the audio alone says.

    Raises:
        FilterError: it names an unknown column, or compares one with a value of another type.
    """
    if audio_only:
        condition = on_audio(condition, catalogue.moods)
    selections = [select(condition, columns) for columns in catalogue.columns]
    masks = [
        provider().mask(one, len(part))[0] for one, part in zip(selections, catalogue.parts, strict=True)
    ]
    rows = catalogue.living_rows
    return rows[np.concatenate(masks)[rows]]


@lru_cache(maxsize=16)
def _nothing_skipped(n_queries: int) -> tuple[RowNumbers, RowNumbers]:
    return np.empty((n_queries, 0), np.int64), np.empty(0, np.int64)


@lru_cache(maxsize=16)
def _none(n: int) -> RowNumbers:
    """Return (n,) -1, which says that no query is a row."""
    return np.full(n, -1)


def _passing(
    options: SearchOptions,
    part: Part,
    columns: ColumnTable,
    blend: Blend | None,
    excluded: RowNumbers,
    allowed: RowNumbers | None,
) -> Passing:
    """Find the rows of a part that meet every condition.

    A filter that needs only a few numbers is remembered by its text, so that the next search with it needs not
    parse and prepare it; masks and answers are never remembered.
    """
    others = [*_moods(blend, columns), *_exclusions(options, part, columns, excluded, allowed)]
    rememberable = not others and (options.where is None or _can_be_remembered(options.where))
    if rememberable and (known := part.filters.get(options.where)):  # type: ignore[arg-type]
        return Passing(known)
    condition = RowCondition(len(part), part.n_alive, part.living, (*_where(options, columns), *others))
    if rememberable and condition.is_small:
        if len(part.filters) >= _MOST_REMEMBERED:
            part.filters.clear()
        part.filters[options.where] = condition  # type: ignore[index]
    return Passing(condition)


def _can_be_remembered(where: str | Condition) -> bool:
    """Whether a condition selects the same rows of a part in every later version. Percentiles do not, because they
    depend on the rows of all parts.
    """
    return isinstance(where, str) and "pct" not in where.casefold()


def _where(options: SearchOptions, columns: ColumnTable) -> list[Term]:
    if options.where is None:
        return []
    parts = parts_of(as_condition(options.where))
    return [Term(part, select(part, columns)) for part in parts]


def _moods(blend: Blend | None, columns: ColumnTable) -> list[Term]:
    """Drop tracks without a score for a mood that has a target: they cannot be compared with it."""
    moods = blend.moods if blend else ()
    return [
        Term(f"mood target: no score for {mood}", Range(columns.numbers(mood), -np.inf, np.inf))
        for mood in moods
        if not columns.complete(mood)
    ]


def _exclusions(
    options: SearchOptions, part: Part, columns: ColumnTable, excluded: RowNumbers, allowed: RowNumbers | None
) -> list[Term]:
    terms: list[Term] = []
    artists = sorted(options.exclude_artist)
    if artists:
        column = _artists(columns, "exclude_artist")
        others = column.not_credited_among({fold(artist) for artist in artists})
        terms.append(Term(f"exclude_artist {listed(artists)}", others))
    if len(excluded):
        left_out = _marked(excluded, part)
        terms.append(Term(f"exclude ({len(excluded)} tracks)", NamedRows(~left_out, left_out)))
    if options.only is not None and allowed is not None:
        kept = _marked(allowed, part)
        terms.append(Term(f"only ({len(options.only)} tracks)", NamedRows(kept, ~kept)))
    return terms


def _rows_of(track_ids: Collection[str], catalogue: Catalogue) -> RowNumbers:
    """Return the rising rows of the tracks that are in a catalogue; those of large sets are remembered.

    Looking up ten thousand ids takes longer than the search, and a list of all the tracks that somebody may play is
    the same from one search to the next. A frozen set keeps its hash, so that finding it again costs nothing.
    """
    if len(track_ids) <= MOST_SKIPPED:
        return np.unique(catalogue.rows_of(track_ids))
    known, requested = _KNOWN_SETS.setdefault(catalogue, {}), frozenset(track_ids)
    rows = known.get(requested)
    if rows is None:
        rows = np.unique(catalogue.rows_of(requested))
        if len(known) >= _MOST_SETS:
            known.clear()
        known[requested] = rows
    return rows


def _marked(rows: RowNumbers, part: Part) -> RowMask:
    """Return (n,) True for the rows of a part that are among ``rows`` of the catalogue."""
    marked = np.zeros(len(part), bool)
    marked[rows[(rows >= part.first) & (rows < part.first + len(part))] - part.first] = True
    return marked


def _skipped(
    options: SearchOptions, catalogue: Catalogue, n_queries: int, own: RowNumbers | None
) -> tuple[RowNumbers, RowNumbers]:
    """Return (q, s) rows to skip among the candidates, and the rows to exclude by a condition instead.

    A few rows are cheaper to skip, since a condition would have to be tested for every row.
    """
    if own is None and not options.exclude:
        return _nothing_skipped(n_queries)
    excluded = _rows_of(options.exclude, catalogue) if options.exclude else np.empty(0, np.int64)
    listed_rows = excluded if len(excluded) <= MOST_SKIPPED else excluded[:0]
    columns = [np.broadcast_to(listed_rows, (n_queries, len(listed_rows)))] if len(listed_rows) else []
    if own is not None:
        columns.append(own[:, None])
    skipped = np.concatenate(columns, axis=1) if columns else np.empty((n_queries, 0), np.int64)
    return skipped, excluded[:0] if len(listed_rows) else excluded


def _caps(options: SearchOptions, catalogue: Catalogue) -> list[Cap]:
    caps, columns = [], catalogue.base.segment.columns
    if options.max_per_artist is not None:
        _artists(columns, "max_per_artist")
        caps.append(Cap("max_per_artist", catalogue.artist_keys, options.max_per_artist))
    if options.max_per_album is not None:
        _text(columns, ALBUM, "max_per_album")
        caps.append(Cap("max_per_album", catalogue.album_keys, options.max_per_album))
    return caps


def _artists(columns: ColumnTable, option: str) -> ArtistColumn:
    column = columns.artists
    if column is None:
        raise UsageError(f"{option} needs a column {ARTIST!r} of text in the track table")
    return column


def _text(columns: ColumnTable, name: str, option: str) -> TextColumn:
    column = columns.text(name)
    if column is None:
        raise UsageError(f"{option} needs a column {brief(name)} of text in the track table")
    return column
