"""The leaves of a condition in sqlglot's tree are column names, functions and literals."""

from __future__ import annotations

import math
from typing import Any, Final, cast

from sqlglot import exp

from moodrec.errors import FilterError
from moodrec.filters.conditions import Field, FieldKind, Scalar

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
        return str(node.sql())
    except RecursionError:  # writing a tree takes more stack than reading it
        return "..."


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
    return FilterError(
        f"{shown(node)!r} is not part of the filter language: use comparisons, AND, OR, NOT, IN, "
        "BETWEEN, LIKE, ILIKE, IS NULL, prob(mood), pct(column) and audio(mood)"
    )


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
    if not isinstance(node, exp.Column):
        raise _not_a_column(node)
    (identifier,) = arguments(node, "this")
    if not isinstance(identifier, exp.Identifier):
        raise _not_a_column(node)
    return str(identifier.name)


def _function(node: Node) -> Field:
    name, given = arguments(node, "this", "expressions")
    kind = str(name).lower()
    if kind not in ("prob", "pct", "audio") or len(given) != 1:
        raise FilterError(f"{shown(node)!r}: the functions are {_FUNCTIONS}")
    inner = unwrap(given[0])
    if kind == "audio":
        return Field(_column(inner), audio=True)
    # Of functions within, audio alone has a meaning: prob(audio(calm)).
    audio = isinstance(inner, exp.Anonymous) and str(inner.this).lower() == "audio"
    named = _function(inner) if audio else Field(_column(inner))
    return Field(named.name, cast("FieldKind", kind), named.audio)


def _not_a_column(node: Node) -> FilterError:
    if node is None or not hasattr(node, "sql"):
        return FilterError("the condition is not complete")
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
            f"{shown(node)!r} stands where a value should; put text in single quotes: '{node.name}'"
        )
    if node is None or not hasattr(node, "sql"):
        return FilterError("the condition is not complete")
    return unknown(node)
