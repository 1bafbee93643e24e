"""The ``gpu`` preset: all rows in the memory of an NVIDIA GPU, compared there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from moodrec.errors import MissingExtraError, UsageError
from moodrec.index.catalogue import Catalogue
from moodrec.index.checks import Vectors
from moodrec.index.engine import SPARE, Candidates, Facts, Mask, PassesOver, bitmap, from_table
from moodrec.index.request import Request
from moodrec.index.runtime import faiss

MOST_RESULTS: Final = 2048
"""FAISS returns at most this many rows a query on a GPU."""
_TESTED_ROWS: Final = 1000


def require_gpu() -> None:
    """Check that FAISS can use a GPU here.

    Raises:
        MissingExtraError: the installed FAISS is the build without GPU support.
        UsageError: it has the support, but no GPU is to be seen.
    """
    if not hasattr(faiss, "StandardGpuResources"):
        raise MissingExtraError("preset 'gpu' (in an environment without faiss-cpu)", "gpu")
    if faiss.get_num_gpus() == 0:
        raise UsageError(
            "preset 'gpu': no NVIDIA GPU is visible here; see nvidia-smi and CUDA_VISIBLE_DEVICES"
        )


@dataclass(frozen=True, eq=False)
class GpuEngine:
    """FAISS ``GpuIndexFlatIP``. Filtered searches run there only if a self-test has shown filters to work."""

    index: Any
    resources: Any
    """Kept alive: the index uses them."""
    vectors: Vectors
    passes_over: PassesOver
    name: str = "gpu"
    deepest: int = MOST_RESULTS - SPARE
    lists_are_scanned: bool = False

    @classmethod
    def build(cls, vectors: Vectors) -> Self:
        """Copy all rows to the GPU.

        Raises:
            MissingExtraError, UsageError: as :func:`require_gpu`.
        """
        require_gpu()
        resources = faiss.StandardGpuResources()
        index = faiss.GpuIndexFlatIP(resources, vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        filters = _honours_filters(resources, vectors)
        return cls(index, resources, vectors, "any" if filters else "none")

    def find(self, catalogue: Catalogue, request: Request, depth: int) -> Candidates:
        """The nearest rows."""
        queries, allowed = request.queries, request.passing.mask
        found = min(depth + SPARE, len(self.vectors))
        rows = _search(self.index, queries, found, allowed)
        return from_table(rows, len(self.vectors))

    def extended(self, catalogue: Catalogue, n_new: int) -> GpuEngine:
        """Copy the new rows to the GPU too."""
        self.index.add(np.ascontiguousarray(catalogue.vectors[len(catalogue) - n_new :]))
        return GpuEngine(self.index, self.resources, catalogue.vectors, self.passes_over)

    def outgrown(self, max_growth: float) -> bool:
        """Never: there is no structure that could age."""
        return False

    def save(self, folder: Path) -> Facts:
        """Nothing beyond the vectors, so that a machine without a GPU opens the same files."""
        return {}


def _search(index: Any, queries: Vectors, found: int, allowed: Mask | None) -> Any:
    if allowed is None:
        return index.search(queries, found)[1]
    bits = bitmap(allowed)
    parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    return index.search(queries, found, params=parameters)[1]


def _honours_filters(resources: Any, vectors: Vectors) -> bool:
    """Whether a filtered GPU search returns the rows it should: some builds of FAISS take a filter and ignore it."""
    part = np.ascontiguousarray(vectors[:_TESTED_ROWS])
    if len(part) < 4:
        return False
    index = faiss.GpuIndexFlatIP(resources, part.shape[1])
    index.add(part)
    odd = np.arange(len(part)) % 2 == 1
    try:
        rows = _search(index, part[:1], 1, odd)
    except RuntimeError:  # FAISS's word for "not supported"
        return False
    return bool(odd[rows].all()) and bool(
        np.isclose(part[rows[0, 0]] @ part[0], (part[odd] @ part[0]).max(), atol=1e-3)
    )
