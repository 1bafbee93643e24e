"""The backend of the ``hnsw`` preset: a graph of near neighbours, for searches without a filter."""

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
    """A graph of near neighbours, as FAISS's ``IndexHNSWFlat`` makes it.

    It loses recall under selective filters, so a search with a filter scans the rows that pass. The graph cannot
    delete a row, so tombstones stay in it and are skipped until the index is built anew.
    """

    index: Any
    """The FAISS index."""
    ef_search: int
    """The number of nodes that a search keeps as candidates, at least."""
    name: str = "hnsw"
    always_scans: bool = False
    passes_over: PassesOver = "tombstones"
    deepest: int = UNBOUNDED
    lists_are_scanned: bool = False

    @classmethod
    def build(cls, vectors: Vectors, config: IndexConfig) -> Self:
        """Build a graph of rows.

        Args:
            vectors: (n, d) float32 rows of unit length.
            config: the settled preset.
        """
        index = faiss.IndexHNSWFlat(vectors.shape[1], config.links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = config.ef_construction
        index.add(vectors)
        return cls(index, config.ef_search)

    @classmethod
    def open(cls, folder: Path, config: IndexConfig) -> Self:
        """Read a graph that :meth:`save` wrote.

        Args:
            folder: the folder of the version.
            config: the settled preset.
        """
        return cls(read_index(folder / INDEX_FILE), config.ef_search)

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
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
        index = faiss.clone_index(self.index)
        index.add(np.ascontiguousarray(segment.vectors[len(segment) - n_new :]))
        return replace(self, index=index)

    def outgrown(self, n: int, max_growth: float) -> bool:
        return False  # A graph links each new row as it linked the first ones.

    def save(self, folder: Path) -> Facts:
        write_index(self.index, folder / INDEX_FILE)
        return {}
