"""FAISS: IVF-Flat and HNSW with a bitmap selector, whose mask NumPy makes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import EF_CONSTRUCTION, LINKS, Peer, Rows, Setting, ladder
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter

faiss: Any = import_module("faiss")
"""Its own type hints leave out what its classes take."""


class FaissPeer(Peer):
    """What both have in common."""

    packages = ("faiss-cpu", "numpy")
    file: ClassVar[str] = "index.faiss"

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        faiss.omp_set_num_threads(1)
        self._index, self._columns = faiss.read_index(str(folder / self.file)), columns

    def save(self, index: Any, folder: Path) -> None:
        """Write the index to its folder."""
        faiss.write_index(index, str(folder / self.file))

    def search(self, query: NDArray[np.float32], prepared: Filter | None, k: int, setting: Setting) -> Rows:
        if prepared is None:
            return self._rows(query, k, self.parameters(setting, None))
        bits = np.packbits(prepared.mask(self._columns), bitorder="little")
        selector = faiss.IDSelectorBitmap(bits)
        return self._rows(query, k, self.parameters(setting, selector))

    def _rows(self, query: NDArray[np.float32], k: int, parameters: Any) -> Rows:
        return np.asarray(self._index.search(query[None], k, params=parameters)[1][0])

    def rows(self, found: Any) -> Rows:
        rows: Rows = found[found >= 0]
        return rows

    def parameters(self, setting: Setting, selector: Any) -> Any:
        """FAISS's own parameters of a search."""
        raise NotImplementedError


class FaissIvf(FaissPeer):
    """Inverted lists with a fixed nprobe."""

    name = "faiss-ivf"
    note = "IVF-Flat, 4 sqrt(n) lists, IDSelectorBitmap, NumPy mask included"

    def build(self, data: SearchData, folder: Path) -> None:
        faiss.omp_set_num_threads(1)
        dim, lists = data.vectors.shape[1], round(4 * np.sqrt(len(data)))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid, index.cp.niter = 64, 10
        index.train(np.asarray(data.vectors))
        index.add(np.asarray(data.vectors))
        self.save(index, folder)

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("nprobe", 1, round(4 * np.sqrt(n)), 1.35)]

    def parameters(self, setting: Setting, selector: Any) -> Any:
        return faiss.SearchParametersIVF(nprobe=setting.value, sel=selector)


class FaissHnsw(FaissPeer):
    """A graph with a fixed efSearch."""

    name = "faiss-hnsw"
    note = f"M {LINKS}, efConstruction {EF_CONSTRUCTION}, IDSelectorBitmap, NumPy mask included"

    def build(self, data: SearchData, folder: Path) -> None:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexHNSWFlat(data.vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EF_CONSTRUCTION
        index.add(np.asarray(data.vectors))
        self.save(index, folder)

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("efSearch", 10, min(n, 20_000))]

    def parameters(self, setting: Setting, selector: Any) -> Any:
        return faiss.SearchParametersHNSW(efSearch=setting.value, sel=selector)
