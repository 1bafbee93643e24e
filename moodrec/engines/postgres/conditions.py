"""Conditions of :mod:`moodrec.filters` as SQL with bound parameters, with the same three-valued logic.

NULL needs no care of its own: a comparison with it is NULL in SQL as it is here. What needs care is everything in
which databases differ from the definition: numbers are compared after the literal has been rounded to the column's
precision, texts by code point, LIKE has no escape character unless one is given, ILIKE folds case as RE2 does, and a
list meets a test where any element does. Values never become part of the SQL text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from moodrec.engines.columns import StoredColumn
from moodrec.engines.postgres.caseless import expression
from moodrec.engines.postgres.tables import MAIN, identifier
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
    Operator,
    Or,
    Scalar,
    quote_name,
    quote_value,
)
from moodrec.filters.names import hint
from moodrec.filters.patterns import like_pattern
from moodrec.names import compose
from moodrec.schema import ARTIST

_DTYPES: Final = {"float32": np.float32, "float64": np.float64, "whole": np.int64}
_UP_TO: Final[dict[str, Operator]] = {"<": "<=", "<=": "<=", ">": ">", ">=": ">"}
"""What a comparison becomes for the part of a text before its first NUL: no stored text holds one."""


@dataclass(frozen=True)
class Sql:
    """A piece of SQL in psycopg's notation, and the values of its ``%s``."""

    text: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        return joined((self, other), "AND")


TRUE: Final = Sql("TRUE")
Thresholds = Callable[[str, float, float], tuple[float, float] | None]
"""Returns, for a column and a range of percentiles, the least and the greatest value in that range; None without."""


def joined(parts: tuple[Sql, ...], word: str) -> Sql:
    """Join conditions.

    Args:
        parts: at least one condition.
        word: ``AND`` or ``OR``.
    """
    text = f" {word} ".join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.values))


class Translator:
    """Translates conditions on the columns of one track table."""

    def __init__(self, columns: Mapping[str, StoredColumn], thresholds: Thresholds) -> None:
        """Prepare to translate.

        Args:
            columns: the stored columns by name.
            thresholds: looks up what ``pct(column)`` stands for.
        """
        self._columns, self._thresholds = columns, thresholds

    def condition(self, condition: Condition) -> Sql:
        """Translate a condition.

        Raises:
            FilterError: it names an unknown column, compares one with a value of another type, or compares
                percentiles with another column.
        """
        if isinstance(condition, Not):
            part = self.condition(condition.part)
            return Sql(f"NOT ({part.text})", part.values)
        if isinstance(condition, And | Or):
            word = "AND" if isinstance(condition, And) else "OR"
            return joined(tuple(map(self.condition, condition.parts)), word)
        return self._leaf(condition)

    def _leaf(self, leaf: Leaf) -> Sql:
        column = self._column(leaf.field)
        if isinstance(leaf, IsNull):
            return Sql(f"NOT {_known(column)}" if column.lists else f"{identifier(column.name)} IS NULL")
        if column.kind == "null":
            return Sql("NULL::boolean")
        if isinstance(leaf, Comparison) and isinstance(leaf.value, Field):
            return self._fields(leaf, column, leaf.value)
        if column.lists:
            return self._list(leaf, column)
        return self._single(leaf, column, identifier(column.name))

    def _column(self, field: Field) -> StoredColumn:
        column = self._columns.get(field.column)
        if column is None and field.audio:  # without a context, the score is what the audio says
            column = self._columns.get(replace(field, audio=False).column)
        if column is None:
            known = hint(field.column, list(self._columns), "columns")
            raise FilterError(f"unknown column {quote_name(field.column)}: {known}")
        if field.kind == "pct" and not column.numbers:
            raise FilterError(f"{field} needs a column of numbers")
        return column

    def _single(self, leaf: Leaf, column: StoredColumn, value: str) -> Sql:
        """Translate a test of one value, whose SQL is ``value``."""
        if column.kind == "text":
            return (
                _artist(leaf, column.name, value)
                if value == identifier(ARTIST)
                else _text(leaf, column.name, value)
            )
        if column.kind == "flag":
            return _flag(leaf, column.name, value)
        return self._number(leaf, column, value)

    def _list(self, leaf: Leaf, column: StoredColumn) -> Sql:
        """A list meets a test where any element does; ``<>`` is the opposite of ``=``."""
        negate = isinstance(leaf, Comparison) and leaf.operator == "<>"
        if isinstance(leaf, Comparison):
            if leaf.operator not in ("=", "<>"):
                raise mismatch(column.name, "lists", f"compared with {leaf.operator}; use =, <>, IN or LIKE")
            leaf = Comparison(leaf.field, "=", leaf.value)
        if isinstance(leaf, Between):
            raise mismatch(column.name, "lists", "compared with BETWEEN; use =, <>, IN or LIKE")
        test = self._single(leaf, StoredColumn(column.name, column.kind), "element")
        name = identifier(column.name)
        found = f"EXISTS (SELECT 1 FROM unnest({name}) AS element WHERE {test.text})"
        return Sql(f"CASE WHEN {_known(column)} THEN {'NOT ' if negate else ''}{found} END", test.values)

    def _number(self, leaf: Leaf, column: StoredColumn, value: str) -> Sql:
        tests = [_range(one, column, value, self._thresholds) for one in _comparisons(leaf, column.name)]
        return (
            tests[0]
            if len(tests) == 1
            else joined(tuple(tests), "AND" if isinstance(leaf, Between) else "OR")
        )

    def _fields(self, leaf: Comparison, left: StoredColumn, other: Field) -> Sql:
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
        names = (identifier(column.name) for column in (left, right))
        return Sql("{0}::float8 {op} {1}::float8".format(*names, op=leaf.operator))


def _known(column: StoredColumn) -> str:
    name = identifier(column.name)
    return f"(cardinality(array_remove({name}, NULL)) IS NOT NULL AND cardinality(array_remove({name}, NULL)) > 0)"


def _comparisons(leaf: Leaf, name: str) -> list[Comparison]:
    """Write a test of a number as comparisons, which are joined by AND for BETWEEN, else by OR."""
    match leaf:
        case Comparison():
            return [leaf]
        case Between(field, low, high):
            return [Comparison(field, ">=", low), Comparison(field, "<=", high)]
        case Membership(field, values):
            return [Comparison(field, "=", value) for value in dict.fromkeys(values)]
    raise mismatch(name, "numbers", "compared with a LIKE pattern")


def _range(leaf: Comparison, column: StoredColumn, value: str, thresholds: Thresholds) -> Sql:
    """Translate a comparison to a closed range of the column's own precision, as the index of one machine does."""
    literal: Any = leaf.value
    percentile = leaf.field.kind == "pct"
    dtype = np.float32 if percentile else _DTYPES[column.kind]
    test = NumberColumn(str(leaf.field), np.empty(0, dtype)).compare(leaf.operator, literal)
    ends: tuple[float, float] | None = (test.low, test.high)
    if percentile:
        ends = thresholds(column.name, test.low, test.high)
    if ends is None or ends[0] > ends[1]:
        # No number lies in the range; a NULL is still neither in it nor outside it.
        return Sql(f"{value} = {value}" if test.outside else f"{value} <> {value}")
    between = "NOT BETWEEN" if test.outside else "BETWEEN"
    return Sql(f"{value} {between} %s AND %s", ends)


def _artist(leaf: Leaf, name: str, value: str) -> Sql:
    """Translate a test of the artist: ``=``, ``<>`` and ``IN`` find each main artist that the text names."""
    match leaf:
        case Comparison(operator=("=" | "<>") as operator, value=literal):
            negate = "NOT " if operator == "<>" else ""
            texts = [_checked_text(literal, name)]
        case Membership(values=values):
            negate, texts = "", [_checked_text(one, name) for one in values]
        case _:
            return _text(leaf, name, value)
    found = [text for text in texts if "\0" not in text]
    return Sql(f"CASE WHEN {value} IS NOT NULL THEN {negate}{MAIN} && %s::text[] END", (found,))


def _text(leaf: Leaf, name: str, value: str) -> Sql:
    match leaf:
        case Comparison(operator=operator, value=literal):
            return _text_comparison(operator, _checked_text(literal, name), value)
        case Between(low=low, high=high):
            ends = (
                _text_comparison(op, _checked_text(end, name), value)
                for op, end in ((">=", low), ("<=", high))
            )
            return joined(tuple(ends), "AND")
        case Membership(values=values):
            texts = [_checked_text(one, name) for one in values]
            return Sql(f"{value} = ANY(%s)", ([text for text in texts if "\0" not in text],))
        case Like():
            return _like(leaf, value)
    raise AssertionError(leaf)


def _text_comparison(operator: str, text: str, value: str) -> Sql:
    before, nul, _ = text.partition("\0")
    if not nul:
        return Sql(f'{value} {operator} %s COLLATE "C"', (text,))
    if operator in ("=", "<>"):
        return Sql(f"{value} = {value}" if operator == "<>" else f"{value} <> {value}")
    return Sql(f'{value} {_UP_TO[operator]} %s COLLATE "C"', (before,))


def _like(test: Like, value: str) -> Sql:
    like_pattern(test.pattern, test.escape)  # it raises for a pattern that ends in its escape character
    if "\0" in test.pattern:
        return Sql(f"{value} <> {value}")
    _require_encodable(test.pattern)
    test = replace(test, pattern=compose(test.pattern))
    if test.ignore_case:
        return Sql(f'{value} COLLATE "C" ~ %s', (expression(test),))
    return Sql(f"{value} LIKE %s ESCAPE %s", (test.pattern, test.escape or ""))


def _flag(leaf: Leaf, name: str, value: str) -> Sql:
    literals: tuple[Scalar, ...] = ()
    match leaf:
        case Comparison(operator=operator, value=bool() as literal) if operator in ("=", "<>"):
            return Sql(f"{value} {operator} %s", (literal,))
        case Membership(values=values) if all(isinstance(one, bool) for one in values):
            return Sql(f"{value} = ANY(%s)", (list(values),))
        case Comparison(operator=operator, value=literal):
            raise mismatch(
                name, "TRUE and FALSE", f"compared with {operator} {quote_value(_scalar(literal))}"
            )
        case Membership(values=literals):
            raise mismatch(name, "TRUE and FALSE", f"compared with {', '.join(map(quote_value, literals))}")
        case Between(low=low):
            raise mismatch(name, "TRUE and FALSE", f"compared with >= {quote_value(low)}")
    raise mismatch(name, "TRUE and FALSE", "compared with a LIKE pattern")


def _scalar(value: Scalar | Field) -> Scalar:
    return value.name if isinstance(value, Field) else value


def _checked_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        shown = quote_value(value) if isinstance(value, bool | int | float) else str(value)
        raise mismatch(name, "text", f"compared with {shown}; use single quotes")
    _require_encodable(value)
    return compose(value)


def _require_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FilterError(f"the condition holds characters that are no text: {text[:60]!r}") from None
