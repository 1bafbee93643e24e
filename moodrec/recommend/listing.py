"""Lists of tracks in an order that the user names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief, flag, whole
from moodrec.artists import Credit, credit
from moodrec.errors import UsageError
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint
from moodrec.html import score_table
from moodrec.index.rows.frames import to_pandas
from moodrec.index.search.options import SearchOptions
from moodrec.names import fold
from moodrec.schema import ARTIST, ARTISTS

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.index.front import SearchFront


def list_tracks(
    index: SearchFront,
    where: str | Condition | None,
    sort: str | None,
    limit: int | None,
    audio_only: bool = False,
    offset: int = 0,
) -> pd.DataFrame:
    """List the tracks that meet a condition.

    Args:
        index: where the tracks are.
        where: a condition on them; None takes all.
        sort: columns, as :func:`sort_keys` reads them; None keeps the order in which the tracks came in.
        limit: at most so many, 0 or more; None takes all.
        audio_only: whether moods, in the condition and to sort by, are what the audio alone says.
        offset: the number of tracks at the head of the list to leave out.

    Raises:
        FilterError: the condition cannot be read, or names an unknown column.
        UsageError: ``sort`` names no column, or one without an order; ``limit`` or ``offset`` is out of range.
    """
    most, first = None if limit is None else whole(limit, "limit", least=0), whole(offset, "offset", least=0)
    where, audio_only = SearchOptions(where=where).where, flag(audio_only, "audio_only")
    table = index.table if where is None else index.matching(where, audio_only=audio_only)
    keys = [] if sort is None else sort_keys(sort)
    if audio_only:
        columns = index.mood_columns(audio_only)
        keys = [replace(key, column=columns.get(key.column, key.column)) for key in keys]
    ordered = in_order(table, keys) if keys else table
    return to_pandas(ordered.slice(first, most))


def mood_spread(frame: pd.DataFrame, moods: Sequence[str]) -> str:
    """Make an HTML table of how mood scores are distributed.

    Args:
        frame: the track table.
        moods: its columns of scores.
    """
    places = (0.1, 0.5, 0.9)
    rows = [{"mood": mood, **{f"{q:.0%}": frame[mood].quantile(q) for q in places}} for mood in moods]
    columns = ["mood", "10%", "50%", "90%"] if rows else []
    return score_table(columns, rows, columns[1:], caption=f"{len(frame)} tracks")


@dataclass(frozen=True)
class SortKey:
    """A column to sort a list by."""

    column: str
    falling: bool = False


def sort_keys(text: str) -> list[SortKey]:
    """Read a sort order: ``calm,-year`` is by calm, rising, then by year, falling.

    Args:
        text: names of columns with commas between, ``-`` before one for falling; a name in double quotes is read as
            it is.

    Raises:
        UsageError: a name is missing.
    """
    if not isinstance(text, str):
        raise UsageError(
            f"cannot sort by {brief(text)}: sort takes names of columns as text, such as 'calm,-year'"
        )
    keys = []
    for part in text.split(","):
        name = part.strip()
        falling = name.startswith("-")
        name = name.removeprefix("-").strip()
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1]
        if not name:
            raise UsageError(
                f"cannot sort by {brief(text)}: write column names with commas between, such as 'calm,-year'"
            )
        keys.append(SortKey(name, falling))
    return keys


def in_order(table: pa.Table, keys: list[SortKey]) -> pa.Table:
    """Sort a table; unknown values come last either way, text goes without regard to case.

    Args:
        table: the rows.
        keys: what to sort by, the most important first.

    Raises:
        UsageError: there is no such column, or it holds values without an order.
    """
    columns = [_sortable(table, key.column) for key in keys]
    order = [(str(i), "descending" if key.falling else "ascending") for i, key in enumerate(keys)]
    by = pa.table(columns, names=[name for name, _ in order])
    return table.take(pc.sort_indices(by, sort_keys=order))


def within_limits(
    table: pa.Table,
    most: Mapping[str, int | None],
    exclude_artist: Collection[str] = (),
    k: int | None = None,
) -> pa.Table:
    """Take the rows of a table in order, at most so many of one artist or album, and none by some artists.

    Args:
        table: the rows.
        most: the greatest number of rows with one value, by column; None, or no such column, sets no limit. Rows
            without a value are not counted; artists are counted by the first name of their credit.
        exclude_artist: artists whose rows are left out, those where they are guests too, whatever their case.
        k: the number of rows; None takes all.
    """
    held = {name: limit for name, limit in most.items() if limit and name in table.column_names}
    barred = {fold(name) for name in exclude_artist} if ARTIST in table.column_names else set()
    if not held and not barred:
        return table.slice(0, k)
    columns = {name: table[name].to_pylist() for name in held if name != ARTIST}
    by = credits_of(table) if barred or ARTIST in held else []
    if ARTIST in held:
        columns[ARTIST] = [fold(one.main[0]) if one.main else None for one in by]
    counts: dict[str, Counter[str]] = {name: Counter() for name in held}
    rows: list[int] = []
    for row in range(len(table)):
        if len(rows) == k:
            break
        keys = {name: columns[name][row] for name in held}
        full = any(key and counts[name][key] >= held[name] for name, key in keys.items())
        if full or (barred and any(fold(name) in barred for name in by[row].everyone)):
            continue
        for name, key in keys.items():
            counts[name][key] += 1
        rows.append(row)
    return table.take(pa.array(rows, pa.int64()))


def credits_of(table: pa.Table) -> list[Credit]:
    """Read who each row of a track table is by."""
    shown = table[ARTIST].to_pylist()
    listed = table[ARTISTS].to_pylist() if ARTISTS in table.column_names else [None] * len(shown)
    return [
        credit(one if isinstance(one, str) else None, names if isinstance(names, list) else ())
        for one, names in zip(shown, listed, strict=True)
    ]


def _sortable(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise UsageError(
            f"cannot sort by {brief(name)}: no such column; {hint(name, table.column_names, 'columns')}"
        )
    column = table[name]
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind):
        raise UsageError(f"cannot sort by {brief(name)}: it holds {kind} values")
    return pc.utf8_lower(column) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else column
