"""New rows brought to the columns of those that are there, where that loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

_Test = Callable[[pa.DataType], bool]


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table | None:
    """Bring a table to a schema: whole numbers to another width, text to another kind of text, NULLs to any type.

    Args:
        table: the new rows, one chunk a column.
        schema: of the rows that are there; columns that ``table`` lacks become NULL.

    Returns:
        The table with the schema's columns, None where one is new or of another type.
    """
    if not set(table.column_names) <= set(schema.names):
        return None
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        column = table[field.name]
        if column.type != field.type:
            if not _is_like(column.type, field.type):
                return None
            try:
                column = column.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                return None
        columns.append(column)
    return pa.table(columns, schema=pa.schema([pa.field(field.name, field.type) for field in schema]))


def _is_like(new: pa.DataType, there: pa.DataType) -> bool:
    """Whether a cast between two types, where it succeeds, keeps every value as filters read it."""
    if pa.types.is_null(new):
        return True
    return any(kind(new) and kind(there) for kind in (pa.types.is_integer, _is_text))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
