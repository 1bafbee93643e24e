"""Rows of a track table are printed as columns for people, and as objects for programs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.jsonout import plain
from moodrec.cli.tables import Column, chosen_columns
from moodrec.names import name_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from moodrec.index.front import SearchFront

_DECIMALS: Final = 6
_LEFT_OUT: Final = {"embedding"}
_SHARES: Final = ("prob_", "audio_", "label_")
_NAME = re.compile(r"[A-Za-z_]\w*")


def records(frame: pd.DataFrame | pa.Table) -> list[dict[str, Any]]:
    """Convert a table to one dict per row, keyed by column."""
    table: Any = frame
    rows = table.to_dict("records") if hasattr(table, "to_dict") else table.to_pylist()
    return [{str(name): value for name, value in row.items()} for row in rows]


def series_record(row: pd.Series[Any]) -> dict[str, Any]:
    """Convert one row of a pandas table to a dict."""
    return {str(name): value for name, value in row.items()}


NAMED: Final = {
    "rank": Column("rank", "fixed", heading=""),
    "score": Column("score", "fixed", show=words.thousandths),
    "title": Column("title", "name"),
    "artist": Column("artist", "name"),
    "album": Column("album", "name", optional=True),
    "year": Column("year", "fixed", show=words.whole, optional=True),
    "track_id": Column("track_id", "name"),
    "path": Column("path", "path"),
}
"""The columns of a track table that are shown in a way of their own."""


def track_columns(known: Iterable[str], moods: Collection[str], shown: Sequence[str]) -> list[Column]:
    """List the columns of a table of tracks.

    Args:
        known: names of the columns that there are.
        moods: which of them are moods.
        shown: those that are shown without ``--columns``, in this order, if they are there.
    """
    there = ["title", *known]
    names = dict.fromkeys([*(name for name in shown if name in there), *there])
    return [
        replace(NAMED.get(name) or _of_values(name, moods), shown=name in shown)
        for name in names
        if name not in _LEFT_OUT
    ]


def print_tracks(
    screen: Screen,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
) -> None:
    """Print tracks as a table, each called by its title, else by its file or its id.

    Args:
        screen: where they are printed.
        rows: rows of a track table.
        columns: columns that :func:`track_columns` made.
    """
    if screen.for_people:
        screen.table(columns, [{**row, "title": name_of(row)} for row in rows])
        return
    # Files get the tags as they are, and the id where tracks have no titles to be told by.
    untitled = screen.chosen is None and bool(rows) and not any("title" in row for row in rows)
    screen.table(_by_id(columns) if untitled else columns, rows)


def _by_id(columns: Sequence[Column]) -> list[Column]:
    """The columns with the id in the place of the title."""
    others = [column for column in columns if column.name != "track_id"]
    return [
        replace(NAMED["track_id"], shown=column.shown) if column.name == "title" else column
        for column in others
    ]


def track_documents(
    screen: Screen, rows: Sequence[Mapping[str, Any]], moods: Collection[str], columns: Sequence[Column]
) -> list[dict[str, Any]]:
    """Make the JSON documents of tracks: whole, or the columns alone that ``--columns`` names.

    Args:
        screen: knows what ``--columns`` says.
        rows: rows of a track table.
        moods: names of the mood columns.
        columns: all columns, as :func:`track_columns` made them.

    Raises:
        UsageError: ``--columns`` names a column that is not there.
    """
    if screen.chosen is None:
        return [track_document(row, moods) for row in rows]
    names = [column.name for column in chosen_columns(columns, screen.chosen)]
    return [{name: _rounded(row.get(name)) for name in names} for row in rows]


def _of_values(name: str, moods: Collection[str]) -> Column:
    if name in moods or name.startswith(_SHARES):
        return Column(name, "fixed", show=words.score)
    return Column(name)


def track_document(row: Mapping[str, Any], moods: Collection[str]) -> dict[str, Any]:
    """Make the JSON document of a track: its columns, its ``moods``, and by mood the ``probabilities``, what the
    ``audio`` alone says, and the ``labels`` that people gave, as far as the table has them.

    Args:
        row: the row of the track table.
        moods: names of the mood columns.
    """
    from moodrec.schema import audio_column, label_column, probability_column

    groups = {
        "moods": {mood: mood for mood in moods},
        "probabilities": {mood: probability_column(mood) for mood in moods},
        "audio": {mood: audio_column(mood) for mood in moods},
        "audio_probabilities": {mood: audio_column(probability_column(mood)) for mood in moods},
        "labels": {mood: label_column(mood) for mood in moods},
    }
    grouped = {column for columns in groups.values() for column in columns.values()}
    document = {name: _rounded(value) for name, value in row.items() if name not in grouped}
    for name, columns in groups.items():
        found = {mood: _rounded(row[column]) for mood, column in columns.items() if column in row}
        if name == "labels":
            found = {mood: value for mood, value in found.items() if value is not None}
        if found or name == "moods":
            document[name] = found
    return document


def _rounded(value: Any) -> Any:
    """Round away the digits that single precision prints but does not have."""
    simple = plain(value)
    return round(simple, _DECIMALS) if isinstance(simple, float) else simple


def mentioned(moods: Sequence[str], *texts: str | None) -> list[str]:
    """List the moods that a condition, a sort order or a target names, in the order of ``moods``.

    Args:
        moods: names of all moods.
        texts: the texts that may name them.
    """
    names = {name for text in texts if text for name in _NAME.findall(text)}
    return [mood for mood in moods if mood in names]


def shown_columns(index: SearchFront, moods: Sequence[str], audio_only: bool) -> list[str]:
    """Give the columns that a table shows for some moods: of ``audio_only``, they say so by their names.

    Args:
        index: whose columns they are.
        moods: names of moods.
        audio_only: whether scores are those of the audio alone.
    """
    columns = index.mood_columns(audio_only)
    return [columns[mood] for mood in moods]


def strongest(row: Mapping[str, Any], moods: Sequence[str], n: int = 3) -> list[str]:
    """List the moods with the highest scores.

    Args:
        row: the row of the track table.
        moods: names of all moods.
        n: number of moods to list.
    """
    known = [mood for mood in moods if words.score(row.get(mood)) != "-"]
    return sorted(known, key=lambda mood: -float(row[mood]))[:n]


def described(row: Mapping[str, Any], moods: Sequence[str]) -> str:
    """Describe a track: ``Title - Artist (calm 0.93, tender 0.88, dreamy 0.81)``.

    Args:
        row: the row of the track table.
        moods: names of the moods to choose from; none leaves the parentheses out.
    """
    names = " - ".join(filter(None, (name_of(row), words.artist_of(row))))
    best = ", ".join(f"{mood} {words.score(row[mood])}" for mood in strongest(row, moods))
    return f"{names} ({best})" if best else names
