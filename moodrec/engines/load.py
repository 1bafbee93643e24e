"""Copies an index on disk into the engine from which servers answer; they go over to it when it is complete."""

from __future__ import annotations

from pathlib import Path

from moodrec.engines.address import EngineAddress
from moodrec.index.mood_index import MoodIndex


def load(folder: Path | str, address: EngineAddress) -> int:
    """Copy an index into an engine, in place of a catalogue of the same name.

    Args:
        folder: of the index.
        address: of the engine.

    Returns:
        The number of tracks.

    Raises:
        NotFoundError, CorruptStoreError: of the index.
        DataError: the engine cannot hold its columns.
        EngineError, MissingExtraError: the engine cannot be used.
    """
    index = MoodIndex.open(folder)
    catalogue = address.engine.build(
        address.text,
        index.vectors(index.track_ids),
        index.table,
        index.moods,
        address.catalogue,
        index.model_fingerprint,
        index.library_revision,
    )
    with catalogue:
        return len(catalogue)
