"""One column as NumPy arrays, and the masks of rows that a test on it selects.

A mask holds the rows where a test is TRUE. Rows where the column is NULL are in none: neither the test nor
its opposite is TRUE there, so that the opposite is ``known() & ~mask``. NaN is NULL.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.conditions import Like, Operator, Scalar, quote_name, quote_value

Mask = NDArray[np.bool_]

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


class Column(Protocol):
    """What every kind of column answers; a test that makes no sense on it is a :class:`FilterError`."""

    def known(self) -> Mask:
        """Rows that are not NULL."""

    def compare(self, op: Operator, value: Scalar) -> Mask:
        """Rows where ``column op value`` is TRUE."""

    def among(self, values: Sequence[Scalar]) -> Mask:
        """Rows where ``column IN (values)`` is TRUE."""

    def like(self, test: Like) -> Mask:
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

    def known(self) -> Mask:
        if self.values.dtype.kind == "f":
            known: Mask = ~np.isnan(self.values)
            return known
        return np.ones(len(self.values), bool) if self.present is None else self.present

    def compare(self, op: Operator, value: Scalar) -> Mask:
        return self._test(op, self._rounded(value))

    def compare_column(self, op: Operator, other: NumberColumn) -> Mask:
        """Rows where both columns are known and ``column op other`` is TRUE."""
        return self._test(op, other.values) & other.known()

    def among(self, values: Sequence[Scalar]) -> Mask:
        wanted = [self._rounded(value) for value in values]
        if self.values.dtype.kind != "f":
            limits = np.iinfo(self.values.dtype)
            wanted = [value for value in wanted if value == int(value) and limits.min <= value <= limits.max]
        mask = np.isin(self.values, np.array(wanted, self.values.dtype))
        return mask if self.present is None else mask & self.present

    def like(self, test: Like) -> Mask:
        raise mismatch(self.name, "numbers", "compared with a LIKE pattern")

    def _test(self, op: Operator, value: Any) -> Mask:
        mask: Mask = _NUMPY_OPERATORS[op](self.values, value)
        if self.values.dtype.kind == "f":
            # NaN <> x is the one comparison with NaN that NumPy finds true.
            return mask & self.known() if op == "<>" else mask
        return mask if self.present is None else mask & self.present

    def _rounded(self, value: Scalar) -> Any:
        """A literal in the column's floating type; integers are compared with any number as they are."""
        if isinstance(value, bool | str):
            raise mismatch(self.name, "numbers", f"compared with {quote_value(value)}")
        if self.values.dtype.kind != "f":
            return value
        with np.errstate(over="ignore"):
            return self.values.dtype.type(value)


@dataclass(frozen=True, eq=False)
class FlagColumn:
    """True or false. ``values`` (n,) int8: 1, 0, or -1 where NULL."""

    name: str
    values: NDArray[np.int8]

    def known(self) -> Mask:
        known: Mask = self.values >= 0
        return known

    def compare(self, op: Operator, value: Scalar) -> Mask:
        if not isinstance(value, bool) or op not in ("=", "<>"):
            raise mismatch(self.name, "TRUE and FALSE", f"compared with {op} {quote_value(value)}")
        mask: Mask = self.values == int(value == (op == "="))
        return mask

    def among(self, values: Sequence[Scalar]) -> Mask:
        return reduce(np.logical_or, [self.compare("=", value) for value in values])

    def like(self, test: Like) -> Mask:
        raise mismatch(self.name, "TRUE and FALSE", "compared with a LIKE pattern")


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Text, dictionary-coded: ``codes`` (n,) int32 into ``categories``, -1 where NULL.

    A test is decided once a category, then looked up for each row. Order is by Unicode code point.
    """

    name: str
    codes: NDArray[np.int32]
    categories: pa.Array

    def known(self) -> Mask:
        return self.codes >= 0

    def compare(self, op: Operator, value: Scalar) -> Mask:
        return self._look_up(_ARROW_OPERATORS[op](self.categories, self._text(value)))

    def among(self, values: Sequence[Scalar]) -> Mask:
        wanted = pa.array([self._text(value) for value in values], pa.string())
        return self._look_up(pc.is_in(self.categories, wanted))

    def like(self, test: Like) -> Mask:
        pattern = like_pattern(test.pattern, test.escape)
        return self._look_up(pc.match_substring_regex(self.categories, pattern, ignore_case=test.ignore_case))

    @cached_property
    def folded_keys(self) -> NDArray[np.int32]:
        """(n,) one number for each text up to case and outer spaces, -1 where NULL or blank."""
        numbers: dict[str, int] = {"": -1}
        keys = [numbers.setdefault(fold(text), len(numbers) - 1) for text in self.categories.to_pylist()]
        return np.array([*keys, -1], np.int32)[self.codes]

    def folded_among(self, folded: Collection[str]) -> Mask:
        """Rows whose text, folded, is one of ``folded``."""
        verdict = [fold(text) in folded for text in self.categories.to_pylist()]
        return self._look_up(pa.array(verdict, pa.bool_()))

    def _look_up(self, verdict: pa.Array) -> Mask:
        by_category = np.zeros(len(self.categories) + 1, bool)  # the last is what code -1 finds
        by_category[:-1] = verdict.to_numpy(zero_copy_only=False)
        chosen = np.flatnonzero(by_category)
        return self.codes == chosen[0] if len(chosen) == 1 else by_category[self.codes]

    def _text(self, value: Scalar) -> str:
        if not isinstance(value, str):
            raise mismatch(self.name, "text", f"compared with {quote_value(value)}; use single quotes")
        return value


@dataclass(frozen=True, eq=False)
class ListColumn:
    """A list a row. ``elements`` hold all lists end to end, ``rows`` (elements,) the row of each.

    ``=``, ``IN`` and ``LIKE`` ask for any element; ``<>`` for none. NULL and empty lists are NULL.
    """

    name: str
    elements: Column
    rows: NDArray[np.int64]
    n_rows: int

    @cached_property
    def _known(self) -> Mask:
        return self._any(self.elements.known())

    def known(self) -> Mask:
        return self._known

    def compare(self, op: Operator, value: Scalar) -> Mask:
        if op not in ("=", "<>"):
            raise mismatch(self.name, "lists", f"compared with {op}; use =, <>, IN or LIKE")
        found = self._any(self.elements.compare("=", value))
        return found if op == "=" else self._known & ~found

    def among(self, values: Sequence[Scalar]) -> Mask:
        return self._any(self.elements.among(values))

    def like(self, test: Like) -> Mask:
        return self._any(self.elements.like(test))

    def _any(self, mask: Mask) -> Mask:
        found = np.zeros(self.n_rows, bool)
        found[self.rows[mask]] = True
        return found


@dataclass(frozen=True, eq=False)
class NullColumn:
    """A column of NULLs whose type nobody knows: nothing is TRUE of it."""

    name: str
    n_rows: int

    def known(self) -> Mask:
        return np.zeros(self.n_rows, bool)

    def compare(self, op: Operator, value: Scalar) -> Mask:
        return self.known()

    def among(self, values: Sequence[Scalar]) -> Mask:
        return self.known()

    def like(self, test: Like) -> Mask:
        return self.known()


def fold(text: str) -> str:
    """The text by which names are held to be the same: composed, without case and outer spaces."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def like_pattern(pattern: str, escape: str | None) -> str:
    """A LIKE pattern as a regular expression (RE2) that matches the whole text."""
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(_escaped(characters, pattern)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return rf"(?s)\A{''.join(parts)}\z"


def _escaped(characters: Iterator[str], pattern: str) -> str:
    for character in characters:
        return character
    raise FilterError(f"the LIKE pattern {pattern!r} ends in its ESCAPE character")
