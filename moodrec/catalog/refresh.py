"""The index of a library: derived from it, disposable, and rebuilt when the library has moved on."""

from __future__ import annotations

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.library.snapshot import LibrarySnapshot


def refresh_index(
    library: Library, preset: str | None = None, model_fingerprint: str | None = None
) -> MoodIndex:
    """Bring ``library.index_path`` up to date, and open it; an index that is up to date is left alone.

    A damaged index is replaced.

    Args:
        preset: an index preset; by default that of the index there, or ``auto``.
        model_fingerprint: whose embeddings; by default those of the model used last.

    Raises:
        NotFoundError: the library holds no analyses of that model.
        UsageError: there is no such preset.
        StoreLockedError: another process is writing the index.
    """
    snapshot = library.snapshot(model_fingerprint)
    current = _current(library)
    wanted = preset or (current.preset if current is not None else "auto")
    if current is not None and current.preset == wanted and _is_of(current, snapshot):
        return current
    index = MoodIndex.build(
        snapshot.embeddings,
        snapshot.table,
        snapshot.model.moods,
        wanted,
        snapshot.model.fingerprint,
        snapshot.revision,
    )
    index.save(library.index_path)
    return index


def index_is_stale(index: MoodIndex, library: Library) -> bool:
    """Whether the library has changed since its index was built."""
    return index.library_revision != library.revision


def _current(library: Library) -> MoodIndex | None:
    try:
        return MoodIndex.open(library.index_path)
    except (NotFoundError, CorruptStoreError):
        return None


def _is_of(index: MoodIndex, snapshot: LibrarySnapshot) -> bool:
    of = (index.library_revision, index.model_fingerprint)
    return of == (snapshot.revision, snapshot.model.fingerprint)
