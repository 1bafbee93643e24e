"""The backend of presets with ``device = "cuda"``: FAISS on an NVIDIA GPU for what it does well, PyTorch for
the rest.

``flat`` is searched by ``GpuIndexFlatIP``. Its filters are applied there too if a self-test at opening shows
that this build of FAISS honours them (builds without cuVS accept a selector and ignore it). ``ivf`` and
``ivf-sq8`` are copied from the lists of the CPU, and each search probes as many lists as the target recall
takes; where that is more than FAISS allows on a GPU, all rows are compared. A fixed number of lists loses
recall under filters, so filters and mood targets are left to the exact scan of
:mod:`moodrec.index.backends.gpu.scan`. The files are those of the CPU, and open there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

import numpy as np

from moodrec.config import IndexConfig
from moodrec.errors import MissingExtraError, UsageError
from moodrec.index.backends.base import (
    EXTRA_CANDIDATES,
    Backend,
    Candidates,
    Facts,
    PassesOver,
    bitmap,
    from_table,
)
from moodrec.index.backends.flat import FlatBackend
from moodrec.index.backends.gpu.scan import GpuScan
from moodrec.index.backends.ivf.backend import IvfBackend
from moodrec.index.backends.ivf.stop_rule import sample_scores
from moodrec.index.rows.segment import Segment
from moodrec.index.runtime import faiss
from moodrec.index.search.blending import Blend
from moodrec.index.search.request import Request
from moodrec.typing import RowMask, Vectors

MOST_RESULTS: Final = 2048
"""FAISS returns at most this many rows a query on a GPU."""
_TESTED_ROWS: Final = 1000
"""Rows of the self-test of filters."""
_MOST_LISTS: Final = 2048
"""FAISS without cuVS probes at most so many lists on a GPU."""
_NEIGHBOURS: Final = 10
"""Neighbours that are counted where the number of lists to probe is chosen."""


def require_gpu() -> None:
    """Check that FAISS can use a GPU here.

    Raises:
        MissingExtraError: the installed FAISS is the build without GPU support.
        UsageError: FAISS has the support, but no GPU is visible.
    """
    if not hasattr(faiss, "StandardGpuResources"):
        raise MissingExtraError("device 'cuda' (in an environment without faiss-cpu)", "gpu")
    if faiss.get_num_gpus() == 0:
        raise UsageError(
            "device 'cuda': no NVIDIA GPU is visible here; see nvidia-smi and CUDA_VISIBLE_DEVICES"
        )


@dataclass(frozen=True, eq=False)
class GpuBackend:
    """An index on the GPU, a copy of the vectors for PyTorch, and the CPU's backend, which is saved and extended."""

    index: Any
    """The FAISS index on the GPU."""
    scan: GpuScan
    """The exact scan by PyTorch."""
    cpu: IvfBackend | None
    """The backend of the CPU; None for ``flat``, which has no structure."""
    config: IndexConfig
    """The settled preset."""
    filters: bool
    """Whether ``index`` applies filters."""
    share: float
    """The share of the lists that ``index`` probes."""
    resources: Any
    """GPU memory that the index uses; it must live as long as the index."""
    lock: Lock = field(default_factory=Lock, repr=False)
    """FAISS's indexes on a GPU answer one thread at a time."""
    name: str = "gpu"
    always_scans: bool = False
    passes_over: PassesOver = "any"
    lists_are_scanned: bool = True
    deepest: int = MOST_RESULTS - EXTRA_CANDIDATES

    @classmethod
    def over(cls, segment: Segment, cpu: Backend, config: IndexConfig) -> Self:
        """Copy an index to the GPU.

        Args:
            segment: the rows.
            cpu: the backend of the CPU over them.
            config: the settled preset.

        Raises:
            MissingExtraError, UsageError: as :func:`require_gpu`.
        """
        require_gpu()
        resources, vectors = faiss.StandardGpuResources(), np.ascontiguousarray(segment.vectors)
        scan = GpuScan(vectors, "cuda")
        if isinstance(cpu, IvfBackend):
            index = faiss.index_cpu_to_gpu(resources, 0, cpu.index)
            if nprobe := _enough_lists(index, vectors, config):
                index.nprobe = nprobe
                return cls(index, scan, cpu, config, False, nprobe / index.nlist, resources)
        index = faiss.GpuIndexFlatIP(resources, vectors.shape[1])
        index.add(vectors)
        filters = _honours_filters(resources, vectors)
        return cls(index, scan, cpu if isinstance(cpu, IvfBackend) else None, config, filters, 1.0, resources)

    def follows(self, blend: Blend) -> bool:
        return True

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        mask = request.passing.mask
        if request.blend is not None or (mask is not None and not self.filters):
            n = len(request.queries)
            everything = [request.passing.count <= depth + EXTRA_CANDIDATES] * n
            scanned = self.scan.find(segment, request, depth + EXTRA_CANDIDATES)
            return Candidates(scanned, [True] * n, everything, n * len(segment), n * len(segment))
        found = min(depth + EXTRA_CANDIDATES, len(segment))
        with self.lock:
            rows = _search(self.index, request.queries, found, mask)
        return from_table(rows, round(self.share * len(segment)))

    def extended(self, segment: Segment, n_new: int) -> GpuBackend:
        cpu = FlatBackend() if self.cpu is None else self.cpu.extended(segment, n_new)
        return GpuBackend.over(segment, cpu, self.config)

    def outgrown(self, n: int, max_growth: float) -> bool:
        return self.cpu is not None and self.cpu.outgrown(n, max_growth)

    def save(self, folder: Path) -> Facts:
        # The files are those of the CPU, so that a machine without a GPU opens them too.
        return {} if self.cpu is None else self.cpu.save(folder)

    def save_extended(self, folder: Path, segment: Segment, n_new: int) -> Facts:
        return {} if self.cpu is None else self.cpu.save_extended(folder, segment, n_new)


def _search(index: Any, queries: Vectors, found: int, allowed: RowMask | None) -> Any:
    if allowed is None:
        return index.search(queries, found)[1]
    bits = bitmap(allowed)
    parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    return index.search(queries, found, params=parameters)[1]


def _enough_lists(index: Any, vectors: Vectors, config: IndexConfig) -> int | None:
    """Choose how many lists to probe: the least power of two with which sample rows reach the target recall.

    Returns None where that is more than FAISS may probe on a GPU.
    """
    known = [
        (row, np.argpartition(scores, -_NEIGHBOURS)[-_NEIGHBOURS:])
        for row, scores in sample_scores(vectors, config.seed)
        if len(scores) > _NEIGHBOURS
    ]
    queries = np.ascontiguousarray(vectors[[row for row, _ in known]])
    nprobe = 1
    while known and nprobe <= min(index.nlist, _MOST_LISTS):
        index.nprobe = nprobe
        found = index.search(queries, _NEIGHBOURS + 1)[1]
        shares = [np.isin(truth, rows).mean() for rows, (_, truth) in zip(found, known, strict=True)]
        if np.mean(shares) >= (1 + config.target_recall) / 2:
            return nprobe
        nprobe *= 2
    return None


def _honours_filters(resources: Any, vectors: Vectors) -> bool:
    """Whether a filtered search on the GPU returns the right rows: some builds of FAISS accept a filter and
    ignore it.
    """
    part = np.ascontiguousarray(vectors[:_TESTED_ROWS])
    if len(part) < 4:
        return False
    index = faiss.GpuIndexFlatIP(resources, part.shape[1])
    index.add(part)
    odd = np.arange(len(part)) % 2 == 1
    try:
        rows = _search(index, part[:1], 1, odd)
    except RuntimeError:  # how FAISS reports what it does not support
        return False
    return bool(odd[rows].all()) and bool(
        np.isclose(part[rows[0, 0]] @ part[0], (part[odd] @ part[0]).max(), atol=1e-3)
    )
