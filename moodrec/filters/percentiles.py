"""``pct(x)``: each row's percentile among the known values of a column of numbers.

Percentiles rise with the values, so a test of them is a test of the values themselves, and no column of percentiles
is made for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.column_types import EMPTY_RANGE, NumberColumn
from moodrec.filters.conditions import Like, Operator, Scalar
from moodrec.filters.selection import AnyOf, Mask, Range, Selection

Shares = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PercentileColumn:
    """The percentile of a value is the share of the counted values below it, plus half of those equal to it: float32
    in (0, 1).
    """

    column: NumberColumn
    counted: NDArray[Any]
    """The values that count, rising."""

    @property
    def name(self) -> str:
        """As in a condition."""
        return f"pct({self.column.name})"

    def _percentiles(self, values: Any) -> Any:
        below = np.searchsorted(self.counted, values, "left")
        up_to = np.searchsorted(self.counted, values, "right")
        return ((below + up_to) / max(2 * len(self.counted), 1)).astype(np.float32)

    @cached_property
    def numbers(self) -> NumberColumn:
        """A column of the percentiles, NaN where NULL."""
        shares: Shares = self._percentiles(self.column.values)
        shares[~self.column.known()] = np.nan
        return NumberColumn(self.name, shares)

    def known(self) -> Mask:
        return self.column.known()

    def compare(self, op: Operator, value: Scalar) -> Range:
        test = NumberColumn(self.name, np.empty(0, np.float32)).compare(op, value)
        first = self._first(lambda share: share >= test.low)
        end = self._first(lambda share: share > test.high)
        low, high = self.counted[[first, end - 1]].tolist() if first < end else EMPTY_RANGE
        return Range(self.column.values, low, high, test.outside, self.column.present, self.column.order)

    def _first(self, passes: Callable[[Any], bool]) -> int:
        """The first of the values that count whose percentile passes; the number of all, where none does."""
        every = range(len(self.counted))
        return bisect_left(every, True, key=lambda place: passes(self._percentiles(self.counted[place])))

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in dict.fromkeys(values)))

    def like(self, test: Like) -> Selection:
        return NumberColumn(self.name, np.empty(0, np.float32)).like(test)
