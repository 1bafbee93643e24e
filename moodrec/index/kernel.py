"""The compiled search of inverted lists: ``kernel.c`` through ctypes, which lets other threads run meanwhile.

It is optional. Where it was not built (no C compiler when moodrec was installed) or ``MOODREC_KERNEL=0`` is set,
FAISS searches the same lists, several times more slowly under filters.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_float, c_int32, c_int64, c_void_p
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import AllOf, AnyLookup, AnyOf, Lookup, Mask, Range, Selection, Test

KERNEL_VARIABLE: Final = "MOODREC_KERNEL"

_VERSION: Final = 1
_RANGE, _LOOKUP, _ANY_LOOKUP, _MASK, _CONSTANT, _AND, _OR = range(7)
_DTYPES: Final = {
    np.dtype(name): number
    for number, name in enumerate(("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"))
}
_WHOLE: Final = _DTYPES[np.dtype("i8")]
_SAMPLES: Final = 16


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
        ("low", ctypes.c_double),
        ("high", ctypes.c_double),
        ("whole_low", c_int64),
        ("whole_high", c_int64),
    )


class Lists(Structure):
    """Inverted lists; see ``kernel.c`` for shapes."""

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
        ("middle", c_void_p),
        ("step", c_void_p),
        ("weights", c_void_p),
        ("spread", c_void_p),
        ("shape", c_void_p),
        ("left", c_void_p),
        ("left_at_edge", c_void_p),
        ("ranks", c_void_p),
        ("levels", c_int64),
    )


class Query(Structure):
    """What is looked for; see ``kernel.c`` for shapes."""

    _fields_ = (
        ("vector", c_void_p),
        ("similarity_weight", c_float),
        ("mood_weight", c_float),
        ("n_moods", c_int64),
        ("moods", c_void_p),
        ("targets", c_void_p),
        ("steps", POINTER(Step)),
        ("n_steps", c_int64),
        ("stack", c_int64),
        ("depth", c_int64),
        ("wanted", c_int64),
        ("first_lists", c_int64),
    )


class Found(Structure):
    """What was found: ``found`` rows, and how much was looked at for them."""

    _fields_ = (
        ("rows", c_void_p),
        ("found", c_int64),
        ("lists", c_int64),
        ("visited", c_int64),
        ("scored", c_int64),
        ("complete", c_int64),
    )


@cache
def library() -> Any:
    """The compiled kernel, or None where there is none that fits."""
    spec = None if os.environ.get(KERNEL_VARIABLE) == "0" else find_spec("moodrec.index._kernel")
    if spec is None or spec.origin is None:
        return None
    loaded = ctypes.CDLL(spec.origin)
    sizes = (c_int64 * 5)()
    loaded.moodrec_layout(sizes)
    if list(sizes) != [*(ctypes.sizeof(kind) for kind in (Step, Lists, Query, Found)), _VERSION]:
        return None  # an older build: it belongs to other sources
    loaded.moodrec_search.restype = loaded.moodrec_mask.restype = c_int64
    loaded.moodrec_search.argtypes = (POINTER(Lists), POINTER(Query), POINTER(Found))
    loaded.moodrec_mask.argtypes = (POINTER(Step), c_int64, c_int64, c_int64, c_void_p)
    loaded.moodrec_sample.restype = c_int64
    loaded.moodrec_sample.argtypes = (*loaded.moodrec_mask.argtypes[:4], c_int64, POINTER(c_int64))
    loaded.moodrec_products.restype = None
    loaded.moodrec_products.argtypes = (c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_void_p)
    return loaded


def address(array: NDArray[Any]) -> int:
    """Where an array's numbers begin; they must lie in one piece."""
    pointer: int = array.__array_interface__["data"][0]
    return pointer


def products(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], query: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(m,) inner products of a (d,) query with some rows of (n, d) vectors, each summed in double precision."""
    wanted, matrix = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(vectors, np.float32)
    vector, found = np.ascontiguousarray(query, np.float32), np.empty(len(rows), np.float64)
    library().moodrec_products(
        address(matrix), matrix.shape[1], address(wanted), len(wanted), address(vector), address(found)
    )
    return found


class Program:
    """A selection as the steps that the kernel runs over some rows at a time: tests put masks on a stack,
    connectives join the two on its top.
    """

    def __init__(self, selection: Selection | None) -> None:
        self._kept: list[NDArray[Any]] = []
        self._made: list[Step] = []
        self.height = 1
        if selection is not None:
            self._add(selection, 1)
        self.n_steps = len(self._made)
        self.steps = (Step * max(1, self.n_steps))(*self._made)

    def mask(self, n: int) -> tuple[Mask, int]:
        """(n,) the rows that pass, and how many they are."""
        found = np.empty(n, bool)
        passed = library().moodrec_mask(self.steps, self.n_steps, self.height, n, address(found))
        if passed < 0:
            raise MemoryError
        return found, passed

    def sample(self, n: int) -> float:
        """The share of ``n`` rows that passes, about: from some thousands of them."""
        seen = c_int64()
        passed = library().moodrec_sample(self.steps, self.n_steps, self.height, n, _SAMPLES, seen)
        if passed < 0:
            raise MemoryError
        return float(passed / max(1, seen.value))

    def _add(self, selection: Selection, height: int) -> None:
        """Add the steps that put a selection's mask on the stack, which then holds ``height`` masks."""
        self.height = max(self.height, height)
        if not isinstance(selection, AllOf | AnyOf):
            self._made.append(self._test(selection))
            return
        if not selection.parts:
            self._made.append(Step(_CONSTANT, 0, isinstance(selection, AnyOf)))
            return
        joins = []
        for i, part in enumerate(selection.parts):
            self._add(part, height + (i > 0))
            if i > 0:
                self._made.append(Step(_AND if isinstance(selection, AllOf) else _OR))
            joins.append(self._made[-1])
        if isinstance(selection, AllOf):
            for step in joins[:-1]:
                step.jump = len(self._made)  # no row is left: the other parts change nothing

    def _test(self, test: Test) -> Step:
        if isinstance(test, Range):
            return self._range(test)
        if isinstance(test, Lookup):
            chosen = np.flatnonzero(test.table)
            if len(chosen) == 1 and chosen[0] > 0:  # one category: its codes are compared, not looked up
                return self._range(Range(test.codes, chosen[0] - 1, chosen[0] - 1))
            return Step(_LOOKUP, 0, 0, 0, self._at(test.codes), None, self._at(test.table))
        if isinstance(test, AnyLookup):
            tables = (self._at(test.codes), None, self._at(test.table), self._at(test.offsets))
            return Step(_ANY_LOOKUP, 0, test.none, 0, *tables)
        return Step(_MASK, 0, 0, 0, self._at(test.true))

    def _range(self, test: Range) -> Step:
        dtype = _DTYPES[test.values.dtype]
        present = None if test.present is None else self._at(test.present)
        columns = (self._at(test.values), present, None, None)
        if dtype <= _WHOLE:
            return Step(_RANGE, dtype, test.outside, 0, *columns, 0, 0, int(test.low), int(test.high))
        return Step(_RANGE, dtype, test.outside, 0, *columns, test.low, test.high)

    def _at(self, array: NDArray[Any]) -> int:
        piece = np.ascontiguousarray(array)
        self._kept.append(piece)  # as long as the steps point there
        return address(piece)
