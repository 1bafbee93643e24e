"""``Library``: a folder that remembers what was heard in every file of a music collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from moodrec.errors import UsageError
from moodrec.library import journal, upkeep
from moodrec.library.database import (
    SCHEMA_VERSION,
    create_database,
    empty_database,
    holds_tables,
    open_database,
    translated,
)
from moodrec.library.migration import Migration, format_of, migrate, migrated_copy
from moodrec.library.reader import LibraryReader
from moodrec.library.records import (
    FileResult,
    FileState,
    ModelRecord,
    Pruned,
    StoredTags,
)
from moodrec.lock import WriterLock

_DATABASE: Final = "library.sqlite"


class Library(LibraryReader):
    """A library folder: ``library.sqlite``, ``index/`` (derived, disposable) and ``lock``.

    Any number of processes may read; to change something, hold :meth:`writer`. A library is used from the
    thread that opened it.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, migration: Migration | None = None
    ) -> None:
        self.path = path
        """The library's folder."""
        self.migration = migration
        """What was done when it was opened, where an older moodrec had written it."""
        self._connection = connection
        self._lock = WriterLock(path / "lock")

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing library; one of an older moodrec is copied, then brought up to this one's format.

        Raises:
            NotFoundError: there is none.
            CorruptStoreError: it is damaged, no library, or written by a newer moodrec.
            StoreLockedError: it is of an older moodrec, and another process is writing to it.
        """
        folder = Path(path)
        migration = migrate(folder / _DATABASE, WriterLock(folder / "lock"))
        return cls(folder, open_database(folder / _DATABASE), migration)

    @classmethod
    def formats(cls, path: Path | str) -> tuple[int, int]:
        """The format of an existing library, and the one that this moodrec writes. Raises as :meth:`open`."""
        return format_of(Path(path) / _DATABASE), SCHEMA_VERSION

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty library in a folder, which is made too.

        Raises:
            UsageError: there is a library already, or ``path`` is a file.
        """
        if (Path(path) / _DATABASE).exists():
            raise UsageError(f"{path}: there is a library already")
        return cls.open_or_create(path)

    @classmethod
    def open_or_create(cls, path: Path | str) -> Self:
        """Open a library, made empty if there is none. Raises as :meth:`open` and :meth:`create`."""
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{path}: is a file, a library is a folder") from None
        create_database(folder / _DATABASE)
        return cls.open(folder)

    @classmethod
    def open_or_empty(cls, path: Path | str) -> Self:
        """Open a library; where there is none, an empty one that can be read alone and leaves the disk as it is.

        Raises:
            UsageError: ``path`` is a file, or below one.
            CorruptStoreError: as :meth:`open`.
        """
        folder = Path(path)
        database = folder / _DATABASE
        if holds_tables(database):
            if format_of(database) < SCHEMA_VERSION:
                return cls(folder, migrated_copy(database))
            return cls.open(folder)
        if not next(place for place in (folder, *folder.parents) if place.exists()).is_dir():
            raise UsageError(f"{path}: is a file, a library is a folder")
        return cls(folder, empty_database())

    def close(self) -> None:
        """Let go of the file; the object cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def index_path(self) -> Path:
        """Where the library's index is kept."""
        return self.path / "index"

    @contextmanager
    def writer(self) -> Iterator[Self]:
        """Hold the right to write; it frees itself when the process dies.

        Raises:
            StoreLockedError: another process holds it.
        """
        self._lock.acquire()
        try:
            yield self
        finally:
            self._lock.release()

    def register_model(self, model: ModelRecord) -> None:
        """Make a model known; the first one is the current one at once."""
        with self._writing() as connection:
            journal.register_model(connection, model)

    def promote(self, model_fingerprint: str) -> bool:
        """Make a known model the current one, which search goes by; False if it is already."""
        with self._writing() as connection:
            return upkeep.promote(connection, model_fingerprint)

    def acknowledge(self, model: ModelRecord, result: FileResult) -> str | None:
        """Write the outcome of one file for good; when this returns, not even a power cut loses it.

        Returns:
            The id of the file's track, None if it has none.

        Raises:
            DataError: the vectors do not fit the model, or are not finite.
        """
        with self._writing() as connection:
            return journal.acknowledge(connection, model, result)

    def mark_missing(self, states: Iterable[FileState]) -> None:
        """Note that files are gone: their tracks leave the frame and keep their ids."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, True)

    def mark_present(self, states: Iterable[FileState]) -> None:
        """Note that files that were gone are back, unchanged."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, False)

    def record_run(self, model: ModelRecord, files: int, seconds: float) -> None:
        """Remember how long a run took."""
        with self._writing() as connection:
            journal.record_run(connection, model, files, seconds)

    def prune(self, *, gone: bool = False, old_models: bool = False) -> Pruned:
        """Drop what is not needed: files that are gone with their tracks, and the vectors of former models."""
        kept = self.model().fingerprint if old_models else None
        with self._writing() as connection:
            return upkeep.prune(connection, gone, kept)

    def drop_damaged(self) -> int:
        """Forget vectors that are not as they were written; the next analysis hears those tracks again."""
        rows = self.damaged()
        with self._writing() as connection:
            upkeep.drop_damaged(connection, rows)
        return len(rows)

    def back_up_tags(self, track_id: str, tags: StoredTags) -> bool:
        """Keep the mood tags that a track's file had before the first writing; False if they are kept already."""
        with self._writing() as connection:
            return upkeep.back_up_tags(connection, track_id, tags)

    def forget_tag_backup(self, track_id: str) -> None:
        """Note that a track's file has its old tags again."""
        with self._writing() as connection:
            upkeep.forget_tag_backup(connection, track_id)

    def note_new_state(self, state: FileState) -> None:
        """Note that moodrec itself wrote a file's tags: its sound has not changed."""
        with self._writing() as connection:
            upkeep.note_new_state(connection, state)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.held:
            raise UsageError("to change a library, hold its lock: with library.writer(): ...")
        with translated(self.path):
            yield self._connection
