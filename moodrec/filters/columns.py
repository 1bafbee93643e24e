"""A track table as typed columns, and the rows that a condition selects in it.

SQL's logic has three values. A comparison with NULL is UNKNOWN, ``NOT UNKNOWN`` is UNKNOWN, and a row is
selected where the whole condition is TRUE. Here that takes one mask at a time: :func:`_rows_where` finds the
rows where a condition is TRUE, or those where it is FALSE, and a NOT asks its part for the other of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.arrow_columns import build_column
from moodrec.filters.column_types import Column, Mask, NumberColumn, mismatch
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    IsNull,
    Like,
    Membership,
    Not,
    Or,
    quote_name,
    quote_value,
)
from moodrec.filters.names import hint

if TYPE_CHECKING:
    import pandas as pd


class ColumnTable:
    """Typed columns over an Arrow table; each is built when it is first asked for, then kept."""

    def __init__(self, table: pa.Table, alive: Mask | None = None) -> None:
        """Wrap ``table``; ``alive`` (n,) are the rows that percentiles count, all if None."""
        self._table = table
        self._alive = alive
        self._columns: dict[str, Column] = {}
        self._percentiles: dict[str, NumberColumn] = {}

    @classmethod
    def from_frame(cls, frame: pd.DataFrame | pa.Table) -> ColumnTable:
        """Columns of a pandas or Arrow table; its row order is that of the masks."""
        return cls(
            frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        )

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return list(self._table.column_names)

    def with_alive(self, alive: Mask) -> ColumnTable:
        """The same rows, of which only ``alive`` count; columns built so far are shared."""
        other = ColumnTable(self._table, alive)
        other._columns = self._columns
        return other

    def column(self, name: str) -> Column:
        """The column called ``name``.

        Raises:
            FilterError: there is none; the message holds near names.
        """
        if name not in self._columns:
            if name not in self._table.column_names:
                raise FilterError(f"unknown column {quote_name(name)}: {hint(name, self.names, 'columns')}")
            self._columns[name] = build_column(name, self._table[name])
        return self._columns[name]

    def field(self, field: Field) -> Column:
        """The column that ``field`` reads; ``pct(x)`` is each row's percentile among the known ``x``."""
        if field.kind == "pct":
            return self._percentile(field.name)
        if field.kind == "prob" and field.column not in self._table.column_names:
            raise FilterError(f"there is no {field}: this table has no column {quote_name(field.column)}")
        return self.column(field.column)

    def numbers(self, name: str) -> NDArray[np.float32]:
        """(n,) a number column as float32, NaN where NULL."""
        column = self.column(name)
        if not isinstance(column, NumberColumn):
            raise FilterError(f"column {quote_name(name)} does not hold numbers")
        values = column.values.astype(np.float32, copy=False)
        return values if column.present is None else np.where(column.present, values, np.float32(np.nan))

    def _percentile(self, name: str) -> NumberColumn:
        if name not in self._percentiles:
            column = self.column(name)
            if not isinstance(column, NumberColumn):
                raise FilterError(f"pct({quote_name(name)}) needs a column of numbers")
            self._percentiles[name] = _percentile_column(column, self._alive)
        return self._percentiles[name]


def _percentile_column(column: NumberColumn, alive: Mask | None) -> NumberColumn:
    """Share of the known rows below each value, plus half of those equal to it: float32 in (0, 1)."""
    known = column.known()
    counted = np.sort(column.values[known if alive is None else known & alive])
    below = np.searchsorted(counted, column.values, "left")
    up_to = np.searchsorted(counted, column.values, "right")
    share = ((below + up_to) / max(2 * len(counted), 1)).astype(np.float32)
    share[~known] = np.nan
    return NumberColumn(f"pct({column.name})", share)


def row_mask(condition: Condition, columns: ColumnTable) -> Mask:
    """(n,) rows where ``condition`` is TRUE.

    Raises:
        FilterError: it names an unknown column, or compares one with a value of another type.
    """
    return _rows_where(condition, True, columns)


def select_rows(condition: Condition, columns: ColumnTable) -> list[tuple[str, Mask]]:
    """The parts that AND joins in ``condition``, as text, each with the (n,) rows where it is TRUE."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    return [(str(part), row_mask(part, columns)) for part in parts]


def _rows_where(condition: Condition, wanted: bool, columns: ColumnTable) -> Mask:
    if isinstance(condition, Not):
        return _rows_where(condition.part, not wanted, columns)
    if isinstance(condition, And | Or):
        all_of = isinstance(condition, And) == wanted
        masks = (_rows_where(part, wanted, columns) for part in condition.parts)
        return reduce(np.logical_and if all_of else np.logical_or, masks)
    column = columns.field(condition.field)
    if isinstance(condition, IsNull):
        return ~column.known() if wanted else column.known()
    true, known = _test(condition, column, columns)
    return true if wanted else known() & ~true


def _test(
    condition: Comparison | Between | Membership | Like, column: Column, columns: ColumnTable
) -> tuple[Mask, Callable[[], Mask]]:
    """The rows where a test is TRUE, and those where it is either TRUE or FALSE."""
    if isinstance(condition, Comparison):
        if isinstance(condition.value, Field):
            return _compare_fields(condition, condition.value, columns)
        return column.compare(condition.operator, condition.value), column.known
    if isinstance(condition, Between):
        return column.compare(">=", condition.low) & column.compare("<=", condition.high), column.known
    if isinstance(condition, Membership):
        return column.among(condition.values), column.known
    return column.like(condition), column.known


def _compare_fields(
    condition: Comparison, other: Field, columns: ColumnTable
) -> tuple[Mask, Callable[[], Mask]]:
    if other.column not in columns.names:
        raise FilterError(f"unknown column {other}; text goes in single quotes: {quote_value(other.name)}")
    left, right = (_number(columns, field) for field in (condition.field, other))
    return left.compare_column(condition.operator, right), lambda: left.known() & right.known()


def _number(columns: ColumnTable, field: Field) -> NumberColumn:
    column = columns.field(field)
    if not isinstance(column, NumberColumn):
        raise mismatch(field.name, "no numbers", "compared with another column")
    return column
