"""Makes the backend that a preset names: built over rows, extended, or opened from files."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from moodrec.config import IndexConfig
from moodrec.index.backends.base import INDEX_FILE, Backend, Facts
from moodrec.index.backends.faiss_file import check_faiss_file
from moodrec.index.backends.flat import FlatBackend
from moodrec.index.backends.gpu.backend import GpuBackend
from moodrec.index.backends.hnsw import HnswBackend, graph_dim
from moodrec.index.backends.ivf.backend import IvfBackend, learn
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.stored_arrays import damaged
from moodrec.index.runtime import threads_for
from moodrec.typing import RowNumbers, Vectors


def build_backend(segment: Segment, config: IndexConfig) -> tuple[Segment, Backend]:
    """Build the backend that a settled preset names (see :func:`moodrec.index.presets.settled`).

    Args:
        segment: the n rows, without tombstones.
        config: the settled preset.

    Returns:
        The segment, its rows in the order that the backend wants them in, and the backend.

    Raises:
        DataError: ``ivf`` without any rows.
        MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
    """
    backend: Backend = FlatBackend()
    with threads_for(max(1, len(segment))):
        match config.kind:
            case "ivf" | "ivf-sq8" | "ivf-pq":
                segment, backend = IvfBackend.build(segment, config)
            case "hnsw":
                backend = HnswBackend.build(segment, config)
    return segment, _on_device(segment, backend, config)


def build_arranged(
    vectors: Vectors, config: IndexConfig, arrange: Callable[[RowNumbers], Segment]
) -> tuple[Segment, Backend]:
    """Build inverted lists over rows that are put into the order of their lists by whoever holds them.

    Args:
        vectors: (n, d) float32 rows of unit length, which may be mapped from a file.
        config: a settled preset with inverted lists.
        arrange: returns the segment in the order of the (n,) rows that it is given.

    Returns:
        The segment, and the backend over it.

    Raises:
        DataError: there are no rows.
        MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
    """
    with threads_for(max(1, len(vectors))):
        learnt = learn(vectors, config)
        del vectors  # whoever arranges them may give them up
        segment, backend = IvfBackend.over(arrange(learnt.by_list), learnt, config)
    return segment, _on_device(segment, backend, config)


def has_lists(config: IndexConfig) -> bool:
    """Whether a settled preset has inverted lists, which its rows are arranged by."""
    return config.kind in ("ivf", "ivf-sq8", "ivf-pq")


def extend_backend(backend: Backend, segment: Segment, n_new: int) -> Backend:
    """Return a copy of a backend with new rows added, or the backend itself without any.

    Args:
        backend: the backend, which stays as it is.
        segment: the rows of the backend, followed by the new ones.
        n_new: the number of new rows.
    """
    with threads_for(n_new):
        return backend.extended(segment, n_new) if n_new else backend


def open_backend(
    folder: Path,
    segment: Segment,
    config: IndexConfig,
    facts: Facts,
    files: Collection[str],
    checked: bool = False,
) -> Backend:
    """Open the backend that :meth:`Backend.save` wrote.

    Args:
        folder: the folder of the version.
        segment: the rows that the backend was built over.
        config: the settled preset.
        facts: the numbers that :meth:`Backend.save` returned.
        files: the names of the version's files, whose checksums have been verified.
        checked: whether the structure of a FAISS file is known to be right, because this process wrote it.

    Raises:
        CorruptStoreError: a file is missing, or does not hold what it should.
    """
    backend: Backend = FlatBackend()
    if config.kind in ("ivf", "ivf-sq8", "ivf-pq", "hnsw"):
        if INDEX_FILE not in files:
            raise damaged(folder / INDEX_FILE, "the index has no such file")
        dim = graph_dim(segment, facts) if config.kind == "hnsw" else segment.dim
        if not checked:
            check_faiss_file(folder / INDEX_FILE, config, len(segment), dim)
    match config.kind:
        case "ivf" | "ivf-sq8" | "ivf-pq":
            backend = IvfBackend.open(folder, config, facts, files)
        case "hnsw":
            backend = HnswBackend.open(folder, config, segment, facts)
    return _on_device(segment, backend, config)


def _on_device(segment: Segment, backend: Backend, config: IndexConfig) -> Backend:
    return GpuBackend.over(segment, backend, config) if config.device == "cuda" else backend
