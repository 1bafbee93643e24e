"""NumPy: a mask, a gather and a matrix product; exact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import ONE_SETTING, Peer, Rows, Setting
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter


class NumpyScan(Peer):
    """What one writes without a library."""

    name = "numpy"
    packages = ("numpy",)
    note = "mask, gather, matrix product"

    def build(self, data: SearchData, folder: Path) -> None:
        """There is nothing to build."""

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        self._vectors, self._columns = np.asarray(data.vectors), columns

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [[ONE_SETTING]]

    def search(self, query: NDArray[np.float32], prepared: Filter | None, k: int, setting: Setting) -> Rows:
        if prepared is None:
            return top(self._vectors @ query, k)
        passing = np.flatnonzero(prepared.mask(self._columns))
        return passing[top(self._vectors[passing] @ query, k)]


def top(scores: NDArray[np.float32], k: int) -> Rows:
    """The places of the k highest scores, best first."""
    best = np.arange(len(scores)) if len(scores) <= k else np.argpartition(scores, -k)[-k:]
    return best[np.argsort(-scores[best])]
