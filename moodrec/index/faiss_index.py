"""From a preset to the FAISS structure it asks for."""

from __future__ import annotations

from pathlib import Path

from moodrec.config import IndexConfig
from moodrec.index.checks import Vectors
from moodrec.index.engine import Engine, Facts
from moodrec.index.flat import FlatEngine
from moodrec.index.gpu import GpuEngine
from moodrec.index.hnsw import HnswEngine
from moodrec.index.ivf import IvfEngine


def build_engine(vectors: Vectors, config: IndexConfig) -> Engine:
    """Build what a settled preset (see :func:`moodrec.index.presets.settled`) asks for.

    Raises:
        DataError: ``ivf`` without any rows.
        MissingExtraError, UsageError: ``gpu`` where there is none.
    """
    match config.kind:
        case "ivf" | "ivf-sq8":
            return IvfEngine.build(vectors, config)
        case "hnsw":
            return HnswEngine.build(vectors, config)
    return _over_vectors(vectors, config)


def open_engine(folder: Path, vectors: Vectors, config: IndexConfig, facts: Facts) -> Engine:
    """Read what :meth:`Engine.save` wrote; its checksum has been verified."""
    match config.kind:
        case "ivf" | "ivf-sq8":
            return IvfEngine.open(folder, config, facts)
        case "hnsw":
            return HnswEngine.open(folder, config)
    return _over_vectors(vectors, config)


def _over_vectors(vectors: Vectors, config: IndexConfig) -> Engine:
    return GpuEngine.build(vectors) if config.device == "cuda" else FlatEngine(vectors)
