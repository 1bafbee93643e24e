"""Odd values for every argument of an index and of a recommender: one of moodrec's errors, or an answer."""

from __future__ import annotations

import dataclasses
import inspect
import resource
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moodrec import MoodIndex, Recommender, SearchOptions
from moodrec.errors import AmbiguousSeedError, MoodrecError

SAMPLE = Path(__file__).parents[1] / "indexes" / "open-game-music"
LONGEST = 600
"""Characters of an error, which may name a few values of eighty."""
MEMORY_KIB = 300 << 10


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


ODD: list[Any] = [
    2.5, "3", None, float("nan"), float("inf"), 2**62, -(2**62), 10**400, np.int64(3), np.float32(2.5),
    np.bool_(True), True, -1, 0, "", "\ud800", b"x", [], {}, nested(5_000), object(), Decimal("NaN"), Fraction(1, 3),
    1j, np.array([1, 2]), np.array(3), np.datetime64("NaT"), pd.NA, (1,), {"a": nested(2_000)}, "x" * 100_000, type,
]  # fmt: skip
NOT_TRIED = ("open", "save", "refresh", "verify", "close", "settle")


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    return MoodIndex.open(SAMPLE)


def attempt(call: Callable[..., object], **arguments: object) -> str:
    """What is wrong with how a call ended, "" if nothing."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        call(**arguments)
    except MoodrecError as error:
        many_lines = "\n" in str(error) and not isinstance(error, AmbiguousSeedError)
        if many_lines or len(str(error)) > LONGEST:
            return f"an error of {len(str(error))} characters"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is listed
        return f"{type(error).__name__}: {str(error)[:100]}"
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return f"took {taken >> 10} MiB" if taken > MEMORY_KIB else ""


def faults(name: str, call: Callable[..., object], needed: dict[str, Any], others: list[str]) -> list[str]:
    """Put every odd value in the place of each argument in turn."""
    found = []
    for argument in [*needed, *others]:
        for number, value in enumerate(ODD):
            if what := attempt(call, **{**needed, argument: value}):
                found.append(f"{name}({argument}=ODD[{number}]): {what}")
    return found


def samples(index: MoodIndex) -> dict[str, Any]:
    ids = index.track_ids
    mood = {index.moods[0]: 1.0}
    vectors = index.vectors(ids[:2])
    table = index.table.slice(0, 2)
    return {
        "queries": vectors, "vectors": vectors, "embeddings": vectors, "k": 5, "seed": ids[0], "seeds": ids[:1],
        "track_ids": ids[:2], "track_id": ids[0], "seed_id": ids[0], "mood": mood, "moods": mood, "target": mood,
        "history": {ids[0]: 1.0}, "weights": {ids[0]: 1.0}, "tracks": table, "table": table, "others": ids[:1],
        "candidates": ids[:5], "pairs": [(ids[0], ids[1])],
    }  # fmt: skip


def test_search_options(index: MoodIndex) -> None:
    names = [field.name for field in dataclasses.fields(SearchOptions)]
    query = index.vectors(index.track_ids[:1])
    found = faults("SearchOptions", SearchOptions, {}, names)
    found += faults("search", index.snapshot().search, {"queries": query, "k": 3}, names)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", ["index", "recommender"])
def test_methods(kind: str, index: MoodIndex) -> None:
    given = samples(index)
    holder: Any = index.snapshot() if kind == "index" else Recommender.open(SAMPLE)
    found = []
    for name in dir(holder):
        method = getattr(holder, name)
        if name.startswith("_") or name in NOT_TRIED or not inspect.ismethod(method):
            continue
        parameters = [
            one
            for one in inspect.signature(method).parameters.values()
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        ]
        needed = {
            one.name: given.get(one.name, given["track_id"]) for one in parameters if one.default is one.empty
        }
        others = [one.name for one in parameters if one.default is not one.empty]
        found += faults(name, method, needed, others)
    assert not found, "\n".join(found)
