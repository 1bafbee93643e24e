"""New rows are fitted to the columns that are there; columns that are new are added to the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from moodrec.engines.base import CatalogueFacts
from moodrec.engines.columns import StoredColumn, stored_table
from moodrec.engines.postgres.tables import check_names, column_sql, identifier, stored_columns
from moodrec.errors import DataError


def widen(
    cursor: Any, tracks: str, facts: CatalogueFacts, table: pa.Table
) -> tuple[CatalogueFacts, pa.Table]:
    """Fit new rows to the columns of a catalogue, and add the columns that are new.

    Args:
        cursor: a cursor inside the transaction of the change.
        tracks: the quoted name of the table of tracks.
        facts: what is known of the catalogue.
        table: the new rows; columns that it lacks become NULL.

    Returns:
        The facts, the same object where no column is new, and the rows as they are stored.

    Raises:
        DataError: a column holds values of another kind than the catalogue's.
    """
    columns, rows = stored_table(table)
    check_names(columns)
    there, schema = stored_columns(facts.schema), facts.schema
    for column in columns:
        known = there.get(column.name)
        if known is None:
            cursor.execute(f"ALTER TABLE {tracks} ADD COLUMN {column_sql(column)}", ())
            schema = schema.append(table.schema.field(column.name))
        elif known.kind == "null" and column.kind != "null":
            name = identifier(column.name)
            cursor.execute(f"ALTER TABLE {tracks} DROP COLUMN {name}, ADD COLUMN {column_sql(column)}", ())
            place = schema.get_field_index(column.name)
            schema = schema.set(place, table.schema.field(column.name))
        else:
            rows = _fitted(rows, column, known)
    grown = facts if schema is facts.schema else replace(facts, schema=schema)
    return grown, rows


def _fitted(rows: pa.Table, column: StoredColumn, known: StoredColumn) -> pa.Table:
    """Cast a column to the stored kind, where that loses nothing."""
    if column == known:
        return rows
    place = rows.schema.get_field_index(column.name)
    try:
        if column.kind != "null" and (column.lists != known.lists or not _alike(column, known)):
            raise pa.ArrowInvalid("other values")
        return rows.set_column(place, column.name, rows[column.name].cast(known.type))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"column {column.name!r} holds {column.type} values, in the catalogue {known.type}; convert it"
        ) from None


def _alike(column: StoredColumn, known: StoredColumn) -> bool:
    """Whether values of one kind may become values of the other: whole numbers become floating ones, no others."""
    return column.kind == known.kind or (
        column.kind in ("whole", "float32") and known.kind in ("float64", "float32")
    )
