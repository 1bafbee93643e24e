"""Inverted lists of FAISS as the kernel searches them: where FAISS keeps codes and rows, and what bounds a list."""

from __future__ import annotations

from ctypes import c_int64
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moodrec.index.backends.base import EXTRA_CANDIDATES
from moodrec.index.backends.ivf.list_shares import KnownShares
from moodrec.index.backends.ivf.sketches import Sketches
from moodrec.index.backends.ivf.stop_rule import StopRule
from moodrec.index.kernel import binding as kernel
from moodrec.index.rows.segment import Segment
from moodrec.index.runtime import faiss
from moodrec.index.search.hits import Ranked
from moodrec.index.search.passing import RowCondition
from moodrec.index.search.request import Request
from moodrec.index.search.scoring import kernel_query, vector_address
from moodrec.typing import Float32Array, Vectors

_BYTES, _FLOATS = range(2)
_LISTS, _ROWS = range(2)
_HALF = 128
_STEPS = 255
_LEAST = 1e-30
_LARGEST_OF_A_QUERY = 0.4
"""Number of a unit vector, commonly: its step is a 127th of that."""
_SMALL = 0.2
_FEW_LISTS = 0.1
_SKETCH_MARGIN = 3
"""Standard errors of a sketch's estimate that a row is given."""


@dataclass(slots=True, eq=False)
class KernelResult:
    """What the kernel found for one query, and what it took."""

    ranked: Ranked
    complete: bool
    """Whether these are all rows that pass."""
    every: bool
    """Whether all rows that pass were compared with the query, be it roughly."""
    exact: bool
    """Whether they were by their exact scores."""
    scanned: int
    scored: int


class ScanLimits(NamedTuple):
    """How many rows may pass for all of them to be scored, and no list looked at."""

    unmarked: int
    """Where it is a sample that says how many pass."""
    marked: int
    """Where columns are known in order, so that they need not be looked for; first by their codes."""


class _Scratch:
    """What a call of the kernel fills in, kept for later ones: to make it anew takes as long as a short search."""

    __slots__ = ("found", "query", "rows", "scores")

    def __init__(self) -> None:
        self.query, self.found = kernel.Query(), kernel.Found()
        self.rows, self.scores = np.empty(0, np.int64), np.empty(0, np.float32)

    def make_room(self, most: int) -> None:
        """For so many rows."""
        if len(self.rows) < most:
            self.rows, self.found.rows = kernel.empty(most, np.int64)
            self.scores, self.found.scores = kernel.empty(most, np.float32)


class ListSearch:
    """The lists of an index as the kernel searches them."""

    def __init__(
        self,
        index: Any,
        rule: StopRule,
        first_lists: int,
        shares: KnownShares,
        sketches: Sketches,
        limits: ScanLimits,
    ) -> None:
        """Look up where the lists of an ``IndexIVFFlat`` or an 8-bit ``IndexIVFScalarQuantizer`` lie."""
        self._index = index  # owns the memory
        self._shares, self._scan_limits = shares, limits
        self._first = first_lists
        codes, rows, sizes = _places(index)
        by_bytes = index.code_size == index.d
        middle, step = _decoding(index) if by_bytes else (np.zeros(0, np.float32),) * 2
        runs, starts = _runs(rows, sizes)
        tables = (rule.left, rule.left_at_edge, rule.left_where_known, rule.ranks)
        centroids = np.ascontiguousarray(rule.centroids, np.float32)
        coarse, coarse_middle, coarse_step, error = _as_bytes(centroids, rule.spread)
        floats = (middle, step, sizes, np.hypot(rule.spread, error), rule.shape, *tables)
        lists: list[NDArray[Any]] = [codes, rows, sizes, runs, starts, centroids, coarse, coarse_middle]
        lists += [np.ascontiguousarray(array, np.float32) for array in floats]
        self._kept = [*lists, sketches.blocks, sketches.axes]
        kind = _BYTES if by_bytes else _FLOATS
        places = (kernel.address(array) if array.size else None for array in self._kept)
        counts = (len(rule.left), len(sketches.axes), _in_order(runs, starts), sketches.count)
        errors = (coarse_step, error, _SKETCH_MARGIN * sketches.noise)
        self._lists = kernel.Lists(index.nlist, index.d, kind, *places, *counts, *errors)
        self._call = kernel.library().moodrec_search
        self._free_scratch: list[_Scratch] = []

    def search(self, segment: Segment, request: Request, depth: int, query: int) -> KernelResult:
        """The rows that rank highest for one query: more than ``depth``, for approximate scores chose them."""
        plan = self._plan(segment, request.passing.condition, depth)
        scratch = self._take_scratch()
        scratch.make_room(2 * (depth + EXTRA_CANDIDATES))
        if request.blend is None:
            scratch.query.vector = vector_address(request, query)
        asked = scratch.query if request.blend is None else kernel_query(segment, request, query)
        filtered, found = request.passing.program.filter, scratch.found
        failed = self._call(self._lists, segment.in_memory, asked, filtered, plan, found)
        if failed:
            raise MemoryError
        n, way = found.found, found.way
        ranked = Ranked(scratch.rows[:n].copy(), scratch.scores[:n].copy())
        result = KernelResult(
            ranked, bool(found.complete), way != _LISTS, way == _ROWS, found.scanned, found.scored
        )
        self._free_scratch.append(scratch)
        return result

    def _take_scratch(self) -> _Scratch:
        """One that no other thread sits at."""
        try:
            return self._free_scratch.pop()
        except IndexError:
            return _Scratch()

    def _plan(self, segment: Segment, wanted: RowCondition, depth: int) -> kernel.Plan:
        known = wanted.plan
        if known is not None and known[0] is self and known[1] == depth:
            return known[2]
        shares, n_shares = self._shares_of(segment, wanted)
        plan = kernel.Plan(depth, EXTRA_CANDIDATES, self._first, *self._scan_limits, shares, n_shares)
        plan.kept = shares
        wanted.plan = (self, depth, plan)
        return plan

    def _shares_of(self, segment: Segment, wanted: RowCondition) -> tuple[Any, int]:
        made: list[kernel.Share] = []
        columns, selection = segment.columns, wanted.selection
        for test, column in self._shares.terms(selection, columns):
            (low, low_way), (high, high_way) = column.ends(test)
            rows = (column.below[low : low + 2], column.below[high : high + 2])
            made.append(kernel.Share.of(*rows, low_way, high_way, test.outside))
        for passed in self._shares.of_categories(selection, columns):
            none, twice = np.zeros((2, len(passed)), np.uint16), np.stack([passed, passed])
            made.append(kernel.Share.of(none, twice, 0, 0, False))
        shares: Any = (kernel.Share * len(made))(*made)
        shares.kept = made  # own the tables
        return shares, len(made)


def _places(index: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(nlist,) addresses of codes and of rows, and the size of each list."""
    lists = index.invlists
    every = range(index.nlist)
    codes = np.array([int(lists.get_codes(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    rows = np.array([int(lists.get_ids(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    return codes, rows, np.array([lists.list_size(i) for i in every], np.int64)


def _runs(rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(nlist,) how many rows at the head of each list follow one another, and the first of them.

    The rows of a list rise, so one whose ends are as far apart as it is long has no gap.
    """
    runs, starts = sizes.copy(), np.zeros_like(sizes)
    for i in np.flatnonzero(sizes).tolist():
        place, size = int(rows[i]), int(sizes[i])
        starts[i] = c_int64.from_address(place).value
        if c_int64.from_address(place + 8 * (size - 1)).value - starts[i] != size - 1:
            numbers = np.ctypeslib.as_array((c_int64 * size).from_address(place))
            runs[i] = np.flatnonzero(np.diff(numbers) != 1)[0] + 1
    return runs, starts


def _in_order(runs: NDArray[np.int64], starts: NDArray[np.int64]) -> int:
    """How many rows, from the first on, lie in the heads of the lists, one list after the other."""
    before = np.cumsum(runs) - runs
    astray = np.flatnonzero((runs > 0) & (starts != before))
    return int(before[astray[0]] if len(astray) else runs.sum())


def _as_bytes(
    centroids: Vectors, spread: Float32Array
) -> tuple[NDArray[np.uint8], Float32Array, float, float]:
    """(nlist, d) codes of centroids, their (d,) middle, the step, and the error of a product with a query that is
    coded as roughly: a code c stands for ``middle + step * (c - 128)``.

    Step and error are 0 where the error is not small beside most lists' spreads: the codes are not to be used then.
    """
    middle = centroids.mean(axis=0)
    off = centroids - middle
    step = max(float(np.abs(off).max(initial=0)), _LEAST) / (_HALF - 1)
    of_centroid = step / np.sqrt(12)  # for a query of length 1
    of_query = float(np.linalg.norm(off, axis=1).max(initial=0)) / (_HALF - 1) / np.sqrt(12)
    error = 2 * np.hypot(of_centroid, _LARGEST_OF_A_QUERY * of_query)
    if error >= _SMALL * float(np.quantile(spread, _FEW_LISTS)):
        return np.zeros(centroids.shape, np.uint8), middle, 0.0, 0.0
    return np.rint(off / step + _HALF).astype(np.uint8), middle, step, float(error)


def _decoding(index: Any) -> tuple[Float32Array, Float32Array]:
    """(d,) middle and (d,) step: FAISS's code c of a number stands for ``middle + step * (c - 128)``."""
    trained = faiss.vector_to_array(index.sq.trained).astype(np.float32)
    low, width = trained[: index.d], trained[index.d :]
    step = width / _STEPS
    return np.ascontiguousarray(low + step * (_HALF + 0.5)), np.ascontiguousarray(step)
