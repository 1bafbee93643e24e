"""The ``hnsw`` preset: a graph of near neighbours, for searches without a filter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from moodrec.config import IndexConfig
from moodrec.index.backends.base import (
    EXTRA_CANDIDATES,
    INDEX_FILE,
    UNBOUNDED,
    Candidates,
    Facts,
    PassesOver,
    bitmap,
    from_table,
    read_index,
    write_index,
)
from moodrec.index.rows.segment import Segment
from moodrec.index.runtime import faiss, threads_for
from moodrec.index.search.request import Request
from moodrec.typing import Vectors


@dataclass(frozen=True, eq=False)
class HnswBackend:
    """FAISS ``IndexHNSWFlat``.

    It loses recall under selective filters, so those are scans of the rows that pass; and it cannot forget a row,
    so removed ones stay in the graph as tombstones that are passed over, until the index is built anew.
    """

    index: Any
    ef_search: int
    name: str = "hnsw"
    always_scans: bool = False
    passes_over: PassesOver = "tombstones"
    deepest: int = UNBOUNDED
    lists_are_scanned: bool = False

    @classmethod
    def build(cls, vectors: Vectors, config: IndexConfig) -> Self:
        """Link all rows."""
        index = faiss.IndexHNSWFlat(vectors.shape[1], config.links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = config.ef_construction
        index.add(vectors)
        return cls(index, config.ef_search)

    @classmethod
    def open(cls, folder: Path, config: IndexConfig) -> Self:
        """Read a saved graph."""
        return cls(read_index(folder / INDEX_FILE), config.ef_search)

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        """Walk the graph from its entry towards each query; ``allowed`` may exclude tombstones."""
        queries, allowed = request.queries, request.passing.mask
        found = depth + EXTRA_CANDIDATES
        effort = max(self.ef_search, 2 * found)
        if allowed is None:
            parameters = faiss.SearchParametersHNSW(efSearch=effort)
        else:
            bits = bitmap(allowed)
            parameters = faiss.SearchParametersHNSW(efSearch=effort, sel=faiss.IDSelectorBitmap(bits))
        with threads_for(len(queries)):
            _, rows = self.index.search(queries, found, params=parameters)
        return from_table(rows, effort)

    def extended(self, segment: Segment, n_new: int) -> HnswBackend:
        """Return a copy of the graph with the new rows linked."""
        index = faiss.clone_index(self.index)
        index.add(np.ascontiguousarray(segment.vectors[len(segment) - n_new :]))
        return replace(self, index=index)

    def outgrown(self, n: int, max_growth: float) -> bool:
        """Never: a graph grows well."""
        return False

    def save(self, folder: Path) -> Facts:
        """Write the graph."""
        write_index(self.index, folder / INDEX_FILE)
        return {}
