"""The conditions of a ``where`` text are frozen values, which :mod:`moodrec.filters.parse` returns.

``str(condition)`` is SQL again, and parsing that text gives an equal condition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from moodrec.schema import probability_column

Scalar = bool | int | float | str
Operator = Literal["=", "<>", "<", "<=", ">", ">="]
FieldKind = Literal["column", "prob", "pct"]

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


@dataclass(frozen=True)
class Field:
    """The left side of a test: a column, or ``prob(x)`` or ``pct(x)`` of a column."""

    name: str
    kind: FieldKind = "column"

    @property
    def column(self) -> str:
        """Give the name of the column that is read."""
        return probability_column(self.name) if self.kind == "prob" else self.name

    def __str__(self) -> str:
        name = quote_name(self.name)
        return name if self.kind == "column" else f"{self.kind}({name})"


@dataclass(frozen=True)
class Comparison:
    """The condition ``field operator value``; the value is a literal, or another field that holds numbers."""

    field: Field
    operator: Operator
    value: Scalar | Field

    def __str__(self) -> str:
        value = str(self.value) if isinstance(self.value, Field) else quote_value(self.value)
        return f"{self.field} {self.operator} {value}"


@dataclass(frozen=True)
class Between:
    """The condition ``field BETWEEN low AND high``, both ends included."""

    field: Field
    low: Scalar
    high: Scalar

    def __str__(self) -> str:
        return f"{self.field} BETWEEN {quote_value(self.low)} AND {quote_value(self.high)}"


@dataclass(frozen=True)
class Membership:
    """The condition ``field IN (values)``: the field equals one of the values."""

    field: Field
    values: tuple[Scalar, ...]

    def __str__(self) -> str:
        return f"{self.field} IN ({', '.join(map(quote_value, self.values))})"


@dataclass(frozen=True)
class Like:
    """The condition ``field LIKE pattern``, in which ``%`` stands for any text and ``_`` for any one character."""

    field: Field
    pattern: str
    ignore_case: bool = False
    escape: str | None = None

    def __str__(self) -> str:
        word = "ILIKE" if self.ignore_case else "LIKE"
        escape = "" if self.escape is None else f" ESCAPE {quote_value(self.escape)}"
        return f"{self.field} {word} {quote_value(self.pattern)}{escape}"


@dataclass(frozen=True)
class IsNull:
    """The condition ``field IS NULL``; an empty list counts as NULL."""

    field: Field

    def __str__(self) -> str:
        return f"{self.field} IS NULL"


@dataclass(frozen=True)
class Not:
    """The condition ``NOT part``: it holds where the part is FALSE."""

    part: Condition

    def __str__(self) -> str:
        return f"NOT ({self.part})"


@dataclass(frozen=True)
class And:
    """The condition that all parts hold."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """The condition that at least one part holds."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " OR ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


Leaf = Comparison | Between | Membership | Like | IsNull
Condition = Leaf | Not | And | Or
