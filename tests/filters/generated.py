"""Random track tables and random conditions on them, from a seeded generator."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa

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
    Operator,
    Or,
    Scalar,
)

NUMBERS = {"calm": np.float32, "prob_calm": np.float32, "loudness": np.float64, "year": np.int64}
TEXTS = ("artist", "title with space")
FLAGS = ("live",)
LISTS = ("genre", "codes")
SCHEMA = pa.schema(
    [
        ("calm", pa.float32()),
        ("prob_calm", pa.float32()),
        ("loudness", pa.float64()),
        ("year", pa.int32()),
        ("artist", pa.string()),
        ("title with space", pa.string()),
        ("live", pa.bool_()),
        ("genre", pa.list_(pa.string())),
        ("codes", pa.list_(pa.int64())),
    ]
)
WORDS = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "a%b",
    "a_b",
    "it's",
    "Ünder",
    "under",
    "ÜNDER",
    "x\ny",
    "100%",
    "\\",
    "a.b",
    "[a]",
    "(b",
]
OPERATORS = cast("list[Operator]", ["=", "<>", "<", "<=", ">", ">="])


def random_rows(rng: random.Random, n: int) -> list[dict[str, Any]]:
    """Rows in which every column is NULL now and then; few distinct values, so that tests hit them exactly."""
    return [{name: _value(rng, name) for name in SCHEMA.names} for _ in range(n)]


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _value(rng: random.Random, name: str) -> Any:
    if rng.random() < 0.2:
        return None
    if name == "genre":
        return [rng.choice([*WORDS, None]) for _ in range(rng.randint(0, 3))]
    if name == "codes":
        return [rng.randint(0, 4) for _ in range(rng.randint(0, 3))]
    return literal(rng, name)


def literal(rng: random.Random, name: str) -> Scalar:
    """A value of the column's type, as the column stores it."""
    if name in NUMBERS and name != "year":
        return float(np.array(round(rng.random(), 1), NUMBERS[name]))
    if name == "year":
        return rng.choice([1990, 1991, 2000, -5, 0])
    if name == "codes":
        return rng.randint(0, 4)
    return rng.random() < 0.5 if name in FLAGS else rng.choice(WORDS)


def random_condition(rng: random.Random, depth: int = 3, lists: bool = True) -> Condition:
    """A condition of up to ``depth`` levels; only SQL that SQLite knows too when ``lists`` is False."""
    if depth and rng.random() < 0.6:
        kind = rng.choice(["and", "or", "not"])
        if kind == "not":
            return Not(random_condition(rng, depth - 1, lists))
        parts = tuple(random_condition(rng, depth - 1, lists) for _ in range(rng.randint(2, 3)))
        return And(parts) if kind == "and" else Or(parts)
    return _random_test(rng, rng.choice([*NUMBERS, *TEXTS, *FLAGS, *(LISTS if lists else ())]))


def _random_test(rng: random.Random, name: str) -> Condition:
    field = Field("calm", "prob") if name == "prob_calm" else Field(name)
    kind = rng.choice(["compare", "compare", "in", "null", "between", "like", "fields"])
    if kind == "null":
        return IsNull(field)
    if kind == "in":
        return Membership(field, tuple(literal(rng, name) for _ in range(rng.randint(1, 4))))
    if kind == "between" and name not in FLAGS + LISTS:
        return Between(field, literal(rng, name), literal(rng, name))
    if kind == "like" and name in (*TEXTS, "genre"):
        return _random_like(rng, field)
    if kind == "fields" and name in NUMBERS:
        return Comparison(field, rng.choice(OPERATORS), Field(rng.choice(["calm", "loudness", "year"])))
    few = name in FLAGS + LISTS
    return Comparison(field, rng.choice(OPERATORS[:2] if few else OPERATORS), literal(rng, name))


def _random_like(rng: random.Random, field: Field) -> Like:
    pattern = "".join(
        rng.choice(["%", "_", "a", "b", "B", "u", "!%", "!!", ".", "[", "(", "\\"])
        for _ in range(rng.randint(0, 4))
    )
    return Like(field, pattern, rng.random() < 0.3, rng.choice(["!", None]))


def sqlite_text(condition: Condition) -> str:
    """``condition`` for SQLite, which has no ILIKE: ``lower(x) LIKE lower(pattern)``, for ASCII."""
    if isinstance(condition, Not):
        return f"NOT ({sqlite_text(condition.part)})"
    if isinstance(condition, And | Or):
        word = " AND " if isinstance(condition, And) else " OR "
        return word.join(f"({sqlite_text(part)})" for part in condition.parts)
    if isinstance(condition, Like) and condition.ignore_case:
        text = str(replace(condition, pattern=condition.pattern.lower(), ignore_case=False))
        return text.replace(str(condition.field), f"lower({condition.field})", 1)
    return str(condition).replace("prob(calm)", "prob_calm")
