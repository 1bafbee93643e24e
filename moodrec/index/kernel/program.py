"""Translates a filter, as a selection of rows, to the steps that the kernel runs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import AllOf, AnyLookup, AnyOf, Lookup, Order, Range, Selection, Test
from moodrec.index.kernel.binding import Filter, Step, address, empty, library
from moodrec.typing import RowMask

_RANGE, _LOOKUP, _ANY_LOOKUP, _MASK, _CONSTANT, _AND, _OR = range(7)
_DTYPES: Final = {
    np.dtype(name): number
    for number, name in enumerate(("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"))
}
_WHOLE: Final = _DTYPES[np.dtype("i8")]
_WORD: Final = 64
_FEW_CODES: Final = 16
"""A lookup that passes at most so many codes finds its rows in the sorted column, one code after another."""


class Program:
    """The steps by which the kernel tests a selection over some rows at a time.

    Tests put masks on a stack, and connectives join the two masks on its top.
    """

    def __init__(self, selection: Selection | None) -> None:
        self._kept: list[NDArray[Any]] = []
        self._made: list[Step] = []
        self._n_ordered = 0
        self.height = 1
        if selection is not None:
            self._add(selection, 1)
        n_steps = len(self._made)
        self.filter = Filter((Step * max(1, n_steps))(*self._made), n_steps, self.height, self._n_ordered)
        self.filter.kept = self._kept  # whoever keeps the steps keeps the arrays that they point to

    def mask(self, n: int) -> tuple[RowMask, int]:
        """Return (n,) True for the rows that pass, and their number."""
        found, place = empty(n, np.bool_)
        passed: int = library().moodrec_mask(self.filter, n, place)
        if passed < 0:
            raise MemoryError
        return found, passed

    def sample(self, n: int) -> float:
        """Estimate the share of ``n`` rows that pass from some thousands of them."""
        share: float = library().moodrec_sample(self.filter, n)
        if share < 0:
            raise MemoryError
        return share

    def _add(self, selection: Selection, height: int) -> None:
        """Add the steps that put a selection's mask on the stack, which then holds ``height`` masks."""
        self.height = max(self.height, height)
        if not isinstance(selection, AllOf | AnyOf):
            self._made.append(self._test(selection))
            return
        if not selection.parts:
            self._made.append(Step(_CONSTANT, 0, isinstance(selection, AnyOf)))
            return
        joins = []
        for i, part in enumerate(selection.parts):
            self._add(part, height + (i > 0))
            if i > 0:
                self._made.append(Step(_AND if isinstance(selection, AllOf) else _OR))
            joins.append(self._made[-1])
        if isinstance(selection, AllOf):
            for step in joins[:-1]:
                step.jump = len(self._made)  # once no row is left, the other parts can change nothing

    def _test(self, test: Test) -> Step:
        if isinstance(test, Range):
            return self._range(test)
        if isinstance(test, Lookup):
            dtype = _DTYPES[test.codes.dtype]
            step = Step(_LOOKUP, dtype, 0, 0, self._at(test.codes), None, self._at(test.table))
            passing = np.flatnonzero(test.table)
            if len(test.table) <= _WORD:
                step.bits = sum(1 << entry for entry in passing.tolist())
            if len(passing) <= _FEW_CODES and not test.table[0]:  # which is NULL's
                step.chosen, step.n_chosen = self._at(passing - 1), len(passing)
                self._order(step, test.order)
            return step
        if isinstance(test, AnyLookup):
            tables = (self._at(test.codes), None, self._at(test.table), self._at(test.offsets))
            return Step(_ANY_LOOKUP, 0, test.none, 0, *tables)
        return Step(_MASK, 0, 0, 0, self._at(test.true))

    def _range(self, test: Range) -> Step:
        dtype = _DTYPES[test.values.dtype]
        present = None if test.present is None else self._at(test.present)
        columns = (self._at(test.values), present, None, None)
        step = Step(_RANGE, dtype, test.outside, 0, *columns)
        if dtype <= _WHOLE:
            step.whole_low, step.whole_high = int(test.low), int(test.high)
        else:
            step.low, step.high = test.low, test.high
        if not test.outside:
            self._order(step, test.order)
        return step

    def _order(self, step: Step, order: Order | None) -> None:
        """Give a step the rows sorted by its column, if they are known and cover as many rows as those of
        other steps.
        """
        if order is not None and self._n_ordered in (0, order.count):
            step.order, step.n_order, self._n_ordered = self._at(order.rows), len(order.rows), order.count

    def _at(self, array: NDArray[Any]) -> int:
        piece = np.ascontiguousarray(array)
        self._kept.append(piece)  # the steps hold addresses alone, which keep no array alive
        return address(piece)
