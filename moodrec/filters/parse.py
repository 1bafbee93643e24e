"""The text of a ``where`` condition is parsed to the values of :mod:`moodrec.filters.conditions`.

sqlglot parses the text; each node of its tree is then translated by the function that the table at the end of this
module names for its type. A type that is not in the table is refused, and so is any argument of a node that its
translation does not read: SQL that this module does not support can never change the meaning of a filter silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from moodrec.errors import FilterError
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    IsNull,
    Like,
    Membership,
    Not,
    Operator,
    Or,
)
from moodrec.filters.leaves import (
    Node,
    arguments,
    is_field,
    is_literal,
    read_field,
    read_literal,
    read_text,
    shorten,
    shown,
    unknown,
    unwrap,
)
from moodrec.filters.quiet import quiet_parser

MAX_LENGTH = 20_000
"""Greatest number of characters in a condition."""
MAX_DEPTH = 40
"""Greatest depth to which parentheses, NOTs and ANDs within ORs may be nested."""

_DIALECT = Dialect.get_or_raise(None)
_FLIPPED: dict[Operator, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def parse(text: str) -> Condition:
    """Parse a SQL condition such as ``calm >= 0.6 AND genre IN ('ambient', 'folk')``.

    Args:
        text: comparisons (``= <> != < <= > >=``), ``AND OR NOT``, ``IN``, ``BETWEEN``, ``LIKE`` and ``ILIKE`` (with
            ``ESCAPE``), ``IS [NOT] NULL``, parentheses, ``prob(mood)``, ``pct(column)``, ``audio(mood)``; names that
            are no plain words in double quotes, text in single quotes.

    Raises:
        FilterError: the text is no such condition, is longer than ``MAX_LENGTH`` or nested deeper than
            ``MAX_DEPTH``.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the condition has {len(text)} characters; at most {MAX_LENGTH} are read")
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Condition:
    return _condition(_read_tree(text), depth=0)


def _read_tree(text: str) -> Node:
    try:
        text.encode()  # lone surrogates, as from undecodable arguments, would fail later and less clearly
        with quiet_parser():
            trees = _DIALECT.parse_into(exp.Condition, text)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeEncodeError:
        raise FilterError(f"the condition {shorten(text)!r} holds characters that are no text") from None
    except SqlglotError as error:
        raise FilterError(f"cannot read the condition {shorten(text)!r}: {_reason(error, text)}") from None
    if len(trees) != 1 or trees[0] is None:
        what = "is empty" if trees in ([], [None]) else "holds more than one statement"
        raise FilterError(f"the condition {shorten(text)!r} {what}")
    return trees[0]


def _reason(error: SqlglotError, text: str) -> str:
    """Say what is wrong with a text, in words of the filter language: those of the parser name its classes."""
    for signs, word in (("&&", "AND"), ("||", "OR")):
        if signs in text:
            return f"{signs} is not known; write {word}"
    if _PERCENT.search(text):
        return "a score is a share, from 0 to 1, and not a number of per cent: calm >= 0.8"
    for item in getattr(error, "errors", []):
        if item.get("description"):
            return _in_words(str(item["description"]), str(item.get("highlight") or "").strip())
    return "a quote is opened and not closed" if text.count("'") % 2 or text.count('"') % 2 else _NOT_READ


def _in_words(description: str, near: str) -> str:
    place = f"near {shorten(near)!r} " if near else ""
    if missing := _MISSING.match(description):
        return f"{place}{_LACKING.get(missing[1], 'a part')} is missing"
    if description.startswith("Expecting )"):
        return f"{place}a parenthesis is opened and not closed"
    return f"{place}{_NOT_READ}"


_MISSING: Final = re.compile(r"Required keyword: '(\w+)' missing")
_LACKING: Final = {
    "this": "what stands before the operator",
    "expression": "what is to be compared",
    "high": "the second value of BETWEEN 0.2 AND 0.8",
    "low": "the first value of BETWEEN 0.2 AND 0.8",
}
_NOT_READ: Final = "it is not a condition such as calm >= 0.5 AND year >= 1990"
_PERCENT: Final = re.compile(r"\d\s*%\s*(?:$|AND\b|OR\b|\))", re.IGNORECASE)


def _too_deep() -> FilterError:
    return FilterError(f"the condition is nested more than {MAX_DEPTH} deep; write it with fewer parentheses")


def _condition(node: Node, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        raise _too_deep()
    translate = _CONDITIONS.get(type(node))
    if translate is None:
        raise unknown(node)
    return translate(node, depth)


def _join(kind: type[And] | type[Or]) -> Callable[[Node, int], Condition]:
    def translate(node: Node, depth: int) -> Condition:
        return kind(tuple(_condition(part, depth + 1) for part in _chain(node)))

    return translate


def _chain(node: Node) -> list[Node]:
    """List the parts of ``a AND b AND c``, which sqlglot nests to the left, without recursion."""
    parts, left = [], node
    while type(left) is type(node):
        left, right = arguments(left, "this", "expression")
        parts.append(right)
    return [left, *reversed(parts)]


def _comparison(operator: Operator) -> Callable[[Node, int], Condition]:
    def translate(node: Node, depth: int) -> Condition:
        left, right = (unwrap(side) for side in arguments(node, "this", "expression"))
        if is_field(left):
            return Comparison(
                read_field(left), operator, read_field(right) if is_field(right) else read_literal(right)
            )
        if not is_field(right) and not is_literal(left):
            raise unknown(left)
        return Comparison(read_field(right), _FLIPPED[operator], read_literal(left))

    return translate


def _between(node: Node, depth: int) -> Condition:
    field, low, high, negate = arguments(node, "this", "low", "high", "negate")
    return _negated(Between(read_field(field), read_literal(low), read_literal(high)), negate)


def _membership(node: Node, depth: int) -> Condition:
    field, values, negate = arguments(node, "this", "expressions", "negate")
    if not values:
        raise FilterError(f"{shown(node)!r}: IN needs at least one value in its parentheses")
    return _negated(Membership(read_field(field), tuple(map(read_literal, values))), negate)


def _like(node: Node, depth: int, escape: str | None = None) -> Condition:
    field, pattern, negate = arguments(node, "this", "expression", "negate")
    like = Like(read_field(field), read_text(pattern), isinstance(node, exp.ILike), escape)
    return _negated(like, negate)


def _escape(node: Node, depth: int) -> Condition:
    like, escape = arguments(node, "this", "expression")
    if not isinstance(like, exp.Like | exp.ILike):
        raise unknown(node)
    character = read_text(escape)
    if len(character) != 1:
        raise FilterError(f"{shown(node)!r}: ESCAPE takes one character")
    return _like(like, depth, character)


def _is_null(node: Node, depth: int) -> Condition:
    field, value = arguments(node, "this", "expression")
    if not isinstance(value, exp.Null):
        raise FilterError(f"{shown(node)!r}: IS takes NULL only; compare with = instead")
    return IsNull(read_field(field))


def _negated(condition: Condition, negate: object) -> Condition:
    return Not(condition) if negate else condition


def _not(node: Node, depth: int) -> Condition:
    (part,) = arguments(node, "this")
    return Not(_condition(part, depth + 1))


def _parentheses(node: Node, depth: int) -> Condition:
    (part,) = arguments(node, "this")
    return _condition(part, depth + 1)


def _flag(node: Node, depth: int) -> Condition:
    """Translate a column alone, as in ``instrumental AND calm > 0.5``: it must be TRUE."""
    return Comparison(read_field(node), "=", True)


_CONDITIONS: dict[type, Callable[..., Condition]] = {
    exp.And: _join(And),
    exp.Or: _join(Or),
    exp.Not: _not,
    exp.Paren: _parentheses,
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.Between: _between,
    exp.In: _membership,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: _escape,
    exp.Is: _is_null,
    exp.Column: _flag,
}
