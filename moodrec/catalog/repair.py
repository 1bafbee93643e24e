"""Damage in a library or its index is found, reported, and repaired from what is intact."""

from __future__ import annotations

from dataclasses import dataclass

from moodrec.catalog.refresh import refresh_index
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library


@dataclass(frozen=True, eq=False)
class Repair:
    """A library's index after a repair: intact and up to date."""

    index: MoodIndex
    fault: str | None
    """What was wrong with the index before; None if nothing was."""


def repair_index(library: Library, preset: str | None = None) -> Repair:
    """Check every file of a library's index, and rebuild it from the library if one is damaged or missing.

    Args:
        library: the library, which has the vectors.
        preset: an index preset; by default that of the existing index, or ``auto`` where it can no longer be read.

    Raises:
        CorruptStoreError: the library is damaged itself.
        NotFoundError: nothing was analysed.
        StoreLockedError: another process is writing the index.
    """
    fault = _fault(library)
    return Repair(refresh_index(library, preset), fault)


def check_library(library: Library) -> int:
    """Compare every vector of a library, of all models, with its checksum; its pages were checked on opening.

    Returns:
        The number of rows that were checked.

    Raises:
        CorruptStoreError: some differ from what was written; the message says what to do.
    """
    damaged = library.damaged()
    if damaged:
        tracks = len({track_id for _, track_id in damaged})
        raise CorruptStoreError(
            f"{library.path}: the vectors of {tracks} tracks are damaged (their checksums differ); "
            "to analyse those again: moodrec library verify --repair, then moodrec analyze FOLDER"
        )
    return sum(model.tracks for model in library.models())


def drop_damaged(library: Library) -> int:
    """Delete damaged vectors and count them; the next analysis computes them again.

    Raises:
        StoreLockedError: another process is writing to the library.
    """
    with library.writer():
        return library.drop_damaged()


def _fault(library: Library) -> str | None:
    try:
        MoodIndex.open(library.index_path).verify()
    except (CorruptStoreError, NotFoundError) as error:
        return str(error)
    return None
