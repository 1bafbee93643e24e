"""Numbers that cannot have been meant: a score lies in [0, 1], and ``calm > 80`` asks for one beyond it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    Leaf,
    Membership,
    Not,
    Or,
    Scalar,
)

_MOST_PERCENT = 100


def beyond_scale(condition: Condition, scores: Collection[str]) -> list[str]:
    """Find the tests of scores against numbers outside [0, 1], which pass no track, or every one.

    Args:
        condition: a condition.
        scores: names of columns that hold numbers in [0, 1], such as moods. ``prob(x)`` and ``pct(x)`` lie there too.

    Returns:
        A sentence for each such test, once.
    """
    found = (_sentence(leaf, scores) for leaf in _leaves(condition))
    return list(dict.fromkeys(sentence for sentence in found if sentence))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    if isinstance(condition, Not):
        yield from _leaves(condition.part)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _leaves(part)
    else:
        yield condition


def _sentence(leaf: Leaf, scores: Collection[str]) -> str | None:
    if leaf.field.kind == "column" and leaf.field.name not in scores:
        return None
    values = _values(leaf)
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if not any(number < 0 or number > 1 for number in numbers):
        return None
    meant = ""
    if all(0 <= number <= _MOST_PERCENT for number in numbers):
        meant = f"; did you mean {_scaled(leaf)}?"
    return f"{leaf}: {leaf.field} lies in [0, 1]{meant}"


def _values(leaf: Leaf) -> list[Scalar | Field]:
    if isinstance(leaf, Comparison):
        return [leaf.value]
    if isinstance(leaf, Between):
        return [leaf.low, leaf.high]
    return list(leaf.values) if isinstance(leaf, Membership) else []


def _scaled(leaf: Leaf) -> Leaf:
    """Return the test with its numbers divided by a hundred."""
    if isinstance(leaf, Comparison):
        return Comparison(leaf.field, leaf.operator, _share(leaf.value))
    if isinstance(leaf, Between):
        return Between(leaf.field, _share(leaf.low), _share(leaf.high))
    return Membership(leaf.field, tuple(map(_share, leaf.values))) if isinstance(leaf, Membership) else leaf


def _share(value: Scalar | Field) -> Scalar:
    return value / 100 if isinstance(value, int | float) and not isinstance(value, bool) else 0
