"""What all engines must know of one test before they write it in their language.

It holds the part of the definition of filters that does not depend on an engine: which column a field reads, the
closed range of the column's own precision that a comparison of numbers means, which literals fit a column, and what a
test of a list asks of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from moodrec.engines.columns import StoredColumn
from moodrec.errors import FilterError
from moodrec.filters.column_types import NumberColumn, mismatch
from moodrec.filters.conditions import (
    Between,
    Comparison,
    Field,
    Leaf,
    Membership,
    Operator,
    Scalar,
    quote_name,
    quote_value,
)
from moodrec.filters.names import hint
from moodrec.names import compose

_DTYPES: Final = {"float32": np.float32, "float64": np.float64, "whole": np.int64}
_UP_TO: Final[dict[str, Operator]] = {"<": "<=", "<=": "<=", ">": ">", ">=": ">"}
"""What a comparison becomes for the part of a text before its first NUL: no stored text holds one."""
Thresholds = Callable[[str, float, float], tuple[float, float] | None]
"""Returns, for a column and a range of percentiles, the least and the greatest value in that range; None without."""


def column_of(field: Field, columns: Mapping[str, StoredColumn]) -> StoredColumn:
    """Return the stored column that a field reads.

    Args:
        field: the field.
        columns: the stored columns by name.

    Raises:
        FilterError: there is no such column, or the field is a percentile of something else than numbers.
    """
    column = columns.get(field.column)
    if column is None and field.audio:  # without a context, the score is what the audio says
        column = columns.get(replace(field, audio=False).column)
    if column is None:
        known = hint(field.column, list(columns), "columns")
        raise FilterError(f"unknown column {quote_name(field.column)}: {known}")
    if field.kind == "pct" and not column.numbers:
        raise FilterError(f"{field} needs a column of numbers")
    return column


def other_column(other: Field, left: StoredColumn, columns: Mapping[str, StoredColumn]) -> StoredColumn:
    """Return the column on the right side of a comparison of two columns.

    Args:
        other: the field on the right side.
        left: the column on the left side.
        columns: the stored columns by name.

    Raises:
        FilterError: there is no such column, or one of the two holds no numbers.
    """
    if other.column not in columns:
        raise FilterError(f"unknown column {other}; text goes in single quotes: {quote_value(other.name)}")
    right = column_of(other, columns)
    for column in (left, right):
        if not column.numbers:
            raise mismatch(column.name, "no numbers", "compared with another column")
    return right


def comparisons_of(leaf: Leaf, name: str) -> list[Comparison]:
    """Write a test of a number as comparisons, which are joined by AND for BETWEEN, else by OR.

    Args:
        leaf: the test.
        name: the name of the column.

    Raises:
        FilterError: numbers have no such test.
    """
    match leaf:
        case Comparison():
            return [leaf]
        case Between(field, low, high):
            return [Comparison(field, ">=", low), Comparison(field, "<=", high)]
        case Membership(field, values):
            return [Comparison(field, "=", value) for value in dict.fromkeys(values)]
    raise mismatch(name, "numbers", "compared with a LIKE pattern")


@dataclass(frozen=True)
class NumberRange:
    """A closed range of numbers of a column's own precision."""

    low: float
    high: float
    outside: bool
    """Whether the test is TRUE outside the range instead of in it."""

    @property
    def empty(self) -> bool:
        """Whether no number lies in the range."""
        return self.low > self.high


def number_range(leaf: Comparison, column: StoredColumn, thresholds: Thresholds) -> NumberRange:
    """Return the range that a comparison means, as the index of one machine reads it.

    Args:
        leaf: a comparison with a literal.
        column: the column, of numbers.
        thresholds: looks up what ``pct(column)`` stands for.

    Raises:
        FilterError: the literal is no number.
    """
    literal: Any = leaf.value
    percentile = leaf.field.kind == "pct"
    dtype = np.float32 if percentile else _DTYPES[column.kind]
    test = NumberColumn(str(leaf.field), np.empty(0, dtype)).compare(leaf.operator, literal)
    ends: tuple[float, float] | None = (test.low, test.high)
    if percentile:
        ends = thresholds(column.name, test.low, test.high)
    low, high = (1, 0) if ends is None else ends
    return NumberRange(low, high, test.outside)


def element_test(leaf: Leaf, column: StoredColumn) -> tuple[Leaf, bool]:
    """Return what a test of a list asks of its elements, and whether it is TRUE where none of them meets that.

    A list meets a test where any element does; ``<>`` is the opposite of ``=``.

    Args:
        leaf: the test.
        column: the column, of lists.

    Raises:
        FilterError: lists have no such test.
    """
    if isinstance(leaf, Between):
        raise mismatch(column.name, "lists", "compared with BETWEEN; use =, <>, IN or LIKE")
    if not isinstance(leaf, Comparison):
        return leaf, False
    if leaf.operator not in ("=", "<>"):
        raise mismatch(column.name, "lists", f"compared with {leaf.operator}; use =, <>, IN or LIKE")
    return Comparison(leaf.field, "=", leaf.value), leaf.operator == "<>"


def flag_test(leaf: Leaf, name: str) -> tuple[bool, list[bool]]:
    """Return whether a test of a flag is negated, and the values that it names.

    Args:
        leaf: the test.
        name: the name of the column.

    Raises:
        FilterError: flags have no such test.
    """
    match leaf:
        case Comparison(operator=("=" | "<>") as operator, value=bool() as literal):
            return operator == "<>", [literal]
        case Membership(values=values) if all(isinstance(one, bool) for one in values):
            return False, [bool(one) for one in values]
        case Comparison(operator=operator, value=literal):
            shown = quote_value(literal.name if isinstance(literal, Field) else literal)
            raise mismatch(name, "TRUE and FALSE", f"compared with {operator} {shown}")
        case Membership(values=values):
            literals: tuple[Scalar, ...] = values
            raise mismatch(name, "TRUE and FALSE", f"compared with {', '.join(map(quote_value, literals))}")
        case Between(low=low):
            raise mismatch(name, "TRUE and FALSE", f"compared with >= {quote_value(low)}")
    raise mismatch(name, "TRUE and FALSE", "compared with a LIKE pattern")


def text_test(leaf: Comparison | Membership, name: str) -> tuple[bool, list[str]]:
    """Return whether a test of equality is negated, and the texts that it names, in composed form.

    Args:
        leaf: a comparison with ``=`` or ``<>``, or an IN.
        name: the name of the column.

    Raises:
        FilterError: a literal is no text.
    """
    if isinstance(leaf, Membership):
        return False, [checked_text(one, name) for one in leaf.values]
    return leaf.operator == "<>", [checked_text(leaf.value, name)]


def checked_text(value: object, name: str) -> str:
    """Return a literal that is compared with a text, in composed form.

    Args:
        value: the literal.
        name: the name of the column.

    Raises:
        FilterError: the literal is no text, or holds characters that are no text.
    """
    if not isinstance(value, str):
        shown = quote_value(value) if isinstance(value, bool | int | float) else str(value)
        raise mismatch(name, "text", f"compared with {shown}; use single quotes")
    require_encodable(value)
    return compose(value)


def storable(texts: list[str]) -> list[str]:
    """List texts without those that hold the character NUL, which no stored text does."""
    return [one for one in texts if "\0" not in one]


def before_nul(operator: Operator, text: str) -> tuple[Operator, str] | None:
    """Write a comparison with a text as one with its part before the character NUL, which no stored text holds.

    Args:
        operator: the comparison.
        text: the literal.

    Returns:
        The comparison and its text; None for ``=`` and ``<>``, which no stored text and every stored text meets.
    """
    before, nul, _ = text.partition("\0")
    if not nul:
        return operator, text
    return None if operator in ("=", "<>") else (_UP_TO[operator], before)


def require_encodable(text: str) -> None:
    """Check that a text can be written as UTF-8.

    Raises:
        FilterError: it holds characters that are no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FilterError(f"the condition holds characters that are no text: {text[:60]!r}") from None
