"""Each column is held as NumPy arrays, and a test on it becomes a selection of rows.

Rows where the column is NULL are in no selection: neither a test nor its opposite is TRUE there. NaN is NULL.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.arrow_numpy import flags_of
from moodrec.filters.conditions import Like, Operator, Scalar, shown_name, shown_value
from moodrec.filters.patterns import like_pattern
from moodrec.filters.selection import AnyLookup, AnyOf, Lookup, NamedRows, Order, Range, Selection, row_mask
from moodrec.names import compose
from moodrec.names import fold as fold
from moodrec.typing import LookupTable, RowMask

_NUMPY_OPERATORS: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARROW_OPERATORS: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
EMPTY_RANGE: Final = (1, 0)
"""Ends of a range that holds no number."""


class Column(Protocol):
    """The tests that every kind of column supports; a test that makes no sense on a kind raises
    :class:`FilterError`.
    """

    def known(self) -> RowMask:
        """Compute the mask (n,) of rows that are not NULL."""

    def compare(self, op: Operator, value: Scalar) -> Selection:
        """Select the rows where ``column op value`` is TRUE.

        Args:
            op: the comparison.
            value: the literal on its right side.

        Raises:
            FilterError: the literal does not fit the column's type.
        """

    def among(self, values: Sequence[Scalar]) -> Selection:
        """Select the rows where ``column IN (values)`` is TRUE.

        Raises:
            FilterError: a literal does not fit the column's type.
        """

    def like(self, test: Like) -> Selection:
        """Select the rows where ``column LIKE pattern`` is TRUE.

        Raises:
            FilterError: the column does not hold text.
        """


def mismatch(name: str, holds: str, request: str) -> FilterError:
    """Make the error for a test that does not fit the column's type.

    Args:
        name: name of the column.
        holds: what the column holds, such as ``numbers``.
        request: what cannot be done with it, such as ``compared with 'x'``.
    """
    return FilterError(f"column {shown_name(name)} holds {holds}, so it cannot be {request}")


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A column of numbers, ``values`` (n,).

    NULL is NaN in a floating type; in a column of whole numbers ``present`` (n,) is False where NULL.
    """

    name: str
    values: NDArray[Any]
    present: RowMask | None = None
    order: Order | None = None

    @property
    def floating(self) -> bool:
        """Say whether NULL is stored as NaN."""
        return self.values.dtype.kind == "f"

    @cached_property
    def _known(self) -> RowMask:
        if self.floating:
            known: RowMask = ~np.isnan(self.values)
            return known
        return np.ones(len(self.values), bool) if self.present is None else self.present

    def known(self) -> RowMask:
        return self._known

    def compare(self, op: Operator, value: Scalar) -> Range:
        if isinstance(value, bool | str):
            raise mismatch(self.name, "numbers", f"compared with {shown_value(value)}")
        low, high = self._float_range(op, value) if self.floating else self._whole_range(op, value)
        return Range(self.values, low, high, op == "<>", self.present, self.order)

    def compare_column(self, op: Operator, other: NumberColumn) -> NamedRows:
        """Select the rows where both columns are known and ``column op other`` is TRUE.

        Args:
            op: the comparison.
            other: the column on its right side, of the same length.
        """
        known = self.known() & other.known()
        true = _NUMPY_OPERATORS[op](self.values, other.values) & known
        return NamedRows(true, known & ~true)

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in dict.fromkeys(values)))

    def like(self, test: Like) -> Selection:
        raise mismatch(self.name, "numbers", "compared with a LIKE pattern")

    def _float_range(self, op: Operator, literal: int | float) -> tuple[float, float]:
        """Compute the ends of the range that a comparison passes; the literal is rounded to the column's type
        first.
        """
        kind = self.values.dtype.type
        with np.errstate(over="ignore"):  # beyond the greatest number lies infinity
            value = kind(literal)
            above, below = np.nextafter(value, kind(math.inf)), np.nextafter(value, kind(-math.inf))
        if op in ("=", "<>"):
            return float(value), float(value)
        if op in (">", ">="):
            # "Greater than" a float is "at least" the next float, so every test is a closed range.
            low = value if op == ">=" else above
            return (float(low), math.inf) if op == ">=" or low != value else EMPTY_RANGE
        high = value if op == "<=" else below
        return (-math.inf, float(high)) if op == "<=" or high != value else EMPTY_RANGE

    def _whole_range(self, op: Operator, value: int | float) -> tuple[int, int]:
        """Compute the ends of the range of whole numbers that a comparison with any number passes."""
        limits = np.iinfo(self.values.dtype)
        low, high = int(limits.min), int(limits.max)
        if op in ("=", "<>"):
            # No whole number equals 1.5; then = selects no row, and <> all known ones.
            return (int(value), int(value)) if value == int(value) and low <= value <= high else EMPTY_RANGE
        if op in (">", ">="):
            low = max(low, math.ceil(value) if op == ">=" else math.floor(value) + 1)
        else:
            high = min(high, math.floor(value) if op == "<=" else math.ceil(value) - 1)
        return (low, high) if low <= high else EMPTY_RANGE


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of dictionary-coded texts: ``codes`` (n,) are whole numbers into ``categories``, -1 where NULL.

    A test is decided once for each category, then read from a table for each row. Texts are compared in their
    composed form, and ordered by Unicode code point.
    """

    name: str
    codes: NDArray[np.signedinteger[Any]]
    categories: pa.Array
    order: Order | None = None

    def known(self) -> RowMask:
        known: RowMask = self.codes >= 0
        return known

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Give the categories as Python texts."""
        return tuple(self.categories.to_pylist())

    @cached_property
    def _present(self) -> RowMask | None:
        known = self.known()
        return None if known.all() else known

    def compare(self, op: Operator, value: Scalar) -> Range | Lookup:
        text = compose(self._text(value))
        if op in ("=", "<>") and self._composed is self.categories:
            # The code is -1, which no known row has, if no row holds the text.
            code = int(pc.index(self.categories, text).as_py())
            return Range(self.codes, code, code, op == "<>", self._present, self.order)
        return self._lookup(_ARROW_OPERATORS[op](self._composed, text))

    def among(self, values: Sequence[Scalar]) -> Lookup:
        texts = pa.array([compose(self._text(value)) for value in values], pa.string())
        return self._lookup(pc.is_in(self._composed, texts))

    def like(self, test: Like) -> Lookup:
        pattern = like_pattern(compose(test.pattern), test.escape)
        return self._lookup(pc.match_substring_regex(self._composed, pattern, ignore_case=test.ignore_case))

    @cached_property
    def _composed(self) -> pa.Array:
        """The categories in Unicode's composed form (NFC): themselves where all are in it, as most are."""
        if pc.all(pc.string_is_ascii(self.categories), min_count=0).as_py():
            return self.categories
        composed = pc.utf8_normalize(self.categories, "NFC")
        return self.categories if composed.equals(self.categories) else composed

    @cached_property
    def _folded(self) -> dict[str, list[int]]:
        """Group the categories by their folded text, see :func:`moodrec.names.fold`; blank ones are left out."""
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.categories.to_pylist()):
            if folded := fold(text):
                found.setdefault(folded, []).append(code)
        return found

    @cached_property
    def folded_keys(self) -> NDArray[np.int32]:
        """Number the rows (n,) by their folded text: equal names have equal numbers, NULL and blank texts -1."""
        keys = np.full(len(self.categories) + 1, -1, np.int32)
        for key, codes in enumerate(self._folded.values()):
            keys[codes] = key
        of_rows: NDArray[np.int32] = keys[self.codes]
        return of_rows

    @cached_property
    def _key_of(self) -> dict[str, int]:
        """The key of each folded text."""
        return {text: key for key, text in enumerate(self._folded)}

    def keys_beside(self, other: TextColumn) -> NDArray[np.int32]:
        """(n,) one number for each text up to case and outer spaces: the other column's key where it has that text,
        higher ones where it has not, -1 where NULL or blank.
        """
        keys = np.full(len(self.categories) + 1, -1, np.int32)
        further = len(other._key_of)
        for text, codes in self._folded.items():
            known = other._key_of.get(text)
            keys[codes] = further if known is None else known
            further += known is None
        of_rows: NDArray[np.int32] = keys[self.codes]
        return of_rows

    def _lookup(self, verdict: pa.Array) -> Lookup:
        return Lookup(self.codes, _table(flags_of(verdict)), self.order)

    def _text(self, value: Scalar) -> str:
        if not isinstance(value, str):
            raise mismatch(self.name, "text", f"compared with {shown_value(value)}; use single quotes")
        return value


@dataclass(frozen=True, eq=False)
class ListColumn:
    """A column of lists whose elements are dictionary-coded: ``codes`` hold all lists end to end, -1 where NULL.

    ``=``, ``IN`` and ``LIKE`` pass a list of which any element passes; ``<>`` passes one of which none does. NULL
    and empty lists are NULL.
    """

    name: str
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    """(n + 1,) position in ``codes`` where each list begins."""
    categories: Column
    """The distinct elements, as a column."""
    n_categories: int

    @cached_property
    def _known(self) -> RowMask:
        anything = self._any(np.ones(self.n_categories, bool))
        return anything.rows()

    def known(self) -> RowMask:
        return self._known

    def compare(self, op: Operator, value: Scalar) -> AnyLookup:
        if op not in ("=", "<>"):
            raise mismatch(self.name, "lists", f"compared with {op}; use =, <>, IN or LIKE")
        found = self._of(self.categories.compare("=", value))
        return found if op == "=" else found.opposite()

    def among(self, values: Sequence[Scalar]) -> AnyLookup:
        return self._of(self.categories.among(values))

    def like(self, test: Like) -> AnyLookup:
        return self._of(self.categories.like(test))

    def _of(self, elements: Selection) -> AnyLookup:
        return self._any(row_mask(elements, self.n_categories))

    def _any(self, verdict: RowMask) -> AnyLookup:
        known = self.categories.known()  # a NaN is a category, but no known element
        table: LookupTable = _table(known) | (_table(known & verdict) * np.uint8(2))
        return AnyLookup(self.codes, self.offsets, table)


def _table(verdict: RowMask) -> LookupTable:
    """Make the table of a :class:`Lookup` from a verdict per category: entry 0 belongs to NULL."""
    table = np.zeros(len(verdict) + 1, np.uint8)
    table[1:] = verdict
    return table
