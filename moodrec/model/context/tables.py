"""Scores of a track table of one's own become scores in context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.artists import credit
from moodrec.errors import DataError
from moodrec.model.context.applied import Corrects
from moodrec.model.context.tracks import TrackContext, codes_of
from moodrec.model.context.weights import KnownLabels
from moodrec.names import fold, known_name
from moodrec.schema import (
    ALBUM,
    ALBUM_ARTIST,
    ARTIST,
    GENRE,
    YEAR,
    audio_column,
    label_column,
    probability_column,
)


def table_in_context(context: Corrects, table: pa.Table, moods: Sequence[str]) -> pa.Table:
    """Correct the moods of a track table by its artists, albums, genres and years.

    A column ``prob_calm`` holds probabilities, and ``calm`` is then made a percentile among the tracks that the
    context was fitted to; without it, ``calm`` itself is taken for a probability and stays one. What the audio says
    is kept as ``audio_calm`` and ``audio_prob_calm``. Labels of columns ``label_calm`` count for the other tracks of
    the artist and the album. Columns ``artist``, ``album``, ``album_artist``, ``genre`` (text, or a list of texts)
    and ``year`` need not be there.

    Args:
        context: the weights.
        table: one row a track.
        moods: its mood columns, from 0 to 1; tracks where one is unknown keep what they have.

    Returns:
        The table with corrected mood columns and the ``audio_`` columns.

    Raises:
        DataError: a column holds values of a wrong type, or there are ``audio_`` columns already.
    """
    there = set(table.column_names)
    named = [probability_column(mood) if probability_column(mood) in there else mood for mood in moods]
    if not moods or (done := [mood for mood in moods if audio_column(mood) in there]):
        raise DataError(
            f"the table has a column {brief(audio_column(done[0]))}: it is in context already"
            if moods
            else "a context needs mood columns: name them with moods"
        )
    probabilities, scores = (_matrix(table, names) for names in (named, moods))
    known = ~(np.isnan(probabilities) | np.isnan(scores)).any(axis=1)
    rows = np.flatnonzero(known)
    tracks = _tracks(table).select(rows)
    labels = _labels(table, moods)[rows]
    given = None if np.isnan(labels).all() else KnownLabels(labels)
    found = context.of_probabilities(moods, probabilities[rows], scores[rows], tracks, given)
    for column, mood in enumerate(moods):
        own = named[column] == mood
        table = _put(table, mood, rows, (found.probabilities if own else found.scores)[:, column])
        if not own:
            table = _put(table, named[column], rows, found.probabilities[:, column])
    return table


def _put(table: pa.Table, name: str, rows: NDArray[np.int64], values: NDArray[np.float64]) -> pa.Table:
    """Replace the values of some rows of a column, and keep the old column as that of the audio."""
    old = table[name]
    new = _numbers(table, name)
    new[rows] = values
    place = table.column_names.index(name)
    table = table.set_column(place, name, pa.array(new, pa.float32(), from_pandas=True))
    return table.append_column(audio_column(name), old)


def _matrix(table: pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    return np.stack([_numbers(table, name) for name in names], axis=1)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    if name not in table.column_names:
        raise DataError(f"the table has no column {brief(name)}")
    try:
        values = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise DataError(f"column {brief(name)} does not hold numbers: {error}") from None
    return np.array(values, dtype=np.float64)


def _tracks(table: pa.Table) -> TrackContext:
    artists, titles = _folded(table, ARTIST, _main_artist), _folded(table, ALBUM, known_name)
    by = _texts(table, ALBUM_ARTIST)
    albums = [
        None if title is None else (title, fold(own) if own and own.strip() else artist)
        for title, own, artist in zip(titles, by, artists, strict=True)
    ]
    years = _numbers(table, YEAR) if YEAR in table.column_names else np.full(table.num_rows, np.nan)
    tracks = TrackContext.of(artists, None, [_genres(cell) for cell in _cells(table, GENRE)], years)
    return replace(tracks, albums=codes_of(albums))


def _labels(table: pa.Table, moods: Sequence[str]) -> NDArray[np.float64]:
    columns = [
        _numbers(table, name) if (name := label_column(mood)) in table.column_names else None
        for mood in moods
    ]
    blank = np.full(table.num_rows, np.nan)
    return np.stack([blank if column is None else column for column in columns], axis=1)


def _cells(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows


def _texts(table: pa.Table, name: str) -> list[str | None]:
    return [cell if isinstance(cell, str) else None for cell in _cells(table, name)]


def _folded(table: pa.Table, name: str, told: Callable[[str], str | None]) -> list[str | None]:
    """Names as they are compared; those that say nothing are unknown."""
    texts = _texts(table, name)
    names = {text: told(text) for text in set(texts) if text is not None}
    keys = {text: fold(known) if known else None for text, known in names.items()}
    return [None if text is None else keys[text] for text in texts]


def _main_artist(text: str) -> str | None:
    main = credit(text).main
    return main[0] if main else None


def _genres(cell: Any) -> tuple[str, ...]:
    if isinstance(cell, str):
        return (cell,)
    return tuple(str(name) for name in cell if name) if isinstance(cell, list | tuple) else ()
