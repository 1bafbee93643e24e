"""From a preset to the FAISS structure it asks for."""

from __future__ import annotations

from pathlib import Path

from moodrec.config import IndexConfig
from moodrec.index.catalogue import Catalogue
from moodrec.index.checks import Vectors
from moodrec.index.engine import Engine, Facts
from moodrec.index.gpu import GpuEngine
from moodrec.index.hnsw import HnswEngine
from moodrec.index.ivf import IvfEngine
from moodrec.index.runtime import threads_for


def build_engine(catalogue: Catalogue, config: IndexConfig) -> tuple[Catalogue, Engine | None]:
    """Build what a settled preset (see :func:`moodrec.index.presets.settled`) asks for; None for ``flat``.

    Returns:
        The catalogue, its rows in the order that the structure wants them in, and the structure.

    Raises:
        DataError: ``ivf`` without any rows.
        MissingExtraError, UsageError: ``gpu`` where there is none.
    """
    with threads_for(max(1, len(catalogue))):
        match config.kind:
            case "ivf" | "ivf-sq8" | "ivf-pq":
                return IvfEngine.build(catalogue, config)
            case "hnsw":
                return catalogue, HnswEngine.build(catalogue.vectors, config)
    return catalogue, _over_vectors(catalogue.vectors, config)


def extend_engine(engine: Engine | None, catalogue: Catalogue, n_new: int) -> Engine | None:
    """Add the last ``n_new`` rows of a catalogue to an engine, which is used up."""
    with threads_for(n_new):
        return engine.extended(catalogue, n_new) if engine and n_new else engine


def open_engine(folder: Path, vectors: Vectors, config: IndexConfig, facts: Facts) -> Engine | None:
    """Read what :meth:`Engine.save` wrote; its checksum has been verified."""
    match config.kind:
        case "ivf" | "ivf-sq8" | "ivf-pq":
            return IvfEngine.open(folder, config, facts)
        case "hnsw":
            return HnswEngine.open(folder, config)
    return _over_vectors(vectors, config)


def _over_vectors(vectors: Vectors, config: IndexConfig) -> Engine | None:
    return GpuEngine.build(vectors) if config.device == "cuda" else None
