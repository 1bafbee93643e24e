"""A track table as typed columns, and the rows that a condition selects in it.

SQL's logic has three values. A comparison with NULL is UNKNOWN, ``NOT UNKNOWN`` is UNKNOWN, and a row is
selected where the whole condition is TRUE. Here a condition becomes a :mod:`moodrec.filters.selection`, which
stands for the rows where it is TRUE, and whose opposite for those where it is FALSE: a NOT takes the opposite of
its part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters import selection
from moodrec.filters.arrow_columns import build_column
from moodrec.filters.column_types import Column, NumberColumn, TextColumn, mismatch
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    IsNull,
    Leaf,
    Membership,
    Not,
    Or,
    quote_name,
    quote_value,
)
from moodrec.filters.names import hint
from moodrec.filters.percentiles import PercentileColumn
from moodrec.filters.selection import AnyOf, Mask, Order, Rows, Selection, all_of

if TYPE_CHECKING:
    import pandas as pd


Counted = Callable[[str], NDArray[Any]]
NO_ORDERS: Final[Mapping[str, Order]] = MappingProxyType({})


class ColumnTable:
    """Typed columns over an Arrow table; each is built when it is first asked for, then kept."""

    def __init__(
        self, table: pa.Table, counted: Counted | None = None, orders: Mapping[str, Order] = NO_ORDERS
    ) -> None:
        """Wrap an Arrow table.

        Args:
            table: n rows.
            counted: gives, for the name of a column of numbers, the rising values among which its percentiles are
                taken; by default all known values of the column.
            orders: rows sorted by a column, where known: by numbers, or by texts in the order of their first rows.
        """
        self._table = table
        self._counted = counted or self._all_known
        self.orders: Final = orders
        self._columns: dict[str, Column] = {}
        self._percentiles: dict[str, PercentileColumn] = {}
        self._complete: dict[str, bool] = {}
        self._numbers: dict[str, NDArray[np.float32]] = {}
        self._names = frozenset(table.column_names)

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

    def with_counted(self, counted: Counted) -> ColumnTable:
        """The same rows, with percentiles among values from elsewhere; columns built so far are shared.

        Args:
            counted: gives, for the name of a column of numbers, the values that count, rising.
        """
        other = ColumnTable(self._table, counted, self.orders)
        other._columns, other._complete, other._numbers = self._columns, self._complete, self._numbers
        return other

    def known_values(self, name: str, alive: Mask | None = None) -> NDArray[Any]:
        """The values of a column of numbers that are not NULL, of the rows that are ``alive`` (n,), all if None.

        Raises:
            FilterError: there is no such column, or it does not hold numbers.
        """
        column = self.column(name)
        if not isinstance(column, NumberColumn):
            raise FilterError(f"pct({quote_name(name)}) needs a column of numbers")
        values: NDArray[Any] = column.values[column.known() if alive is None else column.known() & alive]
        return values

    def _all_known(self, name: str) -> NDArray[Any]:
        return np.sort(self.known_values(name))

    def with_orders(self, orders: Mapping[str, Order]) -> ColumnTable:
        """The same rows, whose orders are known."""
        return ColumnTable(self._table, orders=orders)

    def column(self, name: str) -> Column:
        """The column called ``name``.

        Raises:
            FilterError: there is none; the message holds near names.
        """
        if name not in self._columns:
            if name not in self._names:
                raise FilterError(f"unknown column {quote_name(name)}: {hint(name, self.names, 'columns')}")
            # Of two threads, one makes the column that all go by.
            self._columns.setdefault(name, self._built(name))
        return self._columns[name]

    def _built(self, name: str) -> Column:
        column = build_column(name, self._table[name])
        if isinstance(column, NumberColumn | TextColumn):
            return replace(column, order=self.orders.get(name))
        return column

    def field(self, field: Field) -> Column:
        """The column that ``field`` reads; ``pct(x)`` is each row's percentile among the known ``x``."""
        if field.kind == "pct":
            return self._percentile(field.name)
        if field.kind == "prob" and field.column not in self._names:
            raise FilterError(f"there is no {field}: this table has no column {quote_name(field.column)}")
        return self.column(field.column)

    def numbers(self, name: str) -> NDArray[np.float32]:
        """(n,) a number column as float32, NaN where NULL."""
        if name not in self._numbers:
            column = self.column(name)
            if not isinstance(column, NumberColumn):
                raise FilterError(f"column {quote_name(name)} does not hold numbers")
            values = column.values.astype(np.float32, copy=False)
            known = values if column.present is None else np.where(column.present, values, np.float32(np.nan))
            self._numbers[name] = known
        return self._numbers[name]

    def name_of(self, values: NDArray[Any]) -> str | None:
        """The name of the column, of those that have been read so far, whose tests look at this very array."""
        for name, column in list(self._columns.items()):
            looked_at = column.values if isinstance(column, NumberColumn) else getattr(column, "codes", None)
            if looked_at is values:
                return name
        return None

    def complete(self, name: str) -> bool:
        """Whether a column has no NULL."""
        if name not in self._complete:
            self._complete[name] = bool(self.column(name).known().all())
        return self._complete[name]

    def text(self, name: str) -> TextColumn | None:
        """The column called ``name``, if there is one and it holds text."""
        column = self.column(name) if name in self._names else None
        return column if isinstance(column, TextColumn) else None

    def _percentile(self, name: str) -> PercentileColumn:
        if name not in self._percentiles:
            column = self.column(name)
            if not isinstance(column, NumberColumn):
                raise FilterError(f"pct({quote_name(name)}) needs a column of numbers")
            self._percentiles[name] = PercentileColumn(column, self._counted(name))
        return self._percentiles[name]


def select(condition: Condition, columns: ColumnTable) -> Selection:
    """The rows where ``condition`` is TRUE.

    Raises:
        FilterError: it names an unknown column, or compares one with a value of another type.
    """
    if isinstance(condition, Not):
        return select(condition.part, columns).opposite()
    if isinstance(condition, And):
        return all_of(select(part, columns) for part in condition.parts)
    if isinstance(condition, Or):
        return AnyOf(tuple(select(part, columns) for part in condition.parts))
    return _test(condition, columns.field(condition.field), columns)


def row_mask(condition: Condition, columns: ColumnTable) -> Mask:
    """(n,) rows where ``condition`` is TRUE. Raises as :func:`select`."""
    return selection.row_mask(select(condition, columns), len(columns))


def as_condition(where: str | Condition) -> Condition:
    """A condition, or what its text says; see :func:`moodrec.filters.parse.parse`.

    Raises:
        FilterError: the text cannot be read.
    """
    if not isinstance(where, str):
        return where
    from moodrec.filters.parse import parse  # and with it sqlglot, which takes a while

    return parse(where)


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The parts that AND joins in ``condition``, or the whole of it."""
    return condition.parts if isinstance(condition, And) else (condition,)


def _test(condition: Leaf, column: Column, columns: ColumnTable) -> Selection:
    if isinstance(condition, IsNull):
        known = column.known()
        return Rows(~known, known)
    if isinstance(condition, Comparison):
        if isinstance(condition.value, Field):
            return _compare_fields(condition, condition.value, columns)
        return column.compare(condition.operator, condition.value)
    if isinstance(condition, Between):
        return all_of((column.compare(">=", condition.low), column.compare("<=", condition.high)))
    if isinstance(condition, Membership):
        return column.among(condition.values)
    return column.like(condition)


def _compare_fields(condition: Comparison, other: Field, columns: ColumnTable) -> Selection:
    if other.column not in columns.names:
        raise FilterError(f"unknown column {other}; text goes in single quotes: {quote_value(other.name)}")
    left, right = (_number(columns, field) for field in (condition.field, other))
    return left.compare_column(condition.operator, right)


def _number(columns: ColumnTable, field: Field) -> NumberColumn:
    column = columns.field(field)
    if isinstance(column, PercentileColumn):
        return column.numbers
    if not isinstance(column, NumberColumn):
        raise mismatch(field.name, "no numbers", "compared with another column")
    return column
