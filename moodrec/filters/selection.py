"""A selection describes as data which rows pass a filter: tests of single columns, joined by AND and OR.

A selection stands for the rows where a condition is TRUE, and its ``opposite`` for those where it is FALSE. Where a
column is NULL neither holds, so that NOT needs no third value. :func:`row_mask` evaluates a selection over all rows
with NumPy; the index's kernel evaluates the same over some rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.typing import LookupTable, RowMask


@dataclass(frozen=True, eq=False)
class Order:
    """The rows of a column sorted by its values; rows of equal values keep their order, and NULL is left out."""

    rows: NDArray[np.int32]
    """(m,) the sorted rows, among the first ``count`` rows of the column."""
    count: int
    """Number of rows of the column that were sorted; later rows are not in the order."""


@dataclass(frozen=True, eq=False)
class Range:
    """Passes numbers from ``low`` to ``high``, both included, or with ``outside`` all others; NaN passes neither."""

    values: NDArray[Any]
    """(n,) the column."""
    low: float
    high: float
    outside: bool = False
    present: RowMask | None = None
    """(n,) False where NULL; None if every number that is not NaN is known."""
    order: Order | None = None
    """The order of the column, if it is known."""

    @property
    def nbytes(self) -> int:
        """Count the bytes that the test takes beyond those of its column."""
        return 0

    def opposite(self) -> Range:
        """Select the rows where the test is FALSE."""
        return replace(self, outside=not self.outside)

    def rows(self) -> RowMask:
        """Compute the mask (n,) of rows where the test is TRUE."""
        if self.outside:
            found = (self.values < self.low) | (self.values > self.high)
        else:
            found = (self.values >= self.low) & (self.values <= self.high)
        return found if self.present is None else found & self.present


@dataclass(frozen=True, eq=False)
class Lookup:
    """Passes the rows whose code has the entry 1 in a table."""

    codes: NDArray[np.signedinteger[Any]]
    """(n,) category of each row, -1 where NULL."""
    table: LookupTable
    """(categories + 1,) entry of each category at ``code + 1``. The first entry, NULL's, is 0, except in a test
    that has no opposite.
    """
    order: Order | None = None
    """The order of the column, if it is known."""

    @property
    def nbytes(self) -> int:
        """Count the bytes that the test takes beyond those of its column."""
        return self.table.nbytes

    def opposite(self) -> Lookup:
        """Select the rows where the test is FALSE."""
        table = 1 - self.table
        table[0] = 0  # NULL is neither TRUE nor FALSE
        return replace(self, table=table)

    def rows(self) -> RowMask:
        """Compute the mask (n,) of rows where the test is TRUE."""
        chosen = np.flatnonzero(self.table)
        # Comparing with one code is faster than reading a table for every row.
        if len(chosen) == 1:
            only: RowMask = self.codes == chosen[0] - 1
            return only
        found: RowMask = self.table.view(bool)[self.codes + 1]
        return found


@dataclass(frozen=True, eq=False)
class AnyLookup:
    """Passes lists of which any element passes, or with ``none`` lists of which no element does.

    A list without known elements is NULL.
    """

    codes: NDArray[np.int32]
    """(elements,) categories of the elements of all lists, end to end; -1 where NULL."""
    offsets: NDArray[np.int64]
    """(n + 1,) position in ``codes`` where each list begins."""
    table: LookupTable
    """(categories + 1,) by code + 1: 3 where the element passes, 1 where it does not, 0 for NULL."""
    none: bool = False

    @property
    def nbytes(self) -> int:
        """Count the bytes that the test takes beyond those of its column."""
        return self.table.nbytes

    def opposite(self) -> AnyLookup:
        """Select the rows where the test is FALSE."""
        return replace(self, none=not self.none)

    def rows(self) -> RowMask:
        """Compute the mask (n,) of rows where the test is TRUE."""
        lengths = np.diff(self.offsets)
        seen = np.zeros(len(lengths), np.uint8)
        filled = np.flatnonzero(lengths)
        if len(filled):
            # Entries are bits (1: known, 2: passes), so that OR over a list says if any element passes.
            verdicts = self.table[self.codes + 1]
            seen[filled] = np.bitwise_or.reduceat(verdicts, self.offsets[filled])
        found: RowMask = seen == (1 if self.none else 3)
        return found


@dataclass(frozen=True, eq=False)
class NamedRows:
    """Passes rows that are listed one by one, for tests that no other class can express."""

    true: RowMask
    """(n,) the rows where the test is TRUE."""
    false: RowMask
    """(n,) the rows where the test is FALSE; the others are NULL."""

    @property
    def nbytes(self) -> int:
        """Count the bytes that the test takes."""
        return self.true.nbytes + self.false.nbytes

    def opposite(self) -> NamedRows:
        """Select the rows where the test is FALSE."""
        return NamedRows(self.false, self.true)

    def rows(self) -> RowMask:
        """Compute the mask (n,) of rows where the test is TRUE."""
        return self.true


@dataclass(frozen=True, eq=False)
class AllOf:
    """Passes the rows where every part is TRUE; all rows if there are no parts."""

    parts: tuple[Selection, ...]

    @property
    def nbytes(self) -> int:
        """Count the bytes that the tests take beyond those of their columns."""
        return sum(part.nbytes for part in self.parts)

    def opposite(self) -> AnyOf:
        """Select the rows where some part is FALSE."""
        return AnyOf(tuple(part.opposite() for part in self.parts))


@dataclass(frozen=True, eq=False)
class AnyOf:
    """Passes the rows where some part is TRUE; no row if there are no parts."""

    parts: tuple[Selection, ...]

    @property
    def nbytes(self) -> int:
        """Count the bytes that the tests take beyond those of their columns."""
        return sum(part.nbytes for part in self.parts)

    def opposite(self) -> AllOf:
        """Select the rows where every part is FALSE."""
        return AllOf(tuple(part.opposite() for part in self.parts))


Test = Range | Lookup | AnyLookup | NamedRows
Selection = Test | AllOf | AnyOf


def all_of(parts: Iterable[Selection]) -> Selection:
    """Select the rows where every part is TRUE; several ranges of one column are merged into one."""
    ranges: dict[int, Range] = {}
    others: list[Selection] = []
    for part in _flat(parts):
        if not isinstance(part, Range) or part.outside:
            others.append(part)
            continue
        # Ranges of one column share its array, by whose identity they are merged.
        before = ranges.get(id(part.values), part)
        low, high = max(part.low, before.low), min(part.high, before.high)
        ranges[id(part.values)] = replace(part, low=low, high=high)
    every = (*ranges.values(), *others)
    return every[0] if len(every) == 1 else AllOf(every)


def _flat(parts: Iterable[Selection]) -> Iterator[Selection]:
    for part in parts:
        if isinstance(part, AllOf):
            yield from _flat(part.parts)
        else:
            yield part


def names_rows(selection: Selection) -> bool:
    """Say whether a selection holds a mask of rows."""
    if isinstance(selection, AllOf | AnyOf):
        return any(map(names_rows, selection.parts))
    return isinstance(selection, NamedRows)


def row_mask(selection: Selection, n: int) -> RowMask:
    """Evaluate a selection over all rows.

    Args:
        selection: the tests.
        n: number of rows.

    Returns:
        (n,) mask of the rows that pass.
    """
    if isinstance(selection, AllOf):
        return _joined(np.logical_and, selection.parts, n, np.ones)
    if isinstance(selection, AnyOf):
        return _joined(np.logical_or, selection.parts, n, np.zeros)
    return selection.rows()


def _joined(join: Any, parts: Sequence[Selection], n: int, empty: Callable[..., Any]) -> RowMask:
    masks = (row_mask(part, n) for part in parts)
    mask: RowMask = reduce(join, masks) if parts else empty(n, bool)
    return mask
