"""A track table is a set of typed columns, in which a condition selects rows.

SQL's logic has three values. A comparison with NULL is UNKNOWN, ``NOT UNKNOWN`` is UNKNOWN, and a row is selected
where the whole condition is TRUE. Here a condition becomes a :mod:`moodrec.filters.selection`, which stands for the
rows where it is TRUE and whose opposite stands for those where it is FALSE. NOT takes the opposite of its part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.errors import FilterError
from moodrec.filters import selection
from moodrec.filters.arrow_columns import build_column
from moodrec.filters.artist_column import ArtistColumn
from moodrec.filters.column_types import Column, ListColumn, NumberColumn, TextColumn, mismatch
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
    is_condition,
    shown_name,
    shown_value,
)
from moodrec.filters.names import hint
from moodrec.filters.percentiles import PercentileColumn
from moodrec.filters.selection import AnyOf, NamedRows, Order, Selection, all_of
from moodrec.schema import ARTIST, ARTISTS
from moodrec.typing import RowMask

if TYPE_CHECKING:
    import pandas as pd


Counted = Callable[[str], NDArray[Any]]
NO_ORDERS: Final[Mapping[str, Order]] = MappingProxyType({})
"""The orders of a table of which none is known."""


class ColumnTable:
    """Typed columns over an Arrow table; each is built on its first use, then kept."""

    def __init__(
        self, table: pa.Table, counted: Counted | None = None, orders: Mapping[str, Order] = NO_ORDERS
    ) -> None:
        """Wrap an Arrow table without copying it.

        Args:
            table: n rows.
            counted: gives, for the name of a column of numbers, the rising values among which its percentiles are
                taken; by default all known values of the column.
            orders: rows sorted by a column, where known: by numbers, or by texts in the order of their first rows.
        """
        self._table = table
        self._counted = counted  # never a method of its own: a table that is done with is freed at once
        self.orders: Final = orders
        self._columns: dict[str, Column] = {}
        self._percentiles: dict[str, PercentileColumn] = {}
        self._complete: dict[str, bool] = {}
        self._numbers: dict[str, NDArray[np.float32]] = {}
        self._names = frozenset(table.column_names)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame | pa.Table) -> ColumnTable:
        """Wrap a pandas or Arrow table; masks follow its row order."""
        return cls(
            frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        )

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def names(self) -> list[str]:
        """Give the names of all columns."""
        return list(self._table.column_names)

    def with_counted(self, counted: Counted) -> ColumnTable:
        """Wrap the same rows, with percentiles among values from elsewhere; columns built so far are shared.

        Args:
            counted: gives, for the name of a column of numbers, the values that count, rising.
        """
        other = ColumnTable(self._table, counted, self.orders)
        other._columns, other._complete, other._numbers = self._columns, self._complete, self._numbers
        return other

    def known_values(self, name: str, alive: RowMask | None = None) -> NDArray[Any]:
        """Return the values of a column of numbers that are not NULL.

        Args:
            name: of the column.
            alive: (n,) the rows whose values are returned, all if None.

        Raises:
            FilterError: there is no such column, or it does not hold numbers.
        """
        column = self.column(name)
        if not isinstance(column, NumberColumn):
            raise FilterError(f"pct({shown_name(name)}) needs a column of numbers")
        values: NDArray[Any] = column.values[column.known() if alive is None else column.known() & alive]
        return values

    def _all_known(self, name: str) -> NDArray[Any]:
        return np.sort(self.known_values(name))

    def with_orders(self, orders: Mapping[str, Order]) -> ColumnTable:
        """Wrap the same rows with the orders of some columns, by name."""
        return ColumnTable(self._table, orders=orders)

    def column(self, name: str) -> Column:
        """Give the column of a name.

        Raises:
            FilterError: there is none; the message holds similar names.
        """
        if name not in self._columns:
            if name not in self._names:
                raise FilterError(f"unknown column {shown_name(name)}: {hint(name, self.names, 'columns')}")
            # Two threads may build the column at once; all of them then use the one that was stored first.
            self._columns.setdefault(name, self._built(name))
        return self._columns[name]

    def _built(self, name: str) -> Column:
        column = build_column(name, self._table[name])
        if name == ARTIST and isinstance(column, TextColumn):
            return self._artists_of(column)
        if isinstance(column, NumberColumn | TextColumn):
            return replace(column, order=self.orders.get(name))
        return column

    def field(self, field: Field) -> Column:
        """Give the column that a field of a condition reads; ``pct(x)`` is each row's percentile among the known
        ``x``. Without a context, what the audio says of a mood is its score.

        Raises:
            FilterError: the table has no such column, ``pct`` is taken of a column without numbers, or ``audio`` of
                one that is no mood.
        """
        name = field.column
        if field.audio and name not in self._names:
            name = replace(field, audio=False).column
            if not self._holds_shares(name):
                raise FilterError(
                    f"there is no {field}: audio takes a mood, and {shown_name(field.name)} is none"
                )
        if field.kind == "pct":
            return self._percentile(name)
        if field.kind == "prob" and name not in self._names:
            raise FilterError(f"there is no {field}: this table has no column {shown_name(name)}")
        return self.column(name)

    def _holds_shares(self, name: str) -> bool:
        """Whether a column may hold scores or probabilities; one that is not there is another error."""
        column = self.column(name) if name in self._names else None
        return column is None or (isinstance(column, NumberColumn) and column.values.dtype.kind == "f")

    def numbers(self, name: str) -> NDArray[np.float32]:
        """Read a column of numbers as float32 (n,), NaN where NULL.

        Raises:
            FilterError: there is no such column, or it does not hold numbers.
        """
        if name not in self._numbers:
            column = self.column(name)
            if not isinstance(column, NumberColumn):
                raise FilterError(f"column {shown_name(name)} does not hold numbers")
            values = column.values.astype(np.float32, copy=False)
            known = values if column.present is None else np.where(column.present, values, np.float32(np.nan))
            self._numbers[name] = known
        return self._numbers[name]

    def name_of(self, values: NDArray[Any]) -> str | None:
        """Find the column, among those read so far, whose tests read this very array; None if there is none."""
        for name, column in list(self._columns.items()):
            tested = column.values if isinstance(column, NumberColumn) else getattr(column, "codes", None)
            if tested is values:
                return name
        return None

    def complete(self, name: str) -> bool:
        """Say whether a column has no NULL."""
        if name not in self._complete:
            self._complete[name] = bool(self.column(name).known().all())
        return self._complete[name]

    def text(self, name: str) -> TextColumn | None:
        """Give the column of a name if it exists and holds text, else None."""
        column = self.column(name) if name in self._names else None
        return column if isinstance(column, TextColumn) else None

    @cached_property
    def artists(self) -> ArtistColumn | None:
        """The artists of the tracks: ``artist``, or ``artists`` where that is all there is; None without either."""
        for name in (ARTIST, ARTISTS):
            if name not in self._names:
                continue
            column = self.column(name)
            if isinstance(column, ArtistColumn):
                return column
            values = self._table[name].combine_chunks()
            if isinstance(column, ListColumn) and isinstance(column.categories, TextColumn):
                values = pc.binary_join(values.cast(pa.list_(pa.string())), "; ")
            joined = build_column(name, values)
            if isinstance(joined, TextColumn):
                return self._artists_of(joined)
        return None

    def _artists_of(self, column: TextColumn) -> ArtistColumn:
        listed = self.column(ARTISTS) if ARTISTS in self._names else None
        return ArtistColumn(
            column.name,
            column.codes,
            column.categories,
            self.orders.get(column.name),
            listed if isinstance(listed, ListColumn | TextColumn) else None,
        )

    def _percentile(self, name: str) -> PercentileColumn:
        if name not in self._percentiles:
            column = self.column(name)
            if not isinstance(column, NumberColumn):
                raise FilterError(f"pct({shown_name(name)}) needs a column of numbers")
            self._percentiles[name] = PercentileColumn(column, (self._counted or self._all_known)(name))
        return self._percentiles[name]


def select(condition: Condition, columns: ColumnTable) -> Selection:
    """Select the rows where a condition is TRUE.

    Args:
        condition: the condition.
        columns: the table that it reads.

    Raises:
        FilterError: the condition names an unknown column, or compares one with a value of another type.
    """
    if isinstance(condition, Not):
        return select(condition.part, columns).opposite()
    if isinstance(condition, And):
        return all_of(select(part, columns) for part in condition.parts)
    if isinstance(condition, Or):
        return AnyOf(tuple(select(part, columns) for part in condition.parts))
    return _test(condition, columns.field(condition.field), columns)


def row_mask(condition: Condition, columns: ColumnTable) -> RowMask:
    """Compute the mask (n,) of rows where a condition is TRUE.

    Args:
        condition: the condition.
        columns: the table of n rows that it reads.

    Raises:
        FilterError: as :func:`select`.
    """
    return selection.row_mask(select(condition, columns), len(columns))


def as_condition(where: str | Condition) -> Condition:
    """Parse a condition given as text; a parsed one is returned as it is. See :func:`moodrec.filters.parse.parse`.

    Raises:
        FilterError: it is neither text nor a condition, or the text cannot be read.
    """
    if not isinstance(where, str):
        if not is_condition(where):
            raise FilterError(f"where takes a condition as text, such as 'calm >= 0.5', not {brief(where)}")
        return where
    return _parser()(where)


@cache
def _parser() -> Callable[[str], Condition]:
    """Import the parser, and with it sqlglot, which takes a while, when the first text comes."""
    from moodrec.filters.parse import parse

    return parse


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Split a condition into the parts that AND joins; any other condition is its own only part."""
    return condition.parts if isinstance(condition, And) else (condition,)


def _test(condition: Leaf, column: Column, columns: ColumnTable) -> Selection:
    if isinstance(condition, IsNull):
        known = column.known()
        return NamedRows(~known, known)
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
    if not {other.column, replace(other, audio=False).column} & set(columns.names):
        raise FilterError(
            f"unknown column {str(other)[:80]}; text goes in single quotes: {shown_value(other.name)}"
        )
    left, right = (_number(columns, field) for field in (condition.field, other))
    return left.compare_column(condition.operator, right)


def _number(columns: ColumnTable, field: Field) -> NumberColumn:
    column = columns.field(field)
    if isinstance(column, PercentileColumn):
        return column.numbers
    if not isinstance(column, NumberColumn):
        raise mismatch(field.name, "no numbers", "compared with another column")
    return column
