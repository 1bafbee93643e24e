"""The binding of the compiled kernel, through ctypes, which lets other threads run during a call.

The kernel is optional. Where it was not built (no C compiler when moodrec was installed) or ``MOODREC_KERNEL=0`` is
set, FAISS searches the same lists, several times more slowly under filters.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_int64,
    c_void_p,
)
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import UsageError
from moodrec.index.kernel.structures import (
    STRUCTURES,
    Filter,
    Found,
    Lists,
    Plan,
    Query,
    Rows,
    Share,
    Step,
    address,
    empty,
)

__all__ = [
    "KERNEL_VARIABLE",
    "PATHS",
    "PATH_VARIABLE",
    "Filter",
    "Found",
    "Lists",
    "Plan",
    "Query",
    "Rows",
    "Share",
    "Step",
    "address",
    "empty",
    "library",
    "path",
    "paths",
    "running",
    "scores",
    "to_unit_length",
    "trouble",
]

KERNEL_VARIABLE: Final = "MOODREC_KERNEL"
PATH_VARIABLE: Final = "MOODREC_KERNEL_ISA"
PATHS: Final = ("portable", "avx2", "avx512", "vnni", "neon", "dotprod")
"""The sets of instructions that the kernel's loops are compiled for, of every processor architecture."""

_VERSION: Final = 10


@cache
def library() -> Any:
    """Return the compiled kernel, or None where it was not built, does not fit or is switched off.

    Raises:
        UsageError: ``MOODREC_KERNEL_ISA`` asks for a path that does not exist or cannot run here.
    """
    if os.environ.get(KERNEL_VARIABLE) == "0":
        return None
    loaded = _load().library
    asked = os.environ.get(PATH_VARIABLE)
    if asked:
        _force(loaded, asked)
    elif loaded is not None:
        _choose(loaded, _paths(loaded)[-1])
    return loaded


def path() -> str | None:
    """Return the path that searches run on, one of :data:`PATHS`; None without a kernel."""
    loaded = library()
    return None if loaded is None else _named(loaded.moodrec_path())


def paths() -> tuple[str, ...]:
    """Return the paths that this processor can run, the fastest one last; none without a kernel."""
    loaded = library()
    return () if loaded is None else _paths(loaded)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Run searches on another path inside a ``with`` block. No search may run when it begins or ends.

    Raises:
        UsageError: the path does not exist, or cannot run here.
    """
    before = path()
    _force(library(), name)
    try:
        yield
    finally:
        _force(library(), str(before))


def _force(loaded: Any, name: str) -> None:
    """Switch to a path that the user has chosen, or say why that is impossible."""
    if name not in PATHS:
        raise UsageError(
            f"{name!r} is not a path of the search kernel: {PATH_VARIABLE} is one of {', '.join(PATHS)}"
        )
    if loaded is None:
        raise UsageError(
            f"{PATH_VARIABLE}={name} needs the search kernel, which is missing: {_load().trouble}"
        )
    if not _choose(loaded, name):
        there = ", ".join(_paths(loaded))
        raise UsageError(f"this processor cannot run the search kernel's path {name}; it can run {there}")


def _choose(loaded: Any, name: str) -> bool:
    return bool(loaded.moodrec_choose_path(name.encode()) == 0)


def _paths(loaded: Any) -> tuple[str, ...]:
    names = (loaded.moodrec_path_at(i) for i in range(len(PATHS)))
    return tuple(_named(name) for name in names if name is not None)


def _named(name: bytes) -> str:
    return name.decode("ascii")


class _Build(NamedTuple):
    """The kernel as it was found, or why there is none."""

    library: Any
    """The loaded library; None where it cannot be used."""
    trouble: str
    """Why the kernel cannot be used; "" where it can."""


def trouble() -> str:
    """Return why there is no kernel, as a text for users; "" where there is one or it is switched off."""
    return "" if os.environ.get(KERNEL_VARIABLE) == "0" else _load().trouble


@cache
def _load() -> _Build:
    """Load the kernel, which starts on its portable path."""
    spec = find_spec("moodrec.index._kernel")
    if spec is None or spec.origin is None:
        return _Build(None, "not built")
    try:
        loaded = ctypes.CDLL(spec.origin)
    except OSError:
        return _Build(None, f"{spec.origin} was built for another system")
    if not hasattr(loaded, "moodrec_version") or loaded.moodrec_version() != _VERSION:
        return _Build(None, f"{spec.origin} was built from other sources")
    if difference := _difference(_layout(loaded)):
        return _Build(None, f"{spec.origin} was built from other sources: {difference}")
    _declare(loaded)
    return _Build(loaded, "")


def _layout(loaded: Any) -> dict[str, tuple[int, int]]:
    """Read the offset and size in bytes of every structure of the C side, and of its fields (``Structure.field``)."""
    name, offset, size = c_char_p(), c_int64(), c_int64()
    found: dict[str, tuple[int, int]] = {}
    read = loaded.moodrec_field
    read.argtypes, read.restype = (c_int64, c_void_p, c_void_p, c_void_p), c_int64
    where = [ctypes.addressof(value) for value in (name, offset, size)]
    while read(len(found), *where):
        found[_named(name.value or b"")] = (offset.value, size.value)
    return found


def _difference(layout: dict[str, tuple[int, int]]) -> str:
    """Name a field that lies in different places on the two sides; "" where they agree on all fields."""
    expected = {kind.__name__: (0, ctypes.sizeof(kind)) for kind in STRUCTURES}
    for kind in STRUCTURES:
        for name, *_ in kind._fields_:
            place = getattr(kind, name)
            expected[f"{kind.__name__}.{name}"] = (place.offset, place.size)
    differing = sorted(
        name for name in expected.keys() | layout.keys() if expected.get(name) != layout.get(name)
    )
    return f"{differing[0]} lies elsewhere" if differing else ""


def _declare(loaded: Any) -> None:
    """Tell ctypes the arguments and results of every function."""
    by_name = {kind: POINTER(kind) for kind in STRUCTURES}
    loaded.moodrec_search.restype = loaded.moodrec_mask.restype = c_int64
    loaded.moodrec_search.argtypes = [by_name[kind] for kind in (Lists, Rows, Query, Filter, Plan, Found)]
    loaded.moodrec_mask.argtypes = (by_name[Filter], c_int64, c_void_p)
    loaded.moodrec_sample.restype = c_double
    loaded.moodrec_sample.argtypes = (by_name[Filter], c_int64)
    loaded.moodrec_to_unit_length.restype = c_int64
    loaded.moodrec_to_unit_length.argtypes = (c_void_p, c_int64, c_int64)
    loaded.moodrec_scores.restype = None
    loaded.moodrec_scores.argtypes = (by_name[Rows], by_name[Query], c_void_p, c_int64, c_void_p)
    loaded.moodrec_path.restype = loaded.moodrec_path_at.restype = c_char_p
    loaded.moodrec_path_at.argtypes = (c_int64,)
    loaded.moodrec_choose_path.restype = c_int64
    loaded.moodrec_choose_path.argtypes = (c_char_p,)


def to_unit_length(vectors: NDArray[np.float32]) -> bool:
    """Scale (n, d) rows to unit length in place.

    It returns False, with some of the rows scaled, where a row has no length or an extreme one.
    """
    n, dim = vectors.shape
    done: int = library().moodrec_to_unit_length(address(vectors), n, dim)
    return done == len(vectors)


def scores(rows: Rows, query: Query, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
    """Compute the exact scores of rows, each in double precision by itself.

    Args:
        rows: the vectors of a segment.
        query: the query.
        chosen: (m,) the rows of the segment to score.

    Returns:
        (m,) float32 scores.
    """
    numbers = np.ascontiguousarray(chosen, np.int64)
    found, place = empty(len(numbers), np.float32)
    library().moodrec_scores(rows, query, address(numbers), len(numbers), place)
    return found
