"""From a preset to the FAISS structure it asks for."""

from __future__ import annotations

from pathlib import Path

from moodrec.config import IndexConfig
from moodrec.index.catalogue import Catalogue
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
        MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
    """
    engine: Engine | None = None
    with threads_for(max(1, len(catalogue))):
        match config.kind:
            case "ivf" | "ivf-sq8" | "ivf-pq":
                catalogue, engine = IvfEngine.build(catalogue, config)
            case "hnsw":
                engine = HnswEngine.build(catalogue.vectors, config)
    return catalogue, _on_device(catalogue, engine, config)


def extend_engine(engine: Engine | None, catalogue: Catalogue, n_new: int) -> Engine | None:
    """Add the last ``n_new`` rows of a catalogue to an engine, which is used up."""
    with threads_for(n_new):
        return engine.extended(catalogue, n_new) if engine and n_new else engine


def open_engine(folder: Path, catalogue: Catalogue, config: IndexConfig, facts: Facts) -> Engine | None:
    """Read what :meth:`Engine.save` wrote; its checksum has been verified."""
    engine: Engine | None = None
    match config.kind:
        case "ivf" | "ivf-sq8" | "ivf-pq":
            engine = IvfEngine.open(folder, config, facts)
        case "hnsw":
            engine = HnswEngine.open(folder, config)
    return _on_device(catalogue, engine, config)


def _on_device(catalogue: Catalogue, engine: Engine | None, config: IndexConfig) -> Engine | None:
    return GpuEngine.over(catalogue, engine, config) if config.device == "cuda" else engine
