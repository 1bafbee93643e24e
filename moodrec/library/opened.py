"""The open database of a library: how it comes to be open, is checked, migrated, held for changes, and closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from moodrec.errors import UsageError
from moodrec.files.disk import disk_errors
from moodrec.given import path_of
from moodrec.library.database import check_rows, create_database, empty_database, holds_tables, open_database
from moodrec.library.library_lock import LibraryLock
from moodrec.library.migration import Migration, format_of, migrate, migrated_copy
from moodrec.library.place import DATABASE, holds_library
from moodrec.library.sqlite_errors import translated
from moodrec.library.tables import SCHEMA_VERSION


class OpenedLibrary:
    """The database of a library's folder, open to be read, and to be changed where :meth:`writer` is held."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, migration: Migration | None = None
    ) -> None:
        """Wrap an open database; use :meth:`open` and its siblings instead.

        Args:
            path: the library's folder.
            connection: its database.
            migration: the migration that was done when it was opened, if any.
        """
        self.path = path
        """The library's folder."""
        self.migration = migration
        """The migration that was done when it was opened, or first changed; None if none was needed."""
        self.older_format: int | None = None
        """The format on the disk, where it is read as a copy in memory until the first change; else None."""
        self._unchecked = connection
        self._is_checked = False
        self._lock = LibraryLock(path)
        self.identity = self._lock.identity
        """The numbers by which the system knows the file that was opened; None where there was none."""

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing library; reading changes nothing on the disk.

        One that an older moodrec wrote is read as a copy in memory, and :meth:`writer` migrates it.

        Raises:
            NotFoundError: there is no library.
            CorruptStoreError: it is damaged, not a library, or written by a newer moodrec.
        """
        folder = path_of(path, "path")
        database = folder / DATABASE
        found = format_of(database)
        if found == SCHEMA_VERSION:
            return cls(folder, open_database(database))
        library = cls(folder, migrated_copy(database))
        library.older_format = found
        return library

    @classmethod
    def formats(cls, path: Path | str) -> tuple[int, int]:
        """Read the format of an existing library, and give the one that this moodrec writes.

        Raises:
            NotFoundError, CorruptStoreError: as :meth:`open`.
        """
        return format_of(path_of(path, "path") / DATABASE), SCHEMA_VERSION

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty library in a folder, which is made too.

        Raises:
            UsageError: there is a library already, or ``path`` is a file.
        """
        if holds_library(path_of(path, "path")):
            raise UsageError(f"{path}: there is a library already")
        return cls.open_or_create(path)

    @classmethod
    def open_or_create(cls, path: Path | str) -> Self:
        """Open a library to change it, or make an empty one if there is none.

        One that an older moodrec wrote is backed up, then migrated to this format.

        Raises:
            UsageError: ``path`` is a file.
            CorruptStoreError: as :meth:`open`.
            StoreLockedError: it needs a migration, and another process is writing to it.
        """
        folder = path_of(path, "path")
        try:
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{path}: is a file, a library is a folder") from None
        database = folder / DATABASE
        create_database(database)
        migration = migrate(database, LibraryLock(folder))
        return cls(folder, open_database(database), migration)

    @classmethod
    def open_or_empty(cls, path: Path | str) -> Self:
        """Open a library, or an empty one in memory if there is none; then the disk stays as it is.

        Raises:
            UsageError: ``path`` is a file, or below one.
            CorruptStoreError: as :meth:`open`.
        """
        folder = path_of(path, "path")
        database = folder / DATABASE
        if holds_tables(database):
            return cls.open(folder)
        if not next(place for place in (folder, *folder.parents) if place.exists()).is_dir():
            raise UsageError(f"{path}: is a file, a library is a folder")
        return cls(folder, empty_database())

    def close(self) -> None:
        """Close the database; the object cannot be used afterwards."""
        self._unchecked.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def index_path(self) -> Path:
        """Give the folder of the library's index."""
        return self.path / "index"

    @contextmanager
    def writer(self) -> Iterator[Self]:
        """Hold the right to write while the block runs; it is released when the process dies.

        A library that an older moodrec wrote is backed up and migrated first.

        Raises:
            StoreLockedError: another process holds it.
            ConflictError: the library's folder was moved or replaced since it was opened; every change says so too.
            CorruptStoreError: something else than moodrec's lock file is in its place.
        """
        self._lock.acquire()
        try:
            if self.older_format is not None:
                self._migrate()
            yield self
        finally:
            self._lock.release()

    def _migrate(self) -> None:
        database = self.path / DATABASE
        self.migration = migrate(database, self._lock)
        copy, self._unchecked = self._unchecked, open_database(database)
        self._is_checked = False
        copy.close()
        self.older_format = None

    @property
    def _connection(self) -> sqlite3.Connection:
        """Give the database; the rows of a file, which may be a stranger's, are checked before the first is read."""
        if not self._is_checked:
            check_rows(self._unchecked, self.path / DATABASE)
            self._is_checked = True
        return self._unchecked

    @contextmanager
    def _reading(self, checked: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the database, with checked rows, to a block that reads it; not ``checked``, the block checks them."""
        with translated(self.path):
            yield self._connection if checked else self._unchecked

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give the database, with checked rows, to a block that changes it and holds :meth:`writer`."""
        with self._lock.changing(), translated(self.path):
            yield self._connection
