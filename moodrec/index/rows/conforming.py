"""New rows are brought to the column types of the rows that are there, or both to a type that holds either."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from moodrec.arguments import brief
from moodrec.errors import DataError

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


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables one below another, with one chunk a column; a column that one of them lacks becomes NULL there.

    A dictionary is written out where another table holds plain values.

    Args:
        tables: those of an index, then new rows.

    Raises:
        DataError: a column cannot be brought to one type; the message names it.
    """
    kinds: dict[str, list[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            kinds.setdefault(field.name, []).append(field.type)
    alike = [
        _without_dictionaries(table, [name for name in kinds if _is_mixed(kinds[name])]) for table in tables
    ]
    try:
        return pa.concat_tables(alike, promote_options="permissive").combine_chunks()
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        raise DataError(_misfit(alike, kinds)) from None


def _is_mixed(kinds: Sequence[pa.DataType]) -> bool:
    known = [pa.types.is_dictionary(kind) for kind in kinds if not pa.types.is_null(kind)]
    return any(known) and not all(known)


def _without_dictionaries(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for place, field in enumerate(table.schema):
        if field.name in names and pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


def _misfit(tables: Sequence[pa.Table], kinds: Mapping[str, Sequence[pa.DataType]]) -> str:
    """Say which column of some tables is the first that does not become one."""
    for name, found in kinds.items():
        schemas = [pa.schema([table.schema.field(name)]) for table in tables if name in table.column_names]
        try:
            pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            new, there = (str(kind)[:80] for kind in (found[-1], found[0]))
            return (
                f"column {brief(name)} of the new tracks holds {new} values, and that of the index {there}: convert "
                "it, or give it another name"
            )
    return "the new tracks and those of the index hold more than 2 GB of text in one column, which no index takes"


def _is_like(new: pa.DataType, there: pa.DataType) -> bool:
    """Whether a cast between two types, where it succeeds, keeps every value as filters read it."""
    if pa.types.is_null(new):
        return True
    return any(kind(new) and kind(there) for kind in (pa.types.is_integer, _is_text))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
