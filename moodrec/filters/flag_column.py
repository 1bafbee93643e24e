"""Columns of truth values, and columns that hold only NULL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.column_types import mismatch
from moodrec.filters.conditions import Like, Operator, Scalar, shown_value
from moodrec.filters.selection import AnyOf, Lookup, NamedRows, Selection
from moodrec.typing import RowMask


@dataclass(frozen=True, eq=False)
class FlagColumn:
    """A column of truth values: ``codes`` (n,) int8 is 1 for TRUE, 0 for FALSE, and -1 where NULL."""

    name: str
    codes: NDArray[np.int8]

    def known(self) -> RowMask:
        known: RowMask = self.codes >= 0
        return known

    def compare(self, op: Operator, value: Scalar) -> Lookup:
        if not isinstance(value, bool) or op not in ("=", "<>"):
            raise mismatch(self.name, "TRUE and FALSE", f"compared with {op} {shown_value(value)}")
        passes = value == (op == "=")
        return Lookup(self.codes, np.array([0, not passes, passes], np.uint8))

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in values))

    def like(self, test: Like) -> Selection:
        raise mismatch(self.name, "TRUE and FALSE", "compared with a LIKE pattern")


@dataclass(frozen=True, eq=False)
class NullColumn:
    """A column that holds only NULL, so that its type is unknown: no test is TRUE of it."""

    name: str
    n_rows: int

    def known(self) -> RowMask:
        return np.zeros(self.n_rows, bool)

    def compare(self, op: Operator, value: Scalar) -> NamedRows:
        return NamedRows(self.known(), self.known())

    def among(self, values: Sequence[Scalar]) -> NamedRows:
        return self.compare("=", "")

    def like(self, test: Like) -> NamedRows:
        return self.compare("=", "")
