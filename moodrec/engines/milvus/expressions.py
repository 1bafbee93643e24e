"""Conditions of :mod:`moodrec.filters` as boolean expressions of Milvus, with the same three-valued logic.

An expression of Milvus is TRUE or FALSE. So each condition has two: one that holds where it is TRUE, and one that
holds where it is FALSE; where it is NULL, neither does. NOT swaps them, and no other negation is needed. The
expressions use only what Milvus 2.3 and Milvus Lite have in common: comparisons, ``in``, ``array_contains_any``,
``and``, ``or``, ``not``. Literals are quoted here, because templates with parameters differ between versions.

What has no such expression (most patterns of LIKE, percentiles, columns for which there was no field) is evaluated
outside of Milvus, and becomes a list of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.engines.columns import StoredColumn
from moodrec.engines.leaves import (
    NumberRange,
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
from moodrec.engines.milvus.fields import MAIN, FilterField
from moodrec.engines.milvus.terms import EVERY, NONE, among, both, contains, either, literal
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
from moodrec.schema import ARTIST, TRACK_ID

_OPERATORS: Final[dict[Operator, str]] = {"=": "==", "<>": "!="}
_OPPOSITE: Final[dict[Operator, Operator]] = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}
_HIGHEST: Final = 0x10FFFF
_SURROGATES: Final = (0xD800, 0xDFFF)


@dataclass(frozen=True)
class Outcomes:
    """Where a condition is TRUE and where it is FALSE, as expressions."""

    true: str
    false: str

    @property
    def swapped(self) -> Outcomes:
        """The outcomes of the opposite condition."""
        return Outcomes(self.false, self.true)


Evaluate = Callable[[Leaf], tuple[list[str], list[str]]]
"""Returns, for a test that has no expression, the ids of the tracks for which it is TRUE, and FALSE."""


class Translator:
    """Translates conditions on the columns of one catalogue."""

    def __init__(
        self, columns: Mapping[str, StoredColumn], fields: Mapping[str, FilterField], evaluate: Evaluate
    ) -> None:
        """Prepare to translate.

        Args:
            columns: the stored columns by name.
            fields: the fields for filters, by column.
            evaluate: finds the tracks that meet what has no expression.
        """
        self._columns, self._fields, self._evaluate = columns, fields, evaluate

    def condition(self, condition: Condition) -> Outcomes:
        """Translate a condition.

        Raises:
            FilterError: it names an unknown column, or compares one with a value of another type.
        """
        if isinstance(condition, Not):
            return self.condition(condition.part).swapped
        if isinstance(condition, And | Or):
            parts = [self.condition(part) for part in condition.parts]
            true, false = [one.true for one in parts], [one.false for one in parts]
            if isinstance(condition, And):
                return Outcomes(both(*true), either(*false))
            return Outcomes(either(*true), both(*false))
        return self._leaf(condition)

    def _leaf(self, leaf: Leaf) -> Outcomes:
        column = column_of(leaf.field, self._columns)
        if column.kind == "null":
            return Outcomes(EVERY, NONE) if isinstance(leaf, IsNull) else Outcomes(NONE, NONE)
        if column.name == TRACK_ID:
            return self._known_or(leaf, column, FilterField(TRACK_ID, column))
        field = self._fields.get(column.name)
        return self._outside(leaf) if field is None else self._known_or(leaf, column, field)

    def _known_or(self, leaf: Leaf, column: StoredColumn, field: FilterField) -> Outcomes:
        if isinstance(leaf, IsNull):
            known = _known(field)
            return Outcomes(f"not ({known})" if known != EVERY else NONE, known)
        if isinstance(leaf, Comparison) and isinstance(leaf.value, Field):
            return self._fields_compared(leaf, column, leaf.value)
        if column.lists:
            return self._list(leaf, field)
        if column.kind == "text":
            return self._text(leaf, field)
        if column.kind == "flag":
            negated, values = flag_test(leaf, column.name)
            found = _of_values(field, among(field.name, values))
            return found.swapped if negated else found
        if leaf.field.kind == "pct":
            comparisons_of(leaf, column.name)
            return self._outside(leaf)
        return _number(leaf, field)

    def _outside(self, leaf: Leaf) -> Outcomes:
        """Translate a test to ids."""
        true, false = self._evaluate(leaf)
        return Outcomes(among(TRACK_ID, true), among(TRACK_ID, false))

    def _fields_compared(self, leaf: Comparison, left: StoredColumn, other: Field) -> Outcomes:
        right = other_column(other, left, self._columns)
        one, two = self._fields.get(left.name), self._fields.get(right.name)
        mixed = left.kind != right.kind and "whole" in (left.kind, right.kind)
        # Milvus compares whole numbers with floating ones in the precision of the latter, or refuses to.
        if one is None or two is None or mixed or "pct" in (leaf.field.kind, other.kind):
            return self._outside(leaf)
        known = both(_known(one), _known(two))
        tests = (
            f"{one.name} {_OPERATORS.get(operator, operator)} {two.name}"
            for operator in (leaf.operator, _OPPOSITE[leaf.operator])
        )
        return Outcomes(*(both(test, known) for test in tests))

    def _list(self, leaf: Leaf, field: FilterField) -> Outcomes:
        test, negated = element_test(leaf, field.column)
        found = self._elements(test, field)
        return found.swapped if negated else found

    def _elements(self, leaf: Leaf, field: FilterField) -> Outcomes:
        name, kind = field.column.name, field.column.kind
        values: Iterable[Scalar]
        if kind == "text" and isinstance(leaf, Comparison | Membership):
            values = storable(text_test(leaf, name)[1])
        elif kind == "flag":
            values = [int(one) for one in flag_test(leaf, name)[1]]
        elif kind == "text":
            return self._pattern(leaf)
        else:
            element = StoredColumn(name, kind)
            ranges = [number_range(one, element, _no_percentiles) for one in comparisons_of(leaf, name)]
            values = [_exactly(one.low, kind) for one in ranges if not one.empty]
        return _of_values(field, contains(field.name, values))

    def _text(self, leaf: Leaf, field: FilterField) -> Outcomes:
        name = field.column.name
        equality = isinstance(leaf, Membership) or (
            isinstance(leaf, Comparison) and leaf.operator in ("=", "<>")
        )
        if equality and isinstance(leaf, Comparison | Membership):
            negated, texts = text_test(leaf, name)
            test = contains(MAIN, storable(texts)) if name == ARTIST else among(field.name, storable(texts))
            found = _of_values(field, test)
            return found.swapped if negated else found
        if isinstance(leaf, Between):
            ends: tuple[tuple[Operator, Scalar], ...] = ((">=", leaf.low), ("<=", leaf.high))
            parts = [_text_comparison(operator, end, field) for operator, end in ends]
            return Outcomes(both(*(one.true for one in parts)), either(*(one.false for one in parts)))
        if isinstance(leaf, Comparison):
            return _text_comparison(leaf.operator, leaf.value, field)
        return self._like(leaf, field)

    def _like(self, leaf: Leaf, field: FilterField) -> Outcomes:
        prefix = _prefix_of(leaf)
        if prefix is None:
            return self._pattern(leaf)
        text, whole = prefix
        if "\0" in text:
            return Outcomes(NONE, _known(field))
        if whole:
            return _of_values(field, among(field.name, [text]))
        start = f"{field.name} >= {literal(text)}"
        end = _successor(text)
        return _of_values(field, both(start, EVERY if end is None else f"{field.name} < {literal(end)}"))

    def _pattern(self, leaf: Leaf) -> Outcomes:
        """Translate a pattern, whose faults are found before any track is read."""
        if isinstance(leaf, Like):
            require_encodable(leaf.pattern)
            like_pattern(leaf.pattern, leaf.escape)
        return self._outside(leaf)


def _known(field: FilterField) -> str:
    if field.name == TRACK_ID:
        return EVERY
    if field.column.lists:
        return f"not ({contains(field.name, [field.unknown])})"
    return f"{field.name} {'!=' if field.column.kind == 'text' else '>'} {literal(field.unknown)}"


def _of_values(field: FilterField, test: str) -> Outcomes:
    known = _known(field)
    return Outcomes(both(test, known), known if test == NONE else both(f"not ({test})", known))


def _number(leaf: Leaf, field: FilterField) -> Outcomes:
    column = field.column
    ranges = [number_range(one, column, _no_percentiles) for one in comparisons_of(leaf, column.name)]
    parts = [_in_range(one, field) for one in ranges]
    true, false = [one.true for one in parts], [one.false for one in parts]
    if isinstance(leaf, Between):
        return Outcomes(both(*true), either(*false))
    return Outcomes(either(*true), both(*false))


def _in_range(found: NumberRange, field: FilterField) -> Outcomes:
    known, kind = _known(field), field.column.kind
    if found.empty or found.low > -field.unknown or found.high <= field.unknown:
        outcomes = Outcomes(NONE, known)
    else:
        low = known if found.low <= field.unknown else f"{field.name} >= {literal(_exactly(found.low, kind))}"
        most = -field.unknown
        high = EVERY if found.high > most else f"{field.name} <= {literal(_exactly(found.high, kind))}"
        below = NONE if low == known else f"{field.name} < {literal(_exactly(found.low, kind))}"
        above = NONE if high == EVERY else f"{field.name} > {literal(_exactly(found.high, kind))}"
        outcomes = Outcomes(both(low, high), both(either(below, above), known))
    return outcomes.swapped if found.outside else outcomes


def _exactly(value: float, kind: str) -> int | float:
    """Return an end of a range as a Python number of the column's type."""
    return int(value) if kind == "whole" else float(np.float64(value))


def _text_comparison(operator: Operator, value: object, field: FilterField) -> Outcomes:
    known, test = _known(field), before_nul(operator, checked_text(value, field.column.name))
    if test is None:
        return Outcomes(known, NONE) if operator == "<>" else Outcomes(NONE, known)
    compared, text = test
    signs = (_OPERATORS.get(one, one) for one in (compared, _OPPOSITE[compared]))
    return Outcomes(*(both(f"{field.name} {sign} {literal(text)}", known) for sign in signs))


def _prefix_of(leaf: Leaf) -> tuple[str, bool] | None:
    """Return the text that a pattern begins with, and whether it is all of it; None for other patterns."""
    if not isinstance(leaf, Like) or leaf.ignore_case:
        return None
    require_encodable(leaf.pattern)
    like_pattern(leaf.pattern, leaf.escape)  # it raises for a pattern that ends in its escape character
    text, characters = "", iter(compose(leaf.pattern))
    for character in characters:
        if character == leaf.escape:
            text += next(characters, "")
        elif character == "_":
            return None
        elif character == "%":
            return None if any(one != "%" for one in characters) else (text, False)
        else:
            text += character
    return text, True


def _successor(prefix: str) -> str | None:
    """Return the least text above all that begin with a prefix; None where there is none."""
    kept = prefix.rstrip(chr(_HIGHEST))
    if not kept:
        return None
    code = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES[1] + 1 if code == _SURROGATES[0] else code)


def _no_percentiles(column: str, low: float, high: float) -> tuple[float, float] | None:
    raise AssertionError(f"percentiles of {column} are evaluated outside")
