"""Which rows pass a filter, as data: tests of single columns, joined by AND and OR.

A selection stands for the rows where a condition is TRUE; its :meth:`opposite` for those where it is FALSE. Where a
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
    """The rows of a column in the order of its values, those of one value as they lie; NULL is left out."""

    rows: NDArray[np.int32]
    """(m,) of the first ``count`` rows."""
    count: int


@dataclass(frozen=True, eq=False)
class Range:
    """Numbers from ``low`` to ``high``, both included; with ``outside``, all others. NaN is in neither."""

    values: NDArray[Any]
    """(n,)"""
    low: float
    high: float
    outside: bool = False
    present: RowMask | None = None
    """(n,) False where NULL; None: known wherever not NaN."""
    order: Order | None = None
    """If it is known."""

    @property
    def nbytes(self) -> int:
        """Bytes that the test takes, those of its column not counted."""
        return 0

    def opposite(self) -> Range:
        """The rows where the test is FALSE."""
        return replace(self, outside=not self.outside)

    def rows(self) -> RowMask:
        """(n,) rows where the test is TRUE."""
        if self.outside:
            found = (self.values < self.low) | (self.values > self.high)
        else:
            found = (self.values >= self.low) & (self.values <= self.high)
        return found if self.present is None else found & self.present


@dataclass(frozen=True, eq=False)
class Lookup:
    """Codes whose entry in a table is 1."""

    codes: NDArray[np.signedinteger[Any]]
    """(n,) -1 where NULL."""
    table: LookupTable
    """(categories + 1,) by code + 1; the first entry is NULL's: 0, but for a test that has no opposite."""
    order: Order | None = None
    """If it is known."""

    @property
    def nbytes(self) -> int:
        """Bytes that the test takes, those of its column not counted."""
        return self.table.nbytes

    def opposite(self) -> Lookup:
        """The rows where the test is FALSE."""
        table = 1 - self.table
        table[0] = 0
        return replace(self, table=table)

    def rows(self) -> RowMask:
        """(n,) rows where the test is TRUE."""
        chosen = np.flatnonzero(self.table)
        if len(chosen) == 1:
            only: RowMask = self.codes == chosen[0] - 1
            return only
        found: RowMask = self.table.view(bool)[self.codes + 1]
        return found


@dataclass(frozen=True, eq=False)
class AnyLookup:
    """Lists of which any element passes; with ``none``, of which no element does. Lists without known elements are
    NULL.
    """

    codes: NDArray[np.int32]
    """(elements,) of all lists end to end, -1 where NULL."""
    offsets: NDArray[np.int64]
    """(n + 1,) where each list begins."""
    table: LookupTable
    """(categories + 1,) by code + 1: 3 where the element passes, 1 where it does not, 0 for NULL."""
    none: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes that the test takes, those of its column not counted."""
        return self.table.nbytes

    def opposite(self) -> AnyLookup:
        """The rows where the test is FALSE."""
        return replace(self, none=not self.none)

    def rows(self) -> RowMask:
        """(n,) rows where the test is TRUE."""
        lengths = np.diff(self.offsets)
        seen = np.zeros(len(lengths), np.uint8)
        filled = np.flatnonzero(lengths)
        if len(filled):
            verdicts = self.table[self.codes + 1]
            seen[filled] = np.bitwise_or.reduceat(verdicts, self.offsets[filled])
        found: RowMask = seen == (1 if self.none else 3)
        return found


@dataclass(frozen=True, eq=False)
class NamedRows:
    """Rows named one by one: what no other test can express."""

    true: RowMask
    """(n,)"""
    false: RowMask
    """(n,)"""

    @property
    def nbytes(self) -> int:
        """Bytes that the test takes."""
        return self.true.nbytes + self.false.nbytes

    def opposite(self) -> NamedRows:
        """The rows where the test is FALSE."""
        return NamedRows(self.false, self.true)

    def rows(self) -> RowMask:
        """(n,) rows where the test is TRUE."""
        return self.true


@dataclass(frozen=True, eq=False)
class AllOf:
    """Rows where every part is TRUE; all rows if there are no parts."""

    parts: tuple[Selection, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that the tests take, those of their columns not counted."""
        return sum(part.nbytes for part in self.parts)

    def opposite(self) -> AnyOf:
        """The rows where some part is FALSE."""
        return AnyOf(tuple(part.opposite() for part in self.parts))


@dataclass(frozen=True, eq=False)
class AnyOf:
    """Rows where some part is TRUE; none if there are no parts."""

    parts: tuple[Selection, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that the tests take, those of their columns not counted."""
        return sum(part.nbytes for part in self.parts)

    def opposite(self) -> AllOf:
        """The rows where every part is FALSE."""
        return AllOf(tuple(part.opposite() for part in self.parts))


Test = Range | Lookup | AnyLookup | NamedRows
Selection = Test | AllOf | AnyOf


def all_of(parts: Iterable[Selection]) -> Selection:
    """The rows where every part is TRUE; ranges of one column become one."""
    ranges: dict[int, Range] = {}
    others: list[Selection] = []
    for part in _flat(parts):
        if not isinstance(part, Range) or part.outside:
            others.append(part)
            continue
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
    """Whether a selection holds a mask of rows."""
    if isinstance(selection, AllOf | AnyOf):
        return any(map(names_rows, selection.parts))
    return isinstance(selection, NamedRows)


def row_mask(selection: Selection, n: int) -> RowMask:
    """(n,) the rows of a selection among ``n``."""
    if isinstance(selection, AllOf):
        return _joined(np.logical_and, selection.parts, n, np.ones)
    if isinstance(selection, AnyOf):
        return _joined(np.logical_or, selection.parts, n, np.zeros)
    return selection.rows()


def _joined(join: Any, parts: Sequence[Selection], n: int, empty: Callable[..., Any]) -> RowMask:
    masks = (row_mask(part, n) for part in parts)
    mask: RowMask = reduce(join, masks) if parts else empty(n, bool)
    return mask


Rows = NamedRows
Mask = RowMask
"""Former names of :class:`NamedRows` and :data:`moodrec.typing.RowMask`, which the index still imports."""
