"""The conditions of a ``where`` text are frozen values, which :mod:`moodrec.filters.parse` returns.

``str(condition)`` is SQL again, and parsing that text gives an equal condition.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from moodrec.arguments import brief
from moodrec.errors import FilterError
from moodrec.schema import audio_column, probability_column

Scalar = bool | int | float | str
Operator = Literal["=", "<>", "<", "<=", ">", ">="]
FieldKind = Literal["column", "prob", "pct"]

_OPERATORS: Final = get_args(Operator)
_KINDS: Final = get_args(FieldKind)
_LONGEST: Final = 80
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def quote_name(name: str) -> str:
    """Write a name as SQL: in double quotes unless it is a plain word."""
    return name if _PLAIN_NAME.match(name) else '"' + name.replace('"', '""') + '"'


def quote_value(value: Scalar) -> str:
    """Write a value as a SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def shown_name(name: str) -> str:
    """Write a name for an error message: as SQL, cut to some eighty characters."""
    return quote_name(name if len(name) <= _LONGEST else name[:_LONGEST] + "...")


def shown_value(value: Scalar) -> str:
    """Write a value for an error message: as SQL, cut to some eighty characters."""
    if isinstance(value, str):
        return quote_value(value if len(value) <= _LONGEST else value[:_LONGEST] + "...")
    return quote_value(value) if isinstance(value, bool) else brief(value)


@dataclass(frozen=True)
class Field:
    """The left side of a test: a column, or ``prob(x)`` or ``pct(x)`` of a column, each also of ``audio(x)``."""

    name: str
    kind: FieldKind = "column"
    audio: bool = False
    """Whether it is what the audio alone says of a mood."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise FilterError(f"a field has the name of a column as text, not {brief(self.name)}")
        if self.kind not in _KINDS:
            raise FilterError(
                f"the kind of a field is {' or '.join(map(repr, _KINDS))}, not {brief(self.kind)}"
            )

    @property
    def column(self) -> str:
        """Give the name of the column that is read."""
        name = probability_column(self.name) if self.kind == "prob" else self.name
        return audio_column(name) if self.audio else name

    def __str__(self) -> str:
        name = quote_name(self.name)
        if self.audio:
            name = f"audio({name})"
        return name if self.kind == "column" else f"{self.kind}({name})"


@dataclass(frozen=True)
class Comparison:
    """The condition ``field operator value``; the value is a literal, or another field that holds numbers."""

    field: Field
    operator: Operator
    value: Scalar | Field

    def __post_init__(self) -> None:
        _check_field(self.field)
        if self.operator not in _OPERATORS:
            raise FilterError(
                f"there is no operator {brief(self.operator)}; the operators are {' '.join(_OPERATORS)}"
            )
        if not isinstance(self.value, Field):
            _check_values(self.value)

    def __str__(self) -> str:
        value = str(self.value) if isinstance(self.value, Field) else quote_value(self.value)
        return f"{self.field} {self.operator} {value}"


@dataclass(frozen=True)
class Between:
    """The condition ``field BETWEEN low AND high``, both ends included."""

    field: Field
    low: Scalar
    high: Scalar

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_values(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.field} BETWEEN {quote_value(self.low)} AND {quote_value(self.high)}"


@dataclass(frozen=True)
class Membership:
    """The condition ``field IN (values)``: the field equals one of the values."""

    field: Field
    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        _check_field(self.field)
        if not isinstance(self.values, tuple):
            raise FilterError(f"IN takes a tuple of values, not {brief(self.values)}")
        _check_values(*self.values)

    def __str__(self) -> str:
        return f"{self.field} IN ({', '.join(map(quote_value, self.values))})"


@dataclass(frozen=True)
class Like:
    """The condition ``field LIKE pattern``, in which ``%`` stands for any text and ``_`` for any one character."""

    field: Field
    pattern: str
    ignore_case: bool = False
    escape: str | None = None

    def __post_init__(self) -> None:
        _check_field(self.field)
        if not isinstance(self.pattern, str):
            raise FilterError(f"LIKE takes a pattern as text, not {brief(self.pattern)}")

    def __str__(self) -> str:
        word = "ILIKE" if self.ignore_case else "LIKE"
        escape = "" if self.escape is None else f" ESCAPE {quote_value(self.escape)}"
        return f"{self.field} {word} {quote_value(self.pattern)}{escape}"


@dataclass(frozen=True)
class IsNull:
    """The condition ``field IS NULL``; an empty list counts as NULL."""

    field: Field

    def __post_init__(self) -> None:
        _check_field(self.field)

    def __str__(self) -> str:
        return f"{self.field} IS NULL"


@dataclass(frozen=True)
class Not:
    """The condition ``NOT part``: it holds where the part is FALSE."""

    part: Condition

    def __post_init__(self) -> None:
        _check_parts((self.part,))

    def __str__(self) -> str:
        return f"NOT ({self.part})"


@dataclass(frozen=True)
class And:
    """The condition that all parts hold."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """The condition that at least one part holds."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)

    def __str__(self) -> str:
        return " OR ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


Leaf = Comparison | Between | Membership | Like | IsNull
Condition = Leaf | Not | And | Or


def is_condition(value: object) -> bool:
    """Whether a value is one of the conditions of this module."""
    return isinstance(value, Leaf | Not | And | Or)


def _check_field(value: object) -> None:
    if not isinstance(value, Field):
        raise FilterError(f"a condition is on a Field, such as Field('calm'), not {brief(value)}")


def _check_values(*values: object) -> None:
    for value in values:
        if not isinstance(value, bool | int | float | str) or (
            isinstance(value, float) and not math.isfinite(value)
        ):
            raise FilterError(f"a value is text, a truth value or a finite number, not {brief(value)}")


def _check_parts(parts: object) -> None:
    if not isinstance(parts, tuple) or not all(map(is_condition, parts)):
        raise FilterError(f"conditions are joined from a tuple of conditions, not from {brief(parts)}")
