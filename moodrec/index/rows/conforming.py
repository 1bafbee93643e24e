"""New rows are cast to the column types of the rows that are there, where the cast loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

_Test = Callable[[pa.DataType], bool]


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table | None:
    """Cast a table to a schema: integers to another width, text to another text type, NULLs to any type.

    Args:
        table: the new rows, with one chunk a column.
        schema: the schema of the rows that are there; columns that ``table`` lacks become NULL.

    Returns:
        The table with the schema's columns, or None where a column is new or cannot be cast without loss.
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
