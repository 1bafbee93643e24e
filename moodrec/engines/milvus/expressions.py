"""Conditions of :mod:`moodrec.filters` as Milvus expressions, with the logic of three values written out.

A condition is TRUE, FALSE or UNKNOWN. :class:`Verdict` holds an expression for the first and one for the second, and
NOT exchanges them, so nothing depends on what a server makes of NULL. Literals stand in the expression as JSON (the
servers that can be had refuse templates); numbers have been rounded to the column's precision before.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from moodrec.engines.columns import StoredColumn
from moodrec.engines.milvus.fields import ID, FieldPair
from moodrec.errors import FilterError
from moodrec.filters.column_types import NumberColumn, mismatch
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    IsNull,
    Leaf,
    Like,
    Membership,
    Not,
    Or,
    quote_name,
    quote_value,
)
from moodrec.filters.names import hint
from moodrec.schema import TRACK_ID

NOTHING: Final = f'{ID} in [""]'
"""An expression that no track meets: the empty text is no id."""
EVERYTHING: Final = f'{ID} != ""'
_DTYPES: Final = {"float32": np.float32, "float64": np.float64, "whole": np.int64}
Thresholds = Callable[[str, float, float], tuple[float, float] | None]


@dataclass(frozen=True)
class Verdict:
    """The expressions for where a condition is TRUE and where it is FALSE."""

    true: str
    false: str


class Translator:
    """Translates conditions on the columns of one catalogue."""

    def __init__(
        self, columns: Mapping[str, StoredColumn], pairs: Mapping[str, FieldPair], thresholds: Thresholds
    ) -> None:
        """Prepare to translate.

        Args:
            columns: the stored columns by name.
            pairs: the fields of the columns that have some.
            thresholds: looks up what ``pct(column)`` stands for.
        """
        self._columns, self._pairs, self._thresholds = columns, pairs, thresholds

    def expression(self, condition: Condition) -> str:
        """Return the expression for where a condition is TRUE.

        Raises:
            FilterError: it names an unknown column, compares one with a value of another type, or Milvus has no such
                test (ILIKE, patterns that are no beginning of a text, percentiles against a column).
        """
        return self._verdict(condition).true

    def _verdict(self, condition: Condition) -> Verdict:
        if isinstance(condition, Not):
            part = self._verdict(condition.part)
            return Verdict(part.false, part.true)
        if isinstance(condition, And | Or):
            parts = [self._verdict(part) for part in condition.parts]
            words = (" and ", " or ") if isinstance(condition, And) else (" or ", " and ")
            true = words[0].join(f"({part.true})" for part in parts)
            false = words[1].join(f"({part.false})" for part in parts)
            return Verdict(true, false)
        return self._leaf(condition)

    def _leaf(self, leaf: Leaf) -> Verdict:
        column = self._column(leaf.field)
        known = EVERYTHING if column.name == TRACK_ID else self._known(column)
        if isinstance(leaf, IsNull):
            return Verdict(NOTHING if known == EVERYTHING else f"not ({known})", known)
        if column.kind == "null":
            return Verdict(NOTHING, NOTHING)
        if isinstance(leaf, Comparison) and isinstance(leaf.value, Field):
            return self._fields(leaf, column, leaf.value)
        field = ID if column.name == TRACK_ID else self._pairs[column.name].value
        test = _list_test(leaf, column, field) if column.lists else self._test(leaf, column, field)
        return Verdict(f"{known} and ({test})", f"{known} and not ({test})")

    def _known(self, column: StoredColumn) -> str:
        return f"{self._pairs[column.name].known} == true" if column.name in self._pairs else NOTHING

    def _column(self, field: Field) -> StoredColumn:
        column = self._columns.get(field.column)
        if column is None:
            known = hint(field.column, list(self._columns), "columns")
            raise FilterError(f"unknown column {quote_name(field.column)}: {known}")
        if field.kind == "pct" and not column.numbers:
            raise FilterError(f"{field} needs a column of numbers")
        return column

    def _test(self, leaf: Leaf, column: StoredColumn, field: str) -> str:
        if column.kind == "text":
            return _text_test(leaf, column.name, field)
        if column.kind == "flag":
            return _flag_test(leaf, column.name, field)
        return self._number_test(leaf, column, field)

    def _number_test(self, leaf: Leaf, column: StoredColumn, field: str) -> str:
        match leaf:
            case Comparison():
                return _range(leaf, column, field, self._thresholds)
            case Between(field=of, low=low, high=high):
                ends = (Comparison(of, ">=", low), Comparison(of, "<=", high))
                return " and ".join(f"({_range(one, column, field, self._thresholds)})" for one in ends)
            case Membership(field=of, values=values):
                tests = (Comparison(of, "=", value) for value in dict.fromkeys(values))
                return " or ".join(f"({_range(one, column, field, self._thresholds)})" for one in tests)
        raise mismatch(column.name, "numbers", "compared with a LIKE pattern")

    def _fields(self, leaf: Comparison, left: StoredColumn, other: Field) -> Verdict:
        if other.column not in self._columns:
            raise FilterError(
                f"unknown column {other}; text goes in single quotes: {quote_value(other.name)}"
            )
        right = self._column(other)
        for column in (left, right):
            if not column.numbers:
                raise mismatch(column.name, "no numbers", "compared with another column")
        if "pct" in (leaf.field.kind, other.kind):
            raise FilterError(f"{leaf}: percentiles are compared with numbers only in this engine")
        known = f"{self._known(left)} and {self._known(right)}"
        operator = {"=": "==", "<>": "!="}.get(leaf.operator, leaf.operator)
        test = f"{self._pairs[left.name].value} {operator} {self._pairs[right.name].value}"
        return Verdict(f"{known} and ({test})", f"{known} and not ({test})")


def literal(value: Any) -> str:
    """Write a value as a literal: JSON, in which text beyond ASCII stands for itself."""
    return json.dumps(value, ensure_ascii=False)


def _range(leaf: Comparison, column: StoredColumn, field: str, thresholds: Thresholds) -> str:
    """Write a comparison as a closed range of the column's own precision."""
    value: Any = leaf.value
    percentile = leaf.field.kind == "pct"
    dtype = np.float32 if percentile else _DTYPES[column.kind]
    test = NumberColumn(str(leaf.field), np.empty(0, dtype)).compare(leaf.operator, value)
    ends: tuple[float, float] | None = (test.low, test.high)
    if percentile:
        ends = thresholds(column.name, test.low, test.high)
    if ends is None or ends[0] > ends[1]:
        inside = NOTHING
    elif ends[0] == ends[1]:
        inside = f"{field} == {_number(ends[0], column)}"
    else:
        inside = " and ".join(_end(field, op, end, column) for op, end in ((">=", ends[0]), ("<=", ends[1])))
    return f"not ({inside})" if test.outside else inside


def _end(field: str, operator: str, end: float, column: StoredColumn) -> str:
    if math.isinf(end):
        return EVERYTHING
    return f"{field} {operator} {_number(end, column)}"


def _number(value: float, column: StoredColumn) -> str:
    return repr(int(value)) if column.kind == "whole" else repr(float(value))


def _text_test(leaf: Leaf, name: str, field: str) -> str:
    match leaf:
        case Comparison(operator=operator, value=value):
            return (
                f"{field} { {'=': '==', '<>': '!='}.get(operator, operator) } {literal(_text(value, name))}"
            )
        case Between(low=low, high=high):
            return f"{field} >= {literal(_text(low, name))} and {field} <= {literal(_text(high, name))}"
        case Membership(values=values):
            return f"{field} in {literal([_text(one, name) for one in values])}"
        case Like():
            return _beginning(leaf, field)
    raise AssertionError(leaf)


def _beginning(test: Like, field: str) -> str:
    """Write a pattern that is a whole text, or the beginning of one, as a range of texts."""
    begins, rest = _plain(test)
    if rest not in ("", "%") or (test.ignore_case and begins.lower() != begins.upper()):
        raise FilterError(
            f"{test}: Milvus finds texts by their beginning only, in the case that they are in: LIKE 'abc%'"
        )
    if not rest:
        return f"{field} == {literal(begins)}"
    after = _text_after(begins)
    upper = "" if after is None else f" and {field} < {literal(after)}"
    return f"{field} >= {literal(begins)}{upper}"


def _plain(test: Like) -> tuple[str, str]:
    """Split a pattern where its first wildcard stands."""
    found, characters = "", iter(test.pattern)
    for character in characters:
        if character == test.escape:
            following = next(characters, None)
            if following is None:
                raise FilterError(f"the LIKE pattern {test.pattern!r} ends in its ESCAPE character")
            found += following
        elif character in "%_":
            return found, character + "".join(characters)
        else:
            found += character
    return found, ""


def _text_after(text: str) -> str | None:
    """Return the least text beyond all that begin with a text; None where there is none."""
    while text and ord(text[-1]) == sys.maxunicode:
        text = text[:-1]
    if not text:
        return None
    following = ord(text[-1]) + 1
    return text[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def _flag_test(leaf: Leaf, name: str, field: str) -> str:
    match leaf:
        case Comparison(operator=operator, value=bool() as value) if operator in ("=", "<>"):
            return f"{field} == {literal(value == (operator == '='))}"
        case Membership(values=values) if all(isinstance(one, bool) for one in values):
            return " or ".join(f"{field} == {literal(value)}" for value in values)
    raise mismatch(name, "TRUE and FALSE", f"compared as in {leaf}")


def _list_test(leaf: Leaf, column: StoredColumn, field: str) -> str:
    match leaf:
        case Comparison(operator=operator, value=value) if operator in ("=", "<>"):
            element = f"array_contains({field}, {_element(value, column)})"
            return f"not ({element})" if operator == "<>" else element
        case Membership(values=values):
            return f"array_contains_any({field}, [{', '.join(_element(one, column) for one in values)}])"
        case Comparison(operator=operator):
            raise mismatch(column.name, "lists", f"compared with {operator}; use =, <> or IN")
    raise mismatch(column.name, "lists", f"compared as in {leaf}; Milvus knows =, <> and IN of them")


def _element(value: Any, column: StoredColumn) -> str:
    if column.kind == "text":
        return literal(_text(value, column.name))
    if column.kind == "flag" or isinstance(value, bool | str):
        if column.kind != "flag" or not isinstance(value, bool):
            raise mismatch(column.name, "lists of other values", f"compared with {quote_value(value)}")
        return literal(value)
    if column.kind == "whole" and value != int(value):
        raise mismatch(column.name, "lists of whole numbers", f"compared with {value}")
    return _number(np.float32(value) if column.kind == "float32" else value, column)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        shown = quote_value(value) if isinstance(value, bool | int | float) else str(value)
        raise mismatch(name, "text", f"compared with {shown}; use single quotes")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FilterError(f"the condition holds characters that are no text: {value[:60]!r}") from None
    return value
