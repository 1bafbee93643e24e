"""Rows of a track table are printed as columns of a table for people, and as objects for programs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from moodrec.cli import words
from moodrec.cli.jsonout import plain

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from moodrec.index.mood_index import MoodIndex

_DECIMALS: Final = 6
_NAME = re.compile(r"[A-Za-z_]\w*")


def records(frame: pd.DataFrame | pa.Table) -> list[dict[str, Any]]:
    """Convert a table to one dict per row, keyed by column."""
    table: Any = frame
    rows = table.to_dict("records") if hasattr(table, "to_dict") else table.to_pylist()
    return [{str(name): value for name, value in row.items()} for row in rows]


def series_record(row: pd.Series[Any]) -> dict[str, Any]:
    """Convert one row of a pandas table to a dict."""
    return {str(name): value for name, value in row.items()}


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


def shown_columns(index: MoodIndex, moods: Sequence[str], audio_only: bool) -> list[str]:
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
    names = " - ".join(filter(None, (words.name_of(row), words.artist_of(row))))
    best = ", ".join(f"{mood} {words.score(row[mood])}" for mood in strongest(row, moods))
    return f"{names} ({best})" if best else names
