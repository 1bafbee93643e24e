"""The ``flat`` preset: FAISS compares every row, straight from the stored vectors; nothing is built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moodrec.index.catalogue import Catalogue
from moodrec.index.checks import Vectors
from moodrec.index.engine import SPARE, Candidates, Facts, Mask, PassesOver
from moodrec.index.exact import ROUNDING
from moodrec.index.runtime import faiss


@dataclass(frozen=True, eq=False)
class FlatEngine:
    """Exact search over all rows; a filtered search is a scan of the rows that pass."""

    vectors: Vectors
    name: str = "flat"
    passes_over: PassesOver = "none"

    def find(self, queries: Vectors, depth: int, allowed: Mask | None) -> Candidates:
        """The nearest rows, deeper while scores at the end are too close to tell apart in float32."""
        n, depth = len(self.vectors), min(depth, len(self.vectors))
        found = min(n, depth + SPARE)
        while True:
            scores, rows = faiss.knn(queries, self.vectors, found, metric=faiss.METRIC_INNER_PRODUCT)
            if found == n or bool(np.all(scores[:, -1] < scores[:, depth - 1] - 2 * ROUNDING)):
                return Candidates(rows, n * len(queries))
            found = min(n, 4 * found)

    def extended(self, catalogue: Catalogue, n_new: int) -> FlatEngine:
        """The same over more rows."""
        return FlatEngine(catalogue.vectors)

    def outgrown(self, max_growth: float) -> bool:
        """Never: there is no structure that could age."""
        return False

    def save(self, folder: Path) -> Facts:
        """Nothing beyond the vectors."""
        return {}
