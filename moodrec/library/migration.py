"""Libraries that an older moodrec wrote are migrated to the format of this one.

The old database is copied first, as ``library-format-N-backup.sqlite`` in the library's folder. A migration is one
transaction: if it is killed, the old format stays, and the next opening starts the migration again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.artists import credit, guests_in_title
from moodrec.errors import NotFoundError
from moodrec.files.replacing import replacing
from moodrec.library.checksum import checksum
from moodrec.library.database import (
    check_contents,
    check_rows,
    checked_version,
    connected,
    open_database,
    transaction,
)
from moodrec.library.groups import album_key, artist_key
from moodrec.library.sqlite_errors import translated, write_error
from moodrec.library.tables import GROUP_INDEXES, LABELS, SCHEMA_VERSION, TAG_BACKUPS
from moodrec.lock import WriterLock


@dataclass(frozen=True)
class Migration:
    """A migration that was done when a library was opened."""

    from_format: int
    to_format: int
    backup: Path
    """Path of the copy of the database before the migration."""


def format_of(database: Path) -> int:
    """Read the format of a library's database.

    Raises:
        NotFoundError: there is none.
        CorruptStoreError: it is not a library, or a newer moodrec wrote it.
    """
    with translated(database), closing(connected(database)) as connection:
        return checked_version(connection, database)


def migrate(database: Path, lock: WriterLock) -> Migration | None:
    """Migrate a library's database to this moodrec's format; None if it has it already.

    Args:
        database: the SQLite file.
        lock: the library's lock, which is held during the migration.

    Raises:
        StoreLockedError: another process is writing to the library.
        CorruptStoreError: it is damaged; nothing was changed.
    """
    if format_of(database) == SCHEMA_VERSION:
        return None
    lock.acquire()
    try:
        with translated(database), closing(connected(database)) as connection:
            version = checked_version(connection, database)
            if version == SCHEMA_VERSION:  # another process migrated it meanwhile
                return None
            check_contents(connection, database, complete=False)
            backup = database.with_name(f"library-format-{version}-backup.sqlite")
            copy_database(connection, backup)
            _step_up(connection, version)
    finally:
        lock.release()
    return Migration(version, SCHEMA_VERSION, backup)


def migrated_copy(database: Path) -> sqlite3.Connection:
    """Make a copy of an older library in memory, migrated and read-only; the disk stays as it is."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    with translated(database), closing(connected(database)) as connection:
        version = checked_version(connection, database)
        check_contents(connection, database, complete=False)
        connection.backup(memory)
    with translated(database):
        _step_up(memory, version)
        check_contents(memory, database)
    memory.execute("PRAGMA query_only = ON")
    return memory


def opened_copy(place: Path) -> sqlite3.Connection:
    """Open a copy of a library's database to be read, with every row checked; one of an older format is migrated in
    memory.

    Raises:
        NotFoundError: there is no such file.
        CorruptStoreError: it is damaged, not a library's, or written by a newer moodrec.
    """
    if not place.is_file():
        raise NotFoundError(f"{place}: no such file")
    if format_of(place) < SCHEMA_VERSION:
        return migrated_copy(place)
    with ExitStack() as on_failure:
        connection = open_database(place)
        on_failure.callback(connection.close)
        check_rows(connection, place)
        on_failure.pop_all()
    return connection


def copy_database(connection: sqlite3.Connection, place: Path) -> None:
    """Write a consistent copy while others may write; ``place`` is replaced in one step.

    Args:
        connection: the open database.
        place: the file to write.
    """
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    with replacing(place, pages * size) as temporary, closing(sqlite3.connect(temporary)) as copy:
        try:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # the copy is one file, without a log beside it
        except sqlite3.OperationalError as error:
            raise write_error(error, place, pages * size) from error


def _step_up(connection: sqlite3.Connection, version: int) -> None:
    connection.create_function("vectors_checksum", 5, checksum, deterministic=True)
    with transaction(connection):
        for old in range(version, SCHEMA_VERSION):
            _STEPS[old](connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _from_1(connection: sqlite3.Connection) -> None:
    """Add checksums of vectors, and backups of tags."""
    connection.execute("ALTER TABLE analyses ADD COLUMN checksum BLOB NOT NULL DEFAULT x''")
    connection.execute(
        """UPDATE analyses SET checksum =
        vectors_checksum(model_fingerprint, track_id, embedding, mood_scores, probabilities)"""
    )
    connection.execute(TAG_BACKUPS)


def _from_2(connection: sqlite3.Connection) -> None:
    """Add the tags that tell artists and recordings apart, labels, and the contexts of models.

    Artists are read from the text that is shown.
    """
    for name in ("artists", "isrc", "acoustid_id", "acoustid_fingerprint"):
        connection.execute(f"ALTER TABLE tracks ADD COLUMN {name} TEXT")
    connection.create_function("artists_of", 2, _artists_of, deterministic=True)
    connection.execute("UPDATE tracks SET artists = artists_of(artist, title)")
    connection.create_function("artist_key_of", 1, artist_key, deterministic=True)
    connection.create_function("album_key_of", 3, album_key, deterministic=True)
    connection.execute("ALTER TABLE models ADD COLUMN context TEXT")
    for column in ("artist_key", "album_key"):
        connection.execute(f"ALTER TABLE tracks ADD COLUMN {column} TEXT")
    connection.execute(
        """UPDATE tracks SET artist_key = artist_key_of(artist),
        album_key = album_key_of(album, album_artist, artist)"""
    )
    for statement in (*GROUP_INDEXES, *LABELS):
        connection.execute(statement)


def _artists_of(artist: str | None, title: str | None) -> str | None:
    names = tuple(dict.fromkeys((*credit(artist).everyone, *guests_in_title(title))))
    return json.dumps(names) if names else None


def _from_3(connection: sqlite3.Connection) -> None:
    """Add the year of the first release, which is not known until the files' tags are read again, and the places of
    tracks of CUE sheets.
    """
    connection.execute("ALTER TABLE tracks ADD COLUMN original_year INTEGER")
    connection.execute("ALTER TABLE files ADD COLUMN audio BLOB")
    connection.execute("ALTER TABLE files ADD COLUMN start REAL")


_STEPS: Final[Mapping[int, Callable[[sqlite3.Connection], None]]] = {1: _from_1, 2: _from_2, 3: _from_3}
