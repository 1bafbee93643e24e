"""New rows are fitted to the columns that a catalogue has; columns that are new, and lists of them, are found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from moodrec.arguments import brief
from moodrec.engines.columns import StoredColumn, stored_columns, stored_table
from moodrec.engines.facts import CatalogueFacts
from moodrec.errors import DataError


@dataclass(frozen=True, eq=False)
class Widening:
    """New rows as they are stored, and what must become of a catalogue's columns first."""

    facts: CatalogueFacts
    """What is known of the catalogue then; the same object where its columns stay as they are."""
    rows: pa.Table
    """The rows, of the columns that they came with."""
    added: tuple[StoredColumn, ...]
    """Columns that the catalogue lacks."""
    retyped: tuple[StoredColumn, ...]
    """Columns that held nothing but NULL, and hold values now."""


def widening(facts: CatalogueFacts, table: pa.Table) -> Widening:
    """Fit new rows to the columns of a catalogue.

    Args:
        facts: what is known of the catalogue.
        table: the new rows; columns that it lacks become NULL.

    Raises:
        DataError: a column holds values of another kind than the catalogue's.
    """
    columns, rows = stored_table(table)
    there, schema = stored_columns(facts.schema), facts.schema
    added, retyped = [], []
    for column in columns:
        known = there.get(column.name)
        if known is None:
            added.append(column)
            schema = schema.append(table.schema.field(column.name))
        elif known.kind == "null" and column.kind != "null":
            retyped.append(column)
            schema = schema.set(schema.get_field_index(column.name), table.schema.field(column.name))
        else:
            rows = _fitted(rows, column, known)
    grown = facts if schema is facts.schema else replace(facts, schema=schema)
    return Widening(grown, rows, tuple(added), tuple(retyped))


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
            f"column {brief(column.name)} holds {column.type} values, in the catalogue {known.type}; convert it"
        ) from None


def _alike(column: StoredColumn, known: StoredColumn) -> bool:
    """Whether values of one kind may become values of the other: whole numbers become floating ones, no others."""
    return column.kind == known.kind or (
        column.kind in ("whole", "float32") and known.kind in ("float64", "float32")
    )
