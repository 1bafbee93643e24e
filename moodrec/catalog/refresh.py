"""The index of a library is derived from it and disposable, and is rebuilt when the library has changed."""

from __future__ import annotations

from collections.abc import Sequence

from moodrec.errors import ConflictError, CorruptStoreError, NotFoundError
from moodrec.files.kinds import refuse_link
from moodrec.index.front import SearchFront
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.library.snapshot import LibrarySnapshot


def refresh_index(
    library: Library, preset: str | None = None, model_fingerprint: str | None = None
) -> MoodIndex:
    """Bring ``library.index_path`` up to date, and open it; an index that is up to date is left alone.

    A damaged index is replaced.

    Args:
        library: the library.
        preset: an index preset; by default that of the existing index, or ``auto``.
        model_fingerprint: the model whose embeddings are indexed; by default the one used last.

    Raises:
        NotFoundError: the library holds no analyses of that model.
        UsageError: there is no such preset.
        StoreLockedError: another process is writing the index.
        CorruptStoreError: the index's folder is a link.
    """
    refuse_link(library.index_path)
    snapshot = library.snapshot(model_fingerprint)
    current = _current(library)
    chosen = preset or (current.preset if current is not None else "auto")
    if current is not None and current.preset == chosen and _is_of(current, snapshot):
        return current
    index = MoodIndex.build(
        snapshot.embeddings,
        snapshot.table,
        snapshot.model.moods,
        chosen,
        snapshot.model.fingerprint,
        snapshot.revision,
    )
    index.save(library.index_path)
    return index


def refresh_scores(library: Library, track_ids: Sequence[str], revision_before: int) -> MoodIndex | None:
    """Bring ``library.index_path`` up to date after a change of some tracks' scores and nothing else.

    It takes a moment where the index was up to date before and has the same columns; else the index is built anew, as
    by :func:`refresh_index`.

    Args:
        library: the library.
        track_ids: the tracks whose scores may have changed.
        revision_before: the revision of the library before the change.

    Returns:
        The index; None where the library has no index, or no model.

    Raises:
        StoreLockedError: another process is writing the index.
    """
    current = _current(library)
    if current is None or not library.models():
        return None
    changed = library.snapshot(only=track_ids)
    of = (current.library_revision, current.model_fingerprint)
    same = set(changed.table.column_names) == set(current.column_names)
    if of != (revision_before, changed.model.fingerprint) or not same:
        return refresh_index(library)
    current.update(changed.table, library_revision=changed.revision)
    try:
        current.save(library.index_path)
    except ConflictError:  # another process has built it meanwhile
        return refresh_index(library)
    return current


def index_is_stale(index: SearchFront, library: Library) -> bool:
    """Say whether the library has changed since its index was built, or the index is that of another library.

    Args:
        index: the index.
        library: the library that it should be built from.
    """
    return index.library_revision != library.revision


def _current(library: Library) -> MoodIndex | None:
    try:
        return MoodIndex.open(library.index_path)
    except (NotFoundError, CorruptStoreError):
        return None


def _is_of(index: MoodIndex, snapshot: LibrarySnapshot) -> bool:
    # The revision alone does not tell: two models' vectors belong to one revision of the library.
    of = (index.library_revision, index.model_fingerprint)
    return of == (snapshot.revision, snapshot.model.fingerprint)
