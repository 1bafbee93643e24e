"""``pct(x)`` is each row's percentile among the known values of a column of numbers.

Percentiles rise with the values, so a test of them is translated to a test of the values themselves, and no column
of percentiles is computed for it.
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
from moodrec.filters.selection import AnyOf, Range, Selection
from moodrec.typing import Float32Array, RowMask


@dataclass(frozen=True, eq=False)
class PercentileColumn:
    """A column of percentiles, float32 in (0, 1), derived from a column of numbers.

    The percentile of a value is the share of the counted values below it, plus half the share of those equal to it.
    """

    column: NumberColumn
    counted: NDArray[Any]
    """The values that count, lowest first."""

    @property
    def name(self) -> str:
        """Give the name as a condition writes it, ``pct(x)``."""
        return f"pct({self.column.name})"

    def _percentiles(self, values: Any) -> Any:
        below = np.searchsorted(self.counted, values, "left")
        up_to = np.searchsorted(self.counted, values, "right")
        return ((below + up_to) / max(2 * len(self.counted), 1)).astype(np.float32)

    @cached_property
    def numbers(self) -> NumberColumn:
        """Compute the percentiles as a column of their own, NaN where NULL."""
        shares: Float32Array = self._percentiles(self.column.values)
        shares[~self.column.known()] = np.nan
        return NumberColumn(self.name, shares)

    def known(self) -> RowMask:
        return self.column.known()

    def compare(self, op: Operator, value: Scalar) -> Range:
        # The test on percentiles is made on an empty column, which rounds the literal and checks its type.
        test = NumberColumn(self.name, np.empty(0, np.float32)).compare(op, value)
        first = self._first(lambda share: share >= test.low)
        end = self._first(lambda share: share > test.high)
        low, high = self.counted[[first, end - 1]].tolist() if first < end else EMPTY_RANGE
        return Range(self.column.values, low, high, test.outside, self.column.present, self.column.order)

    def _first(self, passes: Callable[[Any], bool]) -> int:
        """Find the first of the sorted values whose percentile passes; their number if none does."""
        every = range(len(self.counted))
        return bisect_left(every, True, key=lambda place: passes(self._percentiles(self.counted[place])))

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in dict.fromkeys(values)))

    def like(self, test: Like) -> Selection:
        return NumberColumn(self.name, np.empty(0, np.float32)).like(test)
