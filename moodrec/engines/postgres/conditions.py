"""Conditions of :mod:`moodrec.filters` as SQL with bound parameters, with the same three-valued logic.

NULL needs no care of its own: a comparison with it is NULL in SQL as it is here. What needs care is everything in
which databases differ from the definition: numbers are compared after the literal has been rounded to the column's
precision, texts by code point, LIKE has no escape character unless one is given, ILIKE folds case as RE2 does, and a
list meets a test where any element does. Values never become part of the SQL text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from moodrec.engines.columns import StoredColumn
from moodrec.engines.leaves import (
    Thresholds,
    before_nul,
    checked_text,
    column_of,
    comparisons_of,
    element_test,
    flag_test,
    number_range,
    other_column,
    require_encodable,
    storable,
    text_test,
)
from moodrec.engines.postgres.caseless import expression
from moodrec.engines.postgres.tables import MAIN, identifier
from moodrec.errors import FilterError
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
)
from moodrec.filters.patterns import like_pattern
from moodrec.names import compose
from moodrec.schema import ARTIST


@dataclass(frozen=True)
class Sql:
    """A piece of SQL in psycopg's notation, and the values of its ``%s``."""

    text: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        return joined((self, other), "AND")


TRUE: Final = Sql("TRUE")


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
        column = column_of(leaf.field, self._columns)
        if isinstance(leaf, IsNull):
            return Sql(f"NOT {_known(column)}" if column.lists else f"{identifier(column.name)} IS NULL")
        if column.kind == "null":
            return Sql("NULL::boolean")
        if isinstance(leaf, Comparison) and isinstance(leaf.value, Field):
            return self._fields(leaf, column, leaf.value)
        if column.lists:
            return self._list(leaf, column)
        return self._single(leaf, column, identifier(column.name))

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
        leaf, negated = element_test(leaf, column)
        test = self._single(leaf, StoredColumn(column.name, column.kind), "element")
        name = identifier(column.name)
        found = f"EXISTS (SELECT 1 FROM unnest({name}) AS element WHERE {test.text})"
        return Sql(f"CASE WHEN {_known(column)} THEN {'NOT ' if negated else ''}{found} END", test.values)

    def _number(self, leaf: Leaf, column: StoredColumn, value: str) -> Sql:
        tests = [_range(one, column, value, self._thresholds) for one in comparisons_of(leaf, column.name)]
        return (
            tests[0]
            if len(tests) == 1
            else joined(tuple(tests), "AND" if isinstance(leaf, Between) else "OR")
        )

    def _fields(self, leaf: Comparison, left: StoredColumn, other: Field) -> Sql:
        right = other_column(other, left, self._columns)
        if "pct" in (leaf.field.kind, other.kind):
            raise FilterError(f"{leaf}: percentiles are compared with numbers only in this engine")
        names = (identifier(column.name) for column in (left, right))
        return Sql("{0}::float8 {op} {1}::float8".format(*names, op=leaf.operator))


def _range(leaf: Comparison, column: StoredColumn, value: str, thresholds: Thresholds) -> Sql:
    found = number_range(leaf, column, thresholds)
    if found.empty:
        # No number lies in the range; a NULL is still neither in it nor outside it.
        return Sql(f"{value} = {value}" if found.outside else f"{value} <> {value}")
    between = "NOT BETWEEN" if found.outside else "BETWEEN"
    return Sql(f"{value} {between} %s AND %s", (found.low, found.high))


def _artist(leaf: Leaf, name: str, value: str) -> Sql:
    """Translate a test of the artist: ``=``, ``<>`` and ``IN`` find each main artist that the text names."""
    if not isinstance(leaf, Membership) and not (
        isinstance(leaf, Comparison) and leaf.operator in ("=", "<>")
    ):
        return _text(leaf, name, value)
    negated, texts = text_test(leaf, name)
    found = f"{'NOT ' if negated else ''}{MAIN} && %s::text[]"
    return Sql(f"CASE WHEN {value} IS NOT NULL THEN {found} END", (storable(texts),))


def _text(leaf: Leaf, name: str, value: str) -> Sql:
    match leaf:
        case Comparison(operator=operator, value=literal):
            return _text_comparison(operator, checked_text(literal, name), value)
        case Between(low=low, high=high):
            ends: tuple[tuple[Operator, Scalar], ...] = ((">=", low), ("<=", high))
            tests = (_text_comparison(op, checked_text(end, name), value) for op, end in ends)
            return joined(tuple(tests), "AND")
        case Membership():
            return Sql(f"{value} = ANY(%s)", (storable(text_test(leaf, name)[1]),))
        case Like():
            return _like(leaf, value)
    raise AssertionError(leaf)


def _text_comparison(operator: Operator, text: str, value: str) -> Sql:
    test = before_nul(operator, text)
    if test is None:
        return Sql(f"{value} = {value}" if operator == "<>" else f"{value} <> {value}")
    return Sql(f'{value} {test[0]} %s COLLATE "C"', (test[1],))


def _like(test: Like, value: str) -> Sql:
    like_pattern(test.pattern, test.escape)  # it raises for a pattern that ends in its escape character
    if "\0" in test.pattern:
        return Sql(f"{value} <> {value}")
    require_encodable(test.pattern)
    test = replace(test, pattern=compose(test.pattern))
    if test.ignore_case:
        return Sql(f'{value} COLLATE "C" ~ %s', (expression(test),))
    return Sql(f"{value} LIKE %s ESCAPE %s", (test.pattern, test.escape or ""))


def _flag(leaf: Leaf, name: str, value: str) -> Sql:
    negated, values = flag_test(leaf, name)
    return Sql(f"{value} <> ALL(%s)" if negated else f"{value} = ANY(%s)", (values,))


def _known(column: StoredColumn) -> str:
    name = identifier(column.name)
    return f"(cardinality(array_remove({name}, NULL)) IS NOT NULL AND cardinality(array_remove({name}, NULL)) > 0)"
