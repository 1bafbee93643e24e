"""From a preset to the FAISS structure it asks for."""

from __future__ import annotations

from pathlib import Path

from moodrec.config import IndexConfig
from moodrec.index.backends.base import Backend, Facts
from moodrec.index.backends.gpu.backend import GpuBackend
from moodrec.index.backends.hnsw import HnswBackend
from moodrec.index.backends.ivf.backend import IvfBackend
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.runtime import threads_for


def build_backend(catalogue: Catalogue, config: IndexConfig) -> tuple[Catalogue, Backend | None]:
    """Build what a settled preset (see :func:`moodrec.index.presets.settled`) asks for; None for ``flat``.

    Returns:
        The catalogue, its rows in the order that the structure wants them in, and the structure.

    Raises:
        DataError: ``ivf`` without any rows.
        MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
    """
    backend: Backend | None = None
    with threads_for(max(1, len(catalogue))):
        match config.kind:
            case "ivf" | "ivf-sq8" | "ivf-pq":
                catalogue, backend = IvfBackend.build(catalogue, config)
            case "hnsw":
                backend = HnswBackend.build(catalogue.vectors, config)
    return catalogue, _on_device(catalogue, backend, config)


def extend_backend(backend: Backend | None, catalogue: Catalogue, n_new: int) -> Backend | None:
    """Add the last ``n_new`` rows of a catalogue to a backend, which is used up."""
    with threads_for(n_new):
        return backend.extended(catalogue, n_new) if backend and n_new else backend


def open_backend(folder: Path, catalogue: Catalogue, config: IndexConfig, facts: Facts) -> Backend | None:
    """Read what :meth:`Backend.save` wrote; its checksum has been verified."""
    backend: Backend | None = None
    match config.kind:
        case "ivf" | "ivf-sq8" | "ivf-pq":
            backend = IvfBackend.open(folder, config, facts)
        case "hnsw":
            backend = HnswBackend.open(folder, config)
    return _on_device(catalogue, backend, config)


def _on_device(catalogue: Catalogue, backend: Backend | None, config: IndexConfig) -> Backend | None:
    return GpuBackend.over(catalogue, backend, config) if config.device == "cuda" else backend
