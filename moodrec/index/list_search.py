"""Inverted lists of FAISS as the kernel searches them: where FAISS keeps codes and rows, and what bounds a list."""

from __future__ import annotations

import ctypes
from ctypes import byref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.index import kernel
from moodrec.index.catalogue import Catalogue, Rows
from moodrec.index.engine import SPARE
from moodrec.index.request import Request
from moodrec.index.runtime import faiss
from moodrec.index.stopping import StopRule

_BYTES, _FLOATS = range(2)
_HALF = 128
_STEPS = 255


@dataclass(frozen=True)
class Visit:
    """What a search of the lists found, and what it took."""

    rows: Rows
    """(m,) in no order."""
    complete: bool
    """Whether these are all rows that pass."""
    visited: int
    scored: int


class ListSearch:
    """A view of an index's lists; any addition to the index makes it void."""

    def __init__(self, index: Any, rule: StopRule, first_lists: int) -> None:
        """Look up where the lists of an ``IndexIVFFlat`` or an 8-bit ``IndexIVFScalarQuantizer`` lie."""
        self._index = index  # owns the memory
        self._first = first_lists
        codes, rows, sizes = _places(index)
        by_bytes = index.code_size == index.d
        middle, step = _decoding(index) if by_bytes else (np.zeros(0, np.float32),) * 2
        runs, starts = _runs(index, sizes)
        tables = (rule.left, rule.left_at_edge, rule.ranks)
        floats = (rule.centroids, middle, step, sizes, rule.spread, rule.shape, *tables)
        contiguous = [np.ascontiguousarray(array, np.float32) for array in floats]
        self._kept: tuple[NDArray[Any], ...] = (codes, rows, sizes, runs, starts, *contiguous)
        kind = _BYTES if by_bytes else _FLOATS
        self._lists = kernel.Lists(
            index.nlist, index.d, kind, *(kernel.address(array) for array in self._kept), len(rule.left)
        )

    def search(self, catalogue: Catalogue, request: Request, depth: int, query: int) -> Visit:
        """The rows that rank highest for one query, with spare ones, for their scores are approximate."""
        wanted = 2 * (depth + SPARE)
        vector, program = request.queries[query], request.passing.program
        rows = np.empty(wanted, np.int64)
        found = kernel.Found(kernel.address(rows))
        weight, moods, targets = 0.0, None, None
        columns: list[NDArray[np.float32]] = []
        if request.blend is not None:
            weight = float(request.blend.weights[query])
            columns = [catalogue.columns.numbers(mood) for mood in request.blend.moods]
            moods = (ctypes.c_void_p * len(columns))(*map(kernel.address, columns))
            targets = kernel.address(request.blend.targets) + 4 * len(columns) * query
        what = kernel.Query(
            kernel.address(vector),
            1 - weight,
            weight,
            len(columns),
            None if moods is None else ctypes.addressof(moods),
            targets,
            program.steps,
            program.n_steps,
            program.height,
            depth,
            wanted,
            self._first,
        )
        if kernel.library().moodrec_search(byref(self._lists), byref(what), byref(found)):
            raise MemoryError
        return Visit(rows[: found.found], bool(found.complete), found.visited, found.scored)


def _places(index: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(nlist,) addresses of codes and of rows, and the size of each list."""
    lists = index.invlists
    every = range(index.nlist)
    codes = np.array([int(lists.get_codes(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    rows = np.array([int(lists.get_ids(i)) if lists.list_size(i) else 0 for i in every], np.int64)
    return codes, rows, np.array([lists.list_size(i) for i in every], np.int64)


def _runs(index: Any, sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(nlist,) how many rows at the head of each list follow one another, and the first of them."""
    runs, starts = np.zeros_like(sizes), np.zeros_like(sizes)
    for i in np.flatnonzero(sizes).tolist():
        rows = faiss.rev_swig_ptr(index.invlists.get_ids(i), int(sizes[i]))
        breaks = np.flatnonzero(np.diff(rows) != 1)
        runs[i], starts[i] = breaks[0] + 1 if len(breaks) else sizes[i], rows[0]
    return runs, starts


def _decoding(index: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(d,) middle and (d,) step: FAISS's code c of a number stands for ``middle + step * (c - 128)``."""
    trained = faiss.vector_to_array(index.sq.trained).astype(np.float32)
    low, width = trained[: index.d], trained[index.d :]
    step = width / _STEPS
    return np.ascontiguousarray(low + step * (_HALF + 0.5)), np.ascontiguousarray(step)
