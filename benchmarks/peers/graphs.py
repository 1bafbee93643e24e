"""hnswlib, usearch and voyager: graphs, with a filter function or by taking more and dropping what does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import EF_CONSTRUCTION, LINKS, Peer, Rows, Setting, batches, first_passing, ladder
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter

_DEEPEST = 50_000


class Hnswlib(Peer):
    """The filter is a Python function that the graph asks of every node it would return."""

    name = "hnswlib"
    packages = ("hnswlib",)
    note = f"M {LINKS}, ef_construction {EF_CONSTRUCTION}; filter function over a NumPy mask"

    def build(self, data: SearchData, folder: Path) -> None:
        import hnswlib

        index = hnswlib.Index(space="ip", dim=data.vectors.shape[1])
        index.init_index(len(data), M=LINKS, ef_construction=EF_CONSTRUCTION)
        index.add_items(np.asarray(data.vectors), np.arange(len(data)), num_threads=1)
        index.save_index(str(folder / "index.bin"))

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        import hnswlib

        self._columns = columns
        self._index = hnswlib.Index(space="ip", dim=data.vectors.shape[1])
        self._index.load_index(str(folder / "index.bin"), max_elements=len(data))
        self._index.set_num_threads(1)

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("ef", 10, min(n, 20_000))]

    def search(self, query: NDArray[np.float32], prepared: Filter | None, k: int, setting: Setting) -> Rows:
        self._index.set_ef(setting.value)
        if prepared is None:
            return np.asarray(self._index.knn_query(query, k, num_threads=1)[0][0])
        passes = prepared.mask(self._columns).tobytes().__getitem__
        try:
            return np.asarray(self._index.knn_query(query, k, num_threads=1, filter=passes)[0][0])
        except RuntimeError:  # fewer than k found: hnswlib returns nothing then
            return np.empty(0, np.int64)


class Usearch(Peer):
    """Its Python search takes no filter."""

    name = "usearch"
    packages = ("usearch",)
    note = f"connectivity {LINKS}, expansion_add {EF_CONSTRUCTION}, float32; takes more, then drops"

    def _empty(self, dim: int) -> Any:
        from usearch.index import Index

        return Index(ndim=dim, metric="ip", dtype="f32", connectivity=LINKS, expansion_add=EF_CONSTRUCTION)

    def build(self, data: SearchData, folder: Path) -> None:
        index = self._empty(data.vectors.shape[1])
        for part in batches(data, 50_000):
            index.add(np.arange(part.start, part.stop), np.asarray(data.vectors[part]), threads=1)
        index.save(str(folder / "index.usearch"))

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        self._columns, self._index = columns, self._empty(data.vectors.shape[1])
        self._index.load(str(folder / "index.usearch"))

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("taken", 10, min(n, _DEEPEST))]

    def search(self, query: NDArray[np.float32], prepared: Filter | None, k: int, setting: Setting) -> Rows:
        self._index.expansion_search = setting.value
        taken = setting.value if prepared is not None else k
        found = self._index.search(query, taken, threads=1).keys.astype(np.int64)
        return first_passing(found, None if prepared is None else prepared.mask(self._columns), k)


class Voyager(Peer):
    """It has no filter."""

    name = "voyager"
    packages = ("voyager",)
    note = f"M {LINKS}, ef_construction {EF_CONSTRUCTION}, float32; takes more, then drops"

    def build(self, data: SearchData, folder: Path) -> None:
        from voyager import Index, Space

        dim = data.vectors.shape[1]
        index = Index(Space.InnerProduct, dim, LINKS, EF_CONSTRUCTION, max_elements=len(data))
        for part in batches(data, 50_000):
            index.add_items(np.array(data.vectors[part]), list(range(part.start, part.stop)), num_threads=1)
        index.save(str(folder / "index.voy"))

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        from voyager import Index, RecallError

        self._too_few = RecallError
        self._columns, self._index = columns, Index.load(str(folder / "index.voy"))

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("taken", 10, min(n, _DEEPEST))]

    def search(self, query: NDArray[np.float32], prepared: Filter | None, k: int, setting: Setting) -> Rows:
        taken = setting.value if prepared is not None else k
        try:
            found = self._index.query(query, taken, query_ef=setting.value)[0].astype(np.int64)
        except self._too_few:  # the graph reaches fewer: voyager returns nothing then
            return np.empty(0, np.int64)
        return first_passing(found, None if prepared is None else prepared.mask(self._columns), k)
