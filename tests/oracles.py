"""Plain, slow and independent answers that the tests compare moodrec's with."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    IsNull,
    Like,
    Membership,
    Not,
    Or,
)

Row = Mapping[str, Any]
Truth = bool | None
"""SQL's three values; None is UNKNOWN."""


def sql_truth(condition: Condition, row: Row) -> Truth:
    """What SQL makes of ``condition`` on one row; lists as in moodrec (any element, empty is NULL)."""
    if isinstance(condition, Not):
        part = sql_truth(condition.part, row)
        return None if part is None else not part
    if isinstance(condition, And | Or):
        return _joined([sql_truth(part, row) for part in condition.parts], isinstance(condition, And))
    value = row[condition.field.column]
    if isinstance(condition, IsNull):
        return _is_null(value)
    if _is_null(value):
        return None
    if isinstance(value, list):
        return _list_truth(condition, [item for item in value if item is not None])
    return _truth_of(condition, value, row)


def _joined(parts: Sequence[Truth], all_of: bool) -> Truth:
    decisive = not all_of
    if decisive in parts:
        return decisive
    return None if None in parts else all_of


def _is_null(value: Any) -> bool:
    if isinstance(value, list):
        return all(item is None for item in value)
    return value is None or (isinstance(value, float) and math.isnan(value))


def _list_truth(condition: Any, items: list[Any]) -> bool:
    if isinstance(condition, Comparison) and condition.operator == "<>":
        return all(item != condition.value for item in items)
    return any(_truth_of(condition, item, {}) for item in items)


def _truth_of(condition: Any, value: Any, row: Row) -> Truth:
    if isinstance(condition, Comparison):
        other = row[condition.value.column] if isinstance(condition.value, Field) else condition.value
        return None if _is_null(other) else _COMPARE[condition.operator](value, other)
    if isinstance(condition, Between):
        return bool(condition.low <= value <= condition.high)
    if isinstance(condition, Membership):
        return value in condition.values
    return like_matches(condition, value)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def like_matches(test: Like, text: str) -> bool:
    """Whether the pattern matches the whole text, by Python's own regular expressions."""
    parts, i = [], 0
    while i < len(test.pattern):
        character = test.pattern[i]
        if character == test.escape:
            i += 1
            parts.append(re.escape(test.pattern[i]))
        else:
            parts.append(".*" if character == "%" else "." if character == "_" else re.escape(character))
        i += 1
    flags = re.DOTALL | (re.IGNORECASE if test.ignore_case else 0)
    return re.fullmatch("".join(parts), text, flags) is not None


class Sqlite:
    """Rows in an SQLite table in memory, to ask which of them a condition selects."""

    def __init__(self, rows: Sequence[Row], columns: Sequence[str]) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("PRAGMA case_sensitive_like = ON")
        names = ", ".join(f'"{name}"' for name in columns)
        self._connection.execute(f"CREATE TABLE tracks (row INTEGER PRIMARY KEY, {names})")
        marks = ", ".join("?" * (len(columns) + 1))
        self._connection.executemany(
            f"INSERT INTO tracks VALUES ({marks})",
            [(i, *(_sqlite_value(row[name]) for name in columns)) for i, row in enumerate(rows)],
        )

    def select(self, where: str) -> list[int]:
        """Row numbers where ``where`` (SQLite's dialect) is TRUE."""
        found = self._connection.execute(f"SELECT row FROM tracks WHERE {where} ORDER BY row")
        return [row for (row,) in found]

    def close(self) -> None:
        self._connection.close()


def _sqlite_value(value: Any) -> Any:
    return None if _is_null(value) else value


def blend_scores(
    vectors: NDArray[np.floating[Any]],
    query: NDArray[np.floating[Any]],
    mood_scores: NDArray[np.floating[Any]],
    targets: Sequence[float],
    weight: float,
) -> NDArray[np.float64]:
    """(n,) the documented score, row by row in float64: (1-w) cosine + w (1 - mean (s - t)^2)."""
    scores = []
    for vector, moods in zip(vectors, mood_scores, strict=True):
        a, b = vector.astype(np.float64), query.astype(np.float64)
        cosine = a @ b / math.sqrt((a @ a) * (b @ b))
        distance = sum((float(s) - t) ** 2 for s, t in zip(moods, targets, strict=True)) / len(targets)
        scores.append((1 - weight) * cosine + weight * (1 - distance))
    return np.array(scores)


def best_rows(scores: NDArray[np.float64], allowed: NDArray[np.bool_], k: int) -> list[int]:
    """The ``k`` best allowed rows, best first; rows of one score (as float32) in their order."""
    rows = [int(row) for row in np.flatnonzero(allowed)]
    return sorted(rows, key=lambda row: (-float(np.float32(scores[row])), row))[:k]


def cap_rows(ranked: Sequence[int], artists: Sequence[str | None], limit: int, k: int) -> list[int]:
    """The first ``k`` of ``ranked`` with at most ``limit`` rows an artist; no artist, no cap."""
    kept: list[int] = []
    for row in ranked:
        artist = (artists[row] or "").strip().casefold()
        same = [other for other in kept if (artists[other] or "").strip().casefold() == artist]
        if len(kept) < k and (not artist or len(same) < limit):
            kept.append(row)
    return kept
