"""The leaves of a condition in sqlglot's tree are column names, functions and literals."""

from __future__ import annotations

import math
from typing import Any, Final, cast

from sqlglot import exp

from moodrec.errors import FilterError
from moodrec.filters.conditions import Field, FieldKind, Scalar

_KINDS: Final = ("prob", "pct", "audio")
_FUNCTIONS: Final = "prob(mood), pct(column) and audio(mood)"

Node = Any
"""A node of sqlglot's tree; its base class has different names in the versions that are allowed."""


def shorten(text: str, limit: int = 60) -> str:
    """Cut a text to a length that an error message can show.

    Args:
        text: any text.
        limit: greatest number of characters that are kept.
    """
    return text if len(text) <= limit else text[:limit] + "..."


def shown(node: Node) -> str:
    """Write a node as SQL for an error message."""
    try:
        return shorten(str(node.sql(normalize_functions="lower")))
    except RecursionError:  # writing a tree takes more stack than reading it
        return "..."


def is_literal(node: Node) -> bool:
    """Say whether a node is a number, a text, a truth value or NULL, or is missing."""
    value = node.this if isinstance(node, exp.Neg) else node
    return node is None or isinstance(value, exp.Literal | exp.Boolean | exp.Null)


def is_function(node: Node) -> bool:
    """Say whether a node calls a function, known to SQL or not."""
    return isinstance(node, exp.Func) and not isinstance(node, exp.Connector | exp.Case | exp.Cast)


def is_arithmetic(node: Node) -> bool:
    """Say whether a node computes a value with an operator: ``calm + 1``, ``-calm``, ``title || 'x'``."""
    operators = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.DPipe, exp.Neg, exp.Cast)
    return isinstance(node, operators)


def arguments(node: Node, *names: str) -> list[Any]:
    """Read the named arguments of a node; any other argument that is set makes the filter unsupported.

    Args:
        node: a node of sqlglot's tree.
        names: the arguments that the caller understands.

    Returns:
        Their values in the same order, None for those that are not set.

    Raises:
        FilterError: the node has an argument that is not named.
    """
    extra = [name for name, value in node.args.items() if value and name not in names]
    if extra:
        raise unknown(node)
    return [node.args.get(name) for name in names]


def unknown(node: Node) -> FilterError:
    """Make the error for a node that is not part of the filter language."""
    if is_function(node):
        return no_function(node)
    if "||" in shown(node):
        return FilterError(f"{shown(node)!r}: || is not known; write OR between two conditions")
    if is_arithmetic(node):
        return FilterError(
            f"{shown(node)!r} computes a value, and a filter compares a column with a value as it is: calm >= 0.5"
        )
    return FilterError(
        f"{shown(node)!r} is not part of the filter language: use comparisons, AND, OR, NOT, IN, "
        "BETWEEN, LIKE, ILIKE, IS NULL, prob(mood), pct(column) and audio(mood)"
    )


def no_function(node: Node) -> FilterError:
    """Make the error for a function that a filter cannot call; it says what there is instead."""
    name = str(node.this if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
    return FilterError(
        f"{shown(node)!r} calls a function, and filters know none but {_FUNCTIONS}{_INSTEAD.get(name, '')}"
    )


_WITHOUT_CASE: Final = "; ILIKE compares without regard to case: title ILIKE 'x', title ILIKE '%x%'"
_WITH_LIKE: Final = "; LIKE and ILIKE compare with a pattern: title ILIKE '%x%'"
_YEARS: Final = "; year is a column: year BETWEEN 1990 AND 1999"
_INSTEAD: Final = (
    dict.fromkeys(("lower", "upper", "lcase", "ucase", "initcap", "casefold", "trim", "unaccent"), _WITHOUT_CASE)
    | dict.fromkeys(
        ("contains", "startswith", "starts_with", "endswith", "ends_with", "instr", "position", "strpos",
         "str_position", "substr", "substring", "left", "right", "regexp_like", "regexp_matches", "match", "glob",
         "concat"),
        _WITH_LIKE,
    )
    | dict.fromkeys(("year", "date", "extract", "strftime", "date_part", "to_date", "datetime"), _YEARS)
)  # fmt: skip
"""What to write in place of a function."""


def unwrap(node: Node) -> Node:
    """Give the node inside any parentheses."""
    while isinstance(node, exp.Paren):
        (node,) = arguments(node, "this")
    return node


def is_field(node: Node) -> bool:
    """Say whether a node reads a column."""
    return isinstance(node, exp.Column | exp.Anonymous)


def read_field(node: Node) -> Field:
    """Read the column, ``prob(x)``, ``pct(x)`` or ``audio(x)`` that a node stands for.

    Args:
        node: a node of sqlglot's tree.

    Raises:
        FilterError: the node is neither a column nor one of these functions.
    """
    node = unwrap(node)
    return _function(node) if isinstance(node, exp.Anonymous) else Field(_column(node))


def _column(node: Node) -> str:
    node = unwrap(node)
    if isinstance(node, exp.Anonymous) and str(node.this).lower() in _KINDS:
        raise FilterError(
            f"{shown(node)!r} stands where a column name should; functions within each other are prob(audio(mood)) "
            "and pct(audio(mood))"
        )
    if not isinstance(node, exp.Column):
        raise _not_a_column(node)
    (identifier,) = arguments(node, "this")
    if not isinstance(identifier, exp.Identifier):
        raise _not_a_column(node)
    return str(identifier.name)


def _function(node: Node) -> Field:
    name, given = arguments(node, "this", "expressions")
    kind = str(name).lower()
    if kind not in _KINDS:
        raise no_function(node)
    if len(given) != 1:
        raise FilterError(f"{shown(node)!r}: {kind} takes one column, as in {kind}(calm)")
    inner = unwrap(given[0])
    if kind == "audio":
        return Field(_column(inner), audio=True)
    # Of functions within, audio alone has a meaning: prob(audio(calm)).
    audio = isinstance(inner, exp.Anonymous) and str(inner.this).lower() == "audio"
    named = _function(inner) if audio else Field(_column(inner))
    return Field(named.name, cast("FieldKind", kind), named.audio)


def _not_a_column(node: Node) -> FilterError:
    if node is None or not hasattr(node, "sql"):
        return FilterError("the condition is not complete: it lacks the name of a column")
    if is_function(node) or is_arithmetic(node):
        return unknown(node)
    return FilterError(
        f"{shown(node)!r} stands where a column name should; "
        f"put a name that is no plain word in double quotes (the functions are {_FUNCTIONS})"
    )


def read_literal(node: Node) -> Scalar:
    """Read the number, text or truth value that a node stands for.

    Raises:
        FilterError: the node is no literal, or a number that is too large.
    """
    node = unwrap(node)
    if isinstance(node, exp.Literal):
        return str(node.this) if node.is_string else _number(str(node.this))
    if isinstance(node, exp.Neg):
        return _negative(node)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    raise _not_a_literal(node)


def _negative(node: Node) -> Scalar:
    value = read_literal(*arguments(node, "this"))
    if isinstance(value, bool | str):
        raise unknown(node)
    return -value


def _number(digits: str) -> int | float:
    try:
        value = int(digits) if digits.isdecimal() else float(digits)
        finite = math.isfinite(value)
    except (ValueError, OverflowError):  # not a number, or an integer beyond all floats
        raise FilterError(f"{shorten(digits)!r} is not a number that can be compared") from None
    if not finite:
        raise FilterError(f"{shorten(digits)!r} is too large a number")
    return value


def read_text(node: Node) -> str:
    """Read the text literal that a node stands for.

    Raises:
        FilterError: the node is no text.
    """
    value = read_literal(node)
    if not isinstance(value, str):
        raise FilterError(f"LIKE takes text in single quotes, not {value!r}")
    return value


def _not_a_literal(node: Node) -> FilterError:
    if isinstance(node, exp.Null):
        return FilterError("a comparison with NULL is never true: use IS NULL or IS NOT NULL")
    if isinstance(node, exp.Column):
        return FilterError(
            f"{shown(node)!r} stands where a value should; put text in single quotes: '{shorten(node.name)}'"
        )
    if node is None or not hasattr(node, "sql"):
        return FilterError("the condition is not complete: it lacks a value")
    return unknown(node)
