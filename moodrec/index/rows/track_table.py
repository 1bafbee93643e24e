"""Track tables that users hand over are checked, once, before an index takes them in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief, listed, texts
from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.filters.names import hint
from moodrec.index.rows.column_kinds import storable
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.schema import TRACK_ID

if TYPE_CHECKING:
    import pandas as pd


def track_table(tracks: pd.DataFrame | pa.Table, moods: Sequence[str] = ()) -> pa.Table:
    """Convert a user's table to Arrow, with one chunk a column and float32 mood columns.

    Args:
        tracks: a pandas or Arrow table with ``track_id`` (text, or whole numbers, which become text; unique) and the
            mood columns.
        moods: names of columns of numbers in [0, 1], where NULL and NaN mean unknown.

    Raises:
        DuplicateIdError: a ``track_id`` occurs twice.
        DataError: a column is missing, has wrong values, or holds what no filter can read; the message names rows.
    """
    moods = texts(moods, "moods")
    table = _arrow(tracks).replace_schema_metadata(None)
    if len(set(table.column_names)) != table.num_columns:
        raise DataError("the track table has two columns of one name")
    table = storable(table).combine_chunks()
    require_columns(table.column_names, moods)
    for name in (TRACK_ID, *moods):
        table = _replaced(table, name, _checked(name, table[name]))
    return table


def require_columns(names: Sequence[str], moods: Sequence[str]) -> None:
    """Check that a track table has ids and the moods that it should.

    Args:
        names: the names of its columns.
        moods: the names of those that hold mood scores.

    Raises:
        DataError: a column is missing, or is named twice.
    """
    for name in (TRACK_ID, *moods):
        if name not in names:
            raise DataError(f"the track table has no column {brief(name)}; {hint(name, names, 'columns')}")
    if len(set(moods)) != len(moods) or TRACK_ID in moods:
        raise DataError(f"moods must be different columns, and not {TRACK_ID!r}: {listed(moods, 20)}")


def checked_column(name: str, column: pa.ChunkedArray, moods: Sequence[str]) -> pa.Array:
    """Check one column as :func:`track_table` checks all of a table.

    Args:
        name: the name of the column.
        column: its n values.
        moods: the names of the columns that hold mood scores.

    Returns:
        The values in one chunk.

    Raises:
        DuplicateIdError, DataError: as for :func:`track_table`.
    """
    stored = storable(pa.table({name: column})).column(0)
    if name == TRACK_ID or name in moods:
        return _checked(name, stored)
    try:
        return stored.combine_chunks()
    except pa.ArrowInvalid:
        raise DataError(f"column {brief(name)} holds more than 2 GB of text, which no index takes") from None


def chosen_columns(columns: Collection[str] | None, there: Sequence[str]) -> list[str] | None:
    """Check the names of the columns that a user wants.

    Args:
        columns: the names, or one alone; None wants all.
        there: the columns that there are.

    Returns:
        The names in their order; None for all.

    Raises:
        UsageError: there is no such column, one is wanted twice, or they are no names.
    """
    if columns is None:
        return None
    names = list(texts(columns, "columns"))
    for name in names:
        if name not in there:
            raise UsageError(f"no such column: {brief(name)}; {hint(name, there, 'columns')}")
    if len(set(names)) != len(names):
        raise UsageError(f"columns names one twice: {listed(names)}")
    return names


def _checked(name: str, column: pa.ChunkedArray) -> pa.Array:
    """Return a column of ids, or of mood scores, after its checks."""
    return _ids(column) if name == TRACK_ID else _scores(name, column)


def _arrow(tracks: pd.DataFrame | pa.Table) -> pa.Table:
    if not is_table(tracks):
        raise DataError(
            f"tracks must be a table of pandas, Arrow, polars or any that Arrow reads, not {type(tracks).__name__}"
        )
    return as_arrow(tracks, "the track table")


def _replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _ids(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    told = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer)
    if len(column) and not any(check(kind) for check in told):
        raise DataError(
            f"{TRACK_ID} holds {str(kind)[:80]} values; ids are texts or whole numbers: convert them"
        )
    ids = column.cast(pa.string()).combine_chunks()
    empty = pc.fill_null(pc.equal(ids, ""), True).to_numpy(zero_copy_only=False)
    if empty.any():
        raise DataError(f"{TRACK_ID} is empty in rows {listed(np.flatnonzero(empty).tolist())}")
    counts = pc.value_counts(ids)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise DuplicateIdError(f"these track ids occur more than once: {listed(repeated)}")
    return ids


def _scores(mood: str, column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise DataError(
            f"mood {brief(mood)} holds {str(kind)[:80]} values; mood scores are numbers in [0, 1]"
        )
    scores = column.cast(pa.float32()).combine_chunks()
    values = scores.to_numpy(zero_copy_only=False)
    outside = np.flatnonzero((values < 0) | (values > 1)).tolist()
    if outside:
        raise DataError(f"mood {brief(mood)} lies outside [0, 1] in rows {listed(outside)}")
    return pa.array(values, pa.float32(), from_pandas=True)
