"""A condition that passes nearly nothing, or nearly everything, is met with advice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import And, Between, Comparison, Condition, Field, Membership, Not, Or
from moodrec.filters.names import near_names
from moodrec.names import compose, fold

if TYPE_CHECKING:
    from moodrec.index.front import SearchFront

FEW: Final = 0.03
"""The share of a library below which a mood condition passes nearly nothing."""
MOST: Final = 0.9
"""The share of a library above which a mood condition passes nearly everything."""
_WORTH_SAYING: Final = 20
"""Tracks of a library below which shares say little."""
_COMPARED: Final = 20_000
"""Values of a column that a misspelt one is compared with."""


def hints_on(index: SearchFront, where: str | Condition | None, passed: int) -> list[str]:
    """Say why a condition may not be what its author means, in sentences.

    A mood score compares with reference music, not with this library: where it passes nearly nothing or nearly
    everything, the percentile within the library is offered. Where no track passes, values that occur nowhere are
    named, with the values that are like them.

    Args:
        index: what the condition is tested on.
        where: the condition; None has no hints.
        passed: number of tracks that meet it.

    Raises:
        FilterError: the condition cannot be read.
    """
    if where is None:
        return []
    tests = list(_tests(as_condition(where)))
    hints = [hint for test in tests if (hint := _on_mood(index, test))]
    if not passed:
        hints += [hint for test in tests for hint in _on_values(index, test)]
    return list(dict.fromkeys(hints))


def _tests(condition: Condition) -> Iterator[Condition]:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _tests(part)
        case Not(part=part):
            yield from _tests(part)
        case _:
            yield condition


def _on_mood(index: SearchFront, test: Condition) -> str | None:
    if not isinstance(test, Comparison | Between) or test.field.kind != "column":
        return None
    name = test.field.name
    if name not in index.moods or len(index) < _WORTH_SAYING:
        return None
    scores = index.table[name].to_numpy()
    scores = scores[~np.isnan(scores)]
    passing = _passing(test, scores)
    if passing is None or not scores.size:
        return None
    count = int(np.count_nonzero(passing))
    share = count / scores.size
    if FEW < share < MOST:
        return None
    by_rank = str(_by_percentile(test))
    return (
        f"{test} passes {count:,} of {scores.size:,} tracks: mood scores compare with reference music. "
        f"Within this library: {by_rank}"
    )


def _passing(test: Comparison | Between, scores: np.ndarray[Any, Any]) -> Any:
    """Test the scores; None for a test that is meant to pass all or nothing, or that is none of an order."""
    if isinstance(test, Between):
        if not _numbers(test.low, test.high) or (float(test.low) <= 0 and float(test.high) >= 1):
            return None
        return (scores >= float(test.low)) & (scores <= float(test.high))
    if isinstance(test.value, Field) or not _numbers(test.value):
        return None
    value = np.float32(float(test.value))
    if not 0 < value < 1:
        return None
    match test.operator:
        case ">=":
            return scores >= value
        case ">":
            return scores > value
        case "<=":
            return scores <= value
        case "<":
            return scores < value
    return None


def _numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _by_percentile(test: Comparison | Between) -> Condition:
    field = Field(test.field.name, "pct")
    if isinstance(test, Between):
        return Between(field, test.low, test.high)
    return Comparison(field, test.operator, test.value)


def _on_values(index: SearchFront, test: Condition) -> Iterator[str]:
    match test:
        case Comparison(field=field, operator="=", value=str(value)) if field.kind == "column":
            wanted: Iterable[str] = [value]
        case Membership(field=field, values=values) if field.kind == "column":
            wanted = [value for value in values if isinstance(value, str)]
        case _:
            return
    there = _values(index.table[field.name])
    for value in wanted:
        if compose(value) in there:
            continue
        near = _near(value, there)
        like = f"; there is {' and '.join(f'{name!r} ({there[name]:,})' for name in near)}" if near else ""
        yield f"no track has {field} = {brief(value)}{like}; moodrec columns lists the commonest values"


def _values(column: pa.ChunkedArray) -> dict[str, int]:
    """Count the texts of a column, or of its lists; accents that are encoded in two ways are the same to filters."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pc.list_flatten(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return {}
    counts: Counter[str] = Counter()
    for pair in pc.value_counts(column).to_pylist():
        if pair["values"] is not None:
            counts[compose(pair["values"])] += pair["counts"]
    return counts


def _near(value: str, there: dict[str, int]) -> list[str]:
    """Find values that contain a text, or are contained in it, or are spelt like it, the commonest first."""
    folded = fold(value)
    common = sorted(there, key=lambda name: -there[name])[:_COMPARED]
    same = [name for name in common if fold(name) == folded]
    part = [
        name for name in common if folded and (folded in fold(name) or fold(name) in folded) and fold(name)
    ]
    return list(dict.fromkeys([*same, *part, *near_names(value, common)]))[:3]
