"""The compiled search of inverted lists: ``native/`` through ctypes, which lets other threads run meanwhile.

It is optional. Where it was not built (no C compiler when moodrec was installed) or ``MOODREC_KERNEL=0`` is set,
FAISS searches the same lists, several times more slowly under filters.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_uint64,
    c_void_p,
)
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import UsageError

KERNEL_VARIABLE: Final = "MOODREC_KERNEL"
PATH_VARIABLE: Final = "MOODREC_KERNEL_ISA"
PATHS: Final = ("portable", "avx2", "avx512", "vnni", "neon", "dotprod")
"""The sets of instructions that the kernel's loops are compiled for, of every processor architecture."""

_VERSION: Final = 9


class Step(Structure):
    """A test of one column, or a connective of the two masks made last."""

    _fields_ = (
        ("op", c_int32),
        ("dtype", c_int32),
        ("negated", c_int32),
        ("jump", c_int32),
        ("values", c_void_p),
        ("present", c_void_p),
        ("table", c_void_p),
        ("offsets", c_void_p),
        ("order", c_void_p),
        ("chosen", c_void_p),
        ("n_order", c_int64),
        ("n_chosen", c_int64),
        ("low", c_double),
        ("high", c_double),
        ("whole_low", c_int64),
        ("whole_high", c_int64),
        ("bits", c_uint64),
    )


class Filter(Structure):
    """The steps of a filter; those of :class:`moodrec.index.kernel.program.Program`."""

    _fields_ = (("steps", POINTER(Step)), ("n_steps", c_int64), ("height", c_int64), ("n_ordered", c_int64))


class Lists(Structure):
    """Inverted lists; see ``native/kernel.h`` for the shapes of this and the others."""

    _fields_ = (
        ("nlist", c_int64),
        ("dim", c_int64),
        ("kind", c_int64),
        ("codes", c_void_p),
        ("rows", c_void_p),
        ("sizes", c_void_p),
        ("runs", c_void_p),
        ("starts", c_void_p),
        ("centroids", c_void_p),
        ("coarse", c_void_p),
        ("coarse_middle", c_void_p),
        ("middle", c_void_p),
        ("step", c_void_p),
        ("weights", c_void_p),
        ("spread", c_void_p),
        ("shape", c_void_p),
        ("left", c_void_p),
        ("left_at_edge", c_void_p),
        ("left_where_known", c_void_p),
        ("ranks", c_void_p),
        ("sketches", c_void_p),
        ("axes", c_void_p),
        ("levels", c_int64),
        ("sketch_dim", c_int64),
        ("n_in_order", c_int64),
        ("n_sketched", c_int64),
        ("coarse_step", c_double),
        ("near_error", c_double),
        ("sketch_noise", c_double),
    )


class Rows(Structure):
    """The vectors that scores are computed from."""

    _fields_ = (("n", c_int64), ("dim", c_int64), ("vectors", c_void_p), ("order", c_void_p))

    @classmethod
    def of(cls, vectors: NDArray[np.float32], order: NDArray[np.int64] | None) -> Self:
        """(n, d) vectors, and when each row came in, None if they lie in that order."""
        matrix = np.ascontiguousarray(vectors, np.float32)
        places = None if order is None else np.ascontiguousarray(order, np.int64)
        rows = cls(*matrix.shape, address(matrix), None if places is None else address(places))
        rows.kept = (matrix, places)
        return rows


class Query(Structure):
    """How rows rank."""

    _fields_ = (
        ("vector", c_void_p),
        ("weight", c_double),
        ("n_moods", c_int64),
        ("moods", c_void_p),
        ("targets", c_void_p),
    )

    @classmethod
    def blended(
        cls, vector: int, weight: float, columns: Sequence[NDArray[np.float32]], targets: int
    ) -> Self:
        """With the mood columns (n,), and where the vector and the targets begin."""
        places = (c_void_p * len(columns))(*map(address, columns))
        query = cls(vector, weight, len(columns), ctypes.addressof(places), targets)
        query.kept = (places, columns)
        return query


class Share(Structure):
    """What a range passes of each list."""

    _fields_ = (
        ("below", c_void_p),
        ("up_to", c_void_p),
        ("below_way", c_float),
        ("up_to_way", c_float),
        ("outside", c_int32),
    )

    @classmethod
    def of(
        cls,
        below: NDArray[np.uint16],
        up_to: NDArray[np.uint16],
        below_way: float,
        up_to_way: float,
        outside: bool,
    ) -> Self:
        """With two rows (2, nlist) each of what lies below, and of what lies up to the end."""
        share = cls(address(below), address(up_to), below_way, up_to_way, outside)
        share.kept = (below, up_to)
        return share


class Plan(Structure):
    """How much is wanted, and how to go about it."""

    _fields_ = (
        ("depth", c_int64),
        ("spare", c_int64),
        ("first_lists", c_int64),
        ("few", c_int64),
        ("few_in_order", c_int64),
        ("shares", POINTER(Share)),
        ("n_shares", c_int64),
    )


class Found(Structure):
    """What was found: ``found`` rows, and how much was looked at for them."""

    _fields_ = (
        ("rows", c_void_p),
        ("scores", c_void_p),
        ("found", c_int64),
        ("visited", c_int64),
        ("scored", c_int64),
        ("complete", c_int64),
        ("way", c_int64),
    )


_STRUCTURES: Final = (Step, Filter, Lists, Rows, Query, Share, Plan, Found)


@cache
def library() -> Any:
    """The compiled kernel, or None where there is none that fits.

    Raises:
        UsageError: ``MOODREC_KERNEL_ISA`` asks for a path that does not exist or cannot run here.
    """
    if os.environ.get(KERNEL_VARIABLE) == "0":
        return None
    loaded = _load()
    asked = os.environ.get(PATH_VARIABLE)
    if asked:
        _force(loaded, asked)
    elif loaded is not None:
        _choose(loaded, _paths(loaded)[-1])
    return loaded


def path() -> str | None:
    """The path that searches run on, one of :data:`PATHS`; None where there is no kernel."""
    loaded = library()
    return None if loaded is None else _named(loaded.moodrec_path())


def paths() -> tuple[str, ...]:
    """The paths that this processor can run, the fastest one last; none where there is no kernel."""
    loaded = library()
    return () if loaded is None else _paths(loaded)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Let searches run on another path for a while; no search may be at work when it begins or ends.

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
    """Go over to a path that somebody asked for."""
    if name not in PATHS:
        raise UsageError(
            f"{name!r} is not a path of the search kernel: {PATH_VARIABLE} is one of {', '.join(PATHS)}"
        )
    if loaded is None:
        raise UsageError(f"{PATH_VARIABLE}={name} needs the search kernel, which was not built here")
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


def _load() -> Any:
    """The kernel as it was built, on its portable path."""
    spec = find_spec("moodrec.index._kernel")
    if spec is None or spec.origin is None:
        return None
    try:
        loaded = ctypes.CDLL(spec.origin)
    except OSError:  # built for another system
        return None
    sizes = (c_int64 * (len(_STRUCTURES) + 1))()
    loaded.moodrec_layout(sizes)
    if list(sizes) != [*map(ctypes.sizeof, _STRUCTURES), _VERSION]:
        return None  # an older build: it belongs to other sources
    by_name = {kind: POINTER(kind) for kind in _STRUCTURES}
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
    return loaded


def address(array: NDArray[Any]) -> int:
    """Where an array's numbers begin; they must lie in one piece."""
    if array.flags.writeable and array.size:
        writable: Any = array
        return ctypes.addressof(c_char.from_buffer(writable))  # in a third of the time
    pointer: int = array.__array_interface__["data"][0]
    return pointer


def empty(n: int, dtype: type[np.generic]) -> tuple[NDArray[Any], int]:
    """(n,) numbers to be filled in, and where they begin."""
    array = np.empty(n, dtype)
    return array, address(array)


def to_unit_length(vectors: NDArray[np.float32]) -> bool:
    """Scale (n, d) rows in place; False, with some of them done, where one has no length, or an extreme one."""
    n, dim = vectors.shape
    done: int = library().moodrec_to_unit_length(address(vectors), n, dim)
    return done == len(vectors)


def scores(rows: Rows, query: Query, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
    """(m,) scores of some rows, each computed in double precision by itself."""
    asked = np.ascontiguousarray(wanted, np.int64)
    found, place = empty(len(asked), np.float32)
    library().moodrec_scores(rows, query, address(asked), len(asked), place)
    return found
