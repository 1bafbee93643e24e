"""The kernel's search of FAISS's inverted lists: it hands the kernel the addresses of the lists and all else it
reads.

FAISS owns the codes and row numbers of the lists; nothing is copied, and FAISS's file may be mapped into memory.
"""

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
# A code of 8 bits has 255 steps between its least and its largest value; code 128 lies in their middle.
_LEAST = 1e-30
_LARGEST_OF_A_QUERY = 0.4
"""The largest number of a unit query, typically; the step of its codes is a 127th of that."""
_SMALL_ERROR = 0.2
"""Coded centroids are used where their error is below this share of the spread of all but the narrowest lists."""
_NARROW_LISTS = 0.1
"""The share of the lists that count as the narrowest."""
_SKETCH_MARGIN = 3
"""A row is dropped where its sketch's estimate lies this many standard errors below the k-th best score."""


@dataclass(slots=True, eq=False)
class KernelResult:
    """The rows that the kernel found for one query, and how it found them."""

    ranked: Ranked
    """The rows with their exact scores, best first."""
    complete: bool
    """Whether these are all the rows that pass."""
    every: bool
    """Whether every row that passes was compared with the query, if only by its code."""
    exact: bool
    """Whether every row that passes was compared by its exact score."""
    scanned: int
    """Rows that were tested against the conditions."""
    scored: int
    """Rows that were compared with the query, some of them by their sketches alone."""


class ScanLimits(NamedTuple):
    """Up to how many passing rows all of them are scored, so that no list is probed."""

    sampled: int
    """The limit where a sample estimates how many rows pass, and finding them takes a test of every row."""
    sorted: int
    """The higher limit where sorted columns find the rows that pass; they are scored by their codes first."""


class _Scratch:
    """The structures that a call of the kernel fills in.

    They are kept for later calls, because making them anew takes as long as a short search.
    """

    __slots__ = ("found", "query", "rows", "scores")

    def __init__(self) -> None:
        self.query, self.found = kernel.Query(), kernel.Found()
        self.rows, self.scores = np.empty(0, np.int64), np.empty(0, np.float32)

    def make_room(self, most: int) -> None:
        """Make room for ``most`` rows."""
        if len(self.rows) < most:
            self.rows, self.found.rows = kernel.empty(most, np.int64)
            self.scores, self.found.scores = kernel.empty(most, np.float32)


class ListSearch:
    """The inverted lists of an index, prepared for the kernel."""

    def __init__(
        self,
        index: Any,
        rule: StopRule,
        first_lists: int,
        shares: KnownShares,
        sketches: Sketches,
        limits: ScanLimits,
    ) -> None:
        """Read where the lists of an index lie in memory.

        Args:
            index: a FAISS ``IndexIVFFlat``, or an ``IndexIVFScalarQuantizer`` of 8 bits.
            rule: the stop rule.
            first_lists: the number of lists that are probed before the stop rule is first applied.
            shares: the tables of what ranges and categories pass of each list.
            sketches: the sketches of the rows.
            limits: up to how many passing rows all of them are scored.
        """
        self._index = index  # It owns the memory that the addresses point to.
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
        """Find the rows that rank highest for one query.

        Args:
            segment: the rows.
            request: the search.
            depth: the number of rows that the search needs.
            query: the number of the query in the request.

        Returns:
            ``depth`` rows and some more, because approximate scores chose them; fewer where no more pass.
        """
        plan = self._plan(segment, request.passing.condition, depth)
        scratch = self._take_scratch()
        scratch.make_room(2 * (depth + EXTRA_CANDIDATES))
        if request.blend is None:
            scratch.query.vector = vector_address(request, query)
        described = scratch.query if request.blend is None else kernel_query(segment, request, query)
        filtered, found = request.passing.program.filter, scratch.found
        failed = self._call(self._lists, segment.in_memory, described, filtered, plan, found)
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
        """Take scratch memory that no other thread uses; pop is atomic, so no lock is needed."""
        try:
            return self._free_scratch.pop()
        except IndexError:
            return _Scratch()

    def _plan(self, segment: Segment, condition: RowCondition, depth: int) -> kernel.Plan:
        """Return the plan of a search, which its condition keeps for later searches of the same depth."""
        known = condition.plan
        if known is not None and known[0] is self and known[1] == depth:
            return known[2]
        shares, n_shares = self._shares_of(segment, condition)
        plan = kernel.Plan(depth, EXTRA_CANDIDATES, self._first, *self._scan_limits, shares, n_shares)
        plan.kept = shares
        condition.plan = (self, depth, plan)
        return plan

    def _shares_of(self, segment: Segment, condition: RowCondition) -> tuple[Any, int]:
        """Return what the tests of a condition pass of each list, as an array of structures, and their number."""
        made: list[kernel.Share] = []
        columns, selection = segment.columns, condition.selection
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
    """Return (nlist,) addresses of the lists' codes, addresses of their row numbers, and their sizes."""
    lists = index.invlists
    every = range(index.nlist)
    codes = np.array([int(lists.get_codes(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    rows = np.array([int(lists.get_ids(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    return codes, rows, np.array([lists.list_size(i) for i in every], np.int64)


def _runs(rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (nlist,) the length of the run of consecutive row numbers at the head of each list, and its first row.

    When the index is built, the rows of a list are put beside one another in the catalogue, so all lists are
    runs. The kernel then reads a column over a run from one piece of memory, without going through row numbers.
    Rows that are added later end the run of their list. Row numbers of a list ascend, so a list is one run
    where its last and first row are as far apart as it is long.
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
    """Count the rows, from the first on, that lie in the runs of the lists, one list after the other."""
    before = np.cumsum(runs) - runs
    astray = np.flatnonzero((runs > 0) & (starts != before))
    return int(before[astray[0]] if len(astray) else runs.sum())


def _as_bytes(
    centroids: Vectors, spread: Float32Array
) -> tuple[NDArray[np.uint8], Float32Array, float, float]:
    """Code centroids as bytes, so that the kernel compares a query with all of them in a quarter of the memory.

    A code c stands for ``middle + step * (c - 128)``. Step and error are 0 where the error is not small beside most
    lists' spreads: the codes must not be used then.

    Returns (nlist, d) codes, the (d,) middle, the step, and the error of a product with a query that is coded as
    roughly.
    """
    middle = centroids.mean(axis=0)
    off = centroids - middle
    step = max(float(np.abs(off).max(initial=0)), _LEAST) / (_HALF - 1)
    of_centroid = step / np.sqrt(12)  # the standard deviation of rounding, for a query of length 1
    of_query = float(np.linalg.norm(off, axis=1).max(initial=0)) / (_HALF - 1) / np.sqrt(12)
    error = 2 * np.hypot(of_centroid, _LARGEST_OF_A_QUERY * of_query)
    if error >= _SMALL_ERROR * float(np.quantile(spread, _NARROW_LISTS)):
        return np.zeros(centroids.shape, np.uint8), middle, 0.0, 0.0
    return np.rint(off / step + _HALF).astype(np.uint8), middle, step, float(error)


def _decoding(index: Any) -> tuple[Float32Array, Float32Array]:
    """Return the (d,) middle and (d,) step by which FAISS's code c stands for ``middle + step * (c - 128)``."""
    trained = faiss.vector_to_array(index.sq.trained).astype(np.float32)
    low, width = trained[: index.d], trained[index.d :]
    step = width / _STEPS
    return np.ascontiguousarray(low + step * (_HALF + 0.5)), np.ascontiguousarray(step)
