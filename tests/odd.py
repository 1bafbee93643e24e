"""Odd values for arguments, and what is wrong with how a call with one ends."""

from __future__ import annotations

import inspect
import itertools
import os
import resource
import signal
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from moodrec.errors import AmbiguousSeedError, MoodrecError

LONGEST: Final = 600
"""Characters of an error, which may name a few values of eighty."""
MEMORY_KIB: Final = 300 << 10
_ADDRESSES: Final = 4 << 30
"""Bytes of addresses that a call may take on top, so that a fault does not take the machine."""
_HANGS_S: Final = 60
_EVERY: Final = 1 if os.environ.get("MOODREC_ODD") == "all" else 6
"""One value in so many is tried, from another one on for each argument."""


def nested(depth: int) -> Any:
    """Lists within lists."""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


def odd_values() -> list[Any]:
    """Values that nobody would give; made anew for each call, because iterators are used up."""
    return [
        2.5, "3", None, float("nan"), float("inf"), 2**62, -(2**62), 10**400, np.int64(3), np.float32(2.5),
        np.bool_(True), True, -1, 0, "", "\ud800", "\0", "a\0b", b"x", bytearray(b"\xff"), [], {}, (), set(),
        nested(5_000), object(), Decimal("NaN"), Decimal("1e400"), Fraction(1, 3), 1j, np.array([1, 2]), np.array(3),
        np.datetime64("NaT"), pd.NA, pd.NaT, (1,), {"a": nested(2_000)}, "x" * 100_000, type, range(10**12),
        (one for one in ("a", None)), iter(["\ud800"]), itertools.repeat("x", 3), [pd.NA], [float("nan")],
        pd.Series([pd.NA, 1]), pd.DataFrame(), pa.table({}), pa.array([None, 1]), pa.nulls(2), np.empty((0, 3)),
        np.array(["\ud800"]), np.array([None, 1], object), {"\ud800": float("nan")}, {None: None}, {"": 10**400},
        Path("a\0b"), Path("/proc/self/mem"), "/dev/zero", lambda: None, b"\xff" * 1000, memoryview(b"xy"),
        "\x1b[31m\u202e\u2028", pd.DataFrame({"\x1b": ["\u202e"]}), {"x" * 100_000: 0.5}, {"a": {"b": {}}},
        [[]], [()], [{}],
    ]  # fmt: skip


@contextmanager
def bounded() -> Iterator[None]:
    """End what a call would take without bound: memory by a MemoryError, time by a TimeoutError."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

    def stop(*_: object) -> None:
        raise TimeoutError("it hangs")

    handler = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (used + _ADDRESSES, before[1]))
    signal.alarm(_HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGALRM, handler)


def attempt(call: Callable[..., object], **arguments: object) -> str:
    """What is wrong with how a call ended, "" if nothing."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with bounded():
            call(**arguments)
    except MoodrecError as error:
        many_lines = "\n" in str(error) and not isinstance(error, AmbiguousSeedError)
        if many_lines or len(str(error)) > LONGEST:
            return f"an error of {len(str(error))} characters"
    except OSError as error:  # a file cannot be written; the command line makes a sentence of it
        return "" if error.filename else f"{error!r} names no file"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is listed
        return f"{type(error).__name__}: {str(error)[:100]!r}"
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return f"took {taken >> 10} MiB" if taken > MEMORY_KIB else ""


def faults(
    name: str, call: Callable[..., object], needed: dict[str, Any], others: list[str] | None = None
) -> list[str]:
    """Put odd values in the place of each argument in turn: a part of them, another one for each argument.

    With ``MOODREC_ODD=all`` in the environment, all of them, which takes minutes.

    Args:
        name: what is called, for the report.
        call: it.
        needed: arguments that it needs, with values that are right.
        others: its other arguments; without them, all that its signature has.
    """
    if others is None:
        others = [
            one.name
            for one in inspect.signature(call).parameters.values()
            if one.name not in needed and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        ]
    found = []
    for argument in [*needed, *others]:
        first = zlib.crc32(f"{name} {argument}".encode()) % _EVERY
        for number, value in list(enumerate(odd_values()))[first::_EVERY]:
            if what := attempt(call, **{**needed, argument: value}):
                found.append(f"{name}({argument}=odd_values()[{number}]): {what}")
    return found


def faults_of_methods(holder: Any, given: dict[str, Any], but: Collection[str]) -> list[str]:
    """Put odd values in the place of each argument of each public method of an object.

    Args:
        holder: the object.
        given: right values by the names of arguments.
        but: methods that are not tried.
    """
    found = []
    for name in dir(holder):
        method = getattr(holder, name)
        if name.startswith("_") or name in but or not inspect.ismethod(method):
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
    return found


def samples(index: Any) -> dict[str, Any]:
    """Right values for the arguments of methods, by their names."""
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
