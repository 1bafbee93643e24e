"""One column as NumPy arrays, and the selections of rows that a test on it stands for.

Rows where the column is NULL are in no selection: neither a test nor its opposite is TRUE there. NaN is NULL.
"""

from __future__ import annotations

import math
import operator
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.arrow_numpy import flags_of
from moodrec.filters.conditions import Like, Operator, Scalar, quote_name, quote_value
from moodrec.filters.patterns import like_pattern
from moodrec.filters.selection import (
    AnyLookup,
    AnyOf,
    Lookup,
    Mask,
    Order,
    Range,
    Rows,
    Selection,
    Table,
    row_mask,
)

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


class Column(Protocol):
    """What every kind of column answers; a test that makes no sense on it is a :class:`FilterError`."""

    def known(self) -> Mask:
        """(n,) rows that are not NULL."""

    def compare(self, op: Operator, value: Scalar) -> Selection:
        """Rows where ``column op value`` is TRUE."""

    def among(self, values: Sequence[Scalar]) -> Selection:
        """Rows where ``column IN (values)`` is TRUE."""

    def like(self, test: Like) -> Selection:
        """Rows where ``column LIKE pattern`` is TRUE."""


def mismatch(name: str, holds: str, asked: str) -> FilterError:
    """The error for a test that does not fit the column's type."""
    return FilterError(f"column {quote_name(name)} holds {holds}, so it cannot be {asked}")


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """Numbers, ``values`` (n,): NaN where NULL in a floating type, else ``present`` (n,) says what is known."""

    name: str
    values: NDArray[Any]
    present: Mask | None = None
    order: Order | None = None

    @property
    def floating(self) -> bool:
        """Whether NULL is NaN here."""
        return self.values.dtype.kind == "f"

    @cached_property
    def _known(self) -> Mask:
        if self.floating:
            known: Mask = ~np.isnan(self.values)
            return known
        return np.ones(len(self.values), bool) if self.present is None else self.present

    def known(self) -> Mask:
        return self._known

    def compare(self, op: Operator, value: Scalar) -> Range:
        if isinstance(value, bool | str):
            raise mismatch(self.name, "numbers", f"compared with {quote_value(value)}")
        low, high = self._float_range(op, value) if self.floating else self._whole_range(op, value)
        return Range(self.values, low, high, op == "<>", self.present, self.order)

    def compare_column(self, op: Operator, other: NumberColumn) -> Rows:
        """Rows where both columns are known and ``column op other`` is TRUE."""
        known = self.known() & other.known()
        true = _NUMPY_OPERATORS[op](self.values, other.values) & known
        return Rows(true, known & ~true)

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in dict.fromkeys(values)))

    def like(self, test: Like) -> Selection:
        raise mismatch(self.name, "numbers", "compared with a LIKE pattern")

    def _float_range(self, op: Operator, literal: int | float) -> tuple[float, float]:
        """The ends that a comparison leaves; the literal is rounded to the column's type first."""
        kind = self.values.dtype.type
        with np.errstate(over="ignore"):
            value = kind(literal)
        if op in ("=", "<>"):
            return float(value), float(value)
        if op in (">", ">="):
            low = value if op == ">=" else np.nextafter(value, kind(math.inf))
            return (float(low), math.inf) if op == ">=" or low != value else EMPTY_RANGE
        high = value if op == "<=" else np.nextafter(value, kind(-math.inf))
        return (-math.inf, float(high)) if op == "<=" or high != value else EMPTY_RANGE

    def _whole_range(self, op: Operator, value: int | float) -> tuple[int, int]:
        """The ends that a comparison with any number leaves of the column's whole numbers."""
        limits = np.iinfo(self.values.dtype)
        low, high = int(limits.min), int(limits.max)
        if op in ("=", "<>"):
            return (int(value), int(value)) if value == int(value) and low <= value <= high else EMPTY_RANGE
        if op in (">", ">="):
            low = max(low, math.ceil(value) if op == ">=" else math.floor(value) + 1)
        else:
            high = min(high, math.floor(value) if op == "<=" else math.ceil(value) - 1)
        return (low, high) if low <= high else EMPTY_RANGE


@dataclass(frozen=True, eq=False)
class FlagColumn:
    """True or false. ``codes`` (n,) int8: 1, 0, or -1 where NULL."""

    name: str
    codes: NDArray[np.int8]

    def known(self) -> Mask:
        known: Mask = self.codes >= 0
        return known

    def compare(self, op: Operator, value: Scalar) -> Lookup:
        if not isinstance(value, bool) or op not in ("=", "<>"):
            raise mismatch(self.name, "TRUE and FALSE", f"compared with {op} {quote_value(value)}")
        passes = value == (op == "=")
        return Lookup(self.codes, np.array([0, not passes, passes], np.uint8))

    def among(self, values: Sequence[Scalar]) -> AnyOf:
        return AnyOf(tuple(self.compare("=", value) for value in values))

    def like(self, test: Like) -> Selection:
        raise mismatch(self.name, "TRUE and FALSE", "compared with a LIKE pattern")


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Text, dictionary-coded: ``codes`` (n,) whole numbers into ``categories``, -1 where NULL.

    A test is decided once a category, then looked up for each row. Order is by Unicode code point.
    """

    name: str
    codes: NDArray[np.signedinteger[Any]]
    categories: pa.Array
    order: Order | None = None

    def known(self) -> Mask:
        known: Mask = self.codes >= 0
        return known

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The categories."""
        return tuple(self.categories.to_pylist())

    @cached_property
    def _present(self) -> Mask | None:
        known = self.known()
        return None if known.all() else known

    def compare(self, op: Operator, value: Scalar) -> Range | Lookup:
        if op in ("=", "<>"):
            code = int(
                pc.index(self.categories, self._text(value)).as_py()
            )  # -1, which no known row has, if absent
            return Range(self.codes, code, code, op == "<>", self._present, self.order)
        return self._look_up(_ARROW_OPERATORS[op](self.categories, self._text(value)))

    def among(self, values: Sequence[Scalar]) -> Lookup:
        wanted = pa.array([self._text(value) for value in values], pa.string())
        return self._look_up(pc.is_in(self.categories, wanted))

    def like(self, test: Like) -> Lookup:
        pattern = like_pattern(test.pattern, test.escape)
        return self._look_up(pc.match_substring_regex(self.categories, pattern, ignore_case=test.ignore_case))

    @cached_property
    def _folded(self) -> dict[str, list[int]]:
        """The categories of each text up to case and outer spaces; blank ones are none."""
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.categories.to_pylist()):
            if folded := fold(text):
                found.setdefault(folded, []).append(code)
        return found

    @cached_property
    def folded_keys(self) -> NDArray[np.int32]:
        """(n,) one number for each text up to case and outer spaces, -1 where NULL or blank."""
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

    def not_folded_among(self, folded: Collection[str]) -> Lookup:
        """Rows whose text, folded, is none of ``folded``; NULL passes."""
        table = np.ones(len(self.categories) + 1, np.uint8)
        for text in folded:
            table[np.array(self._folded.get(text, []), np.int64) + 1] = 0
        return Lookup(self.codes, table)

    def _look_up(self, verdict: pa.Array) -> Lookup:
        return Lookup(self.codes, _table(flags_of(verdict)), self.order)

    def _text(self, value: Scalar) -> str:
        if not isinstance(value, str):
            raise mismatch(self.name, "text", f"compared with {quote_value(value)}; use single quotes")
        return value


@dataclass(frozen=True, eq=False)
class ListColumn:
    """A list a row, its elements dictionary-coded: ``codes`` hold all lists end to end, -1 where NULL.

    ``=``, ``IN`` and ``LIKE`` ask for any element; ``<>`` for none. NULL and empty lists are NULL.
    """

    name: str
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    """(n + 1,) where each list begins."""
    categories: Column
    """The distinct elements."""
    n_categories: int

    @cached_property
    def _known(self) -> Mask:
        anything = self._any(np.ones(self.n_categories, bool))
        return anything.rows()

    def known(self) -> Mask:
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

    def _any(self, verdict: Mask) -> AnyLookup:
        known = self.categories.known()  # a NaN is a category, but no known element
        table: Table = _table(known) | (_table(known & verdict) * np.uint8(2))
        return AnyLookup(self.codes, self.offsets, table)


@dataclass(frozen=True, eq=False)
class NullColumn:
    """A column of NULLs whose type nobody knows: nothing is TRUE of it."""

    name: str
    n_rows: int

    def known(self) -> Mask:
        return np.zeros(self.n_rows, bool)

    def compare(self, op: Operator, value: Scalar) -> Rows:
        return Rows(self.known(), self.known())

    def among(self, values: Sequence[Scalar]) -> Rows:
        return self.compare("=", "")

    def like(self, test: Like) -> Rows:
        return self.compare("=", "")


def fold(text: str) -> str:
    """The text by which names are held to be the same: composed, without case and outer spaces."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def _table(verdict: Mask) -> Table:
    """A verdict a category as the table of a lookup: NULL's entry, 0, comes first."""
    table = np.zeros(len(verdict) + 1, np.uint8)
    table[1:] = verdict
    return table
