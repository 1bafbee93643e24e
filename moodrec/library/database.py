"""A library is an SQLite file; this module makes it, opens it and checks it.

It uses write-ahead logging with ``synchronous=FULL``: an acknowledged transaction survives the death of the process
and of the machine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, MoodrecError, NotFoundError
from moodrec.library.checks import REMEDY, check_references, check_schema, check_values, time_limited
from moodrec.library.own_files import require_own_files
from moodrec.library.sqlite_errors import BUSY_S, translated
from moodrec.library.tables import APPLICATION_ID, SCHEMA_VERSION, TABLES

_NO_PLACE_FOR_LOG: Final = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)


def create_database(path: Path) -> None:
    """Make the tables in a new file, or in one whose making was interrupted; an existing library stays as it is.

    Raises:
        CorruptStoreError: there is a file, and it is not a library.
    """
    require_own_files(path)
    connect = sqlite3.connect
    with translated(path), closing(connect(path, timeout=BUSY_S, isolation_level=None)) as connection:
        if _is_blank(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            _make_tables(connection)


def empty_database() -> sqlite3.Connection:
    """Make an empty library in memory, which cannot be written to."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _make_tables(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def holds_tables(path: Path) -> bool:
    """Say whether there is a file with tables in it: the making of a library may have been interrupted.

    Raises:
        CorruptStoreError: there is a file, and it is not a database.
    """
    require_own_files(path)
    if not path.is_file():
        return False
    with translated(path), closing(connected(path)) as connection:
        return not _is_blank(connection)


def open_database(path: Path) -> sqlite3.Connection:
    """Open and check an existing library file.

    Raises:
        NotFoundError: there is no such file.
        CorruptStoreError: it is not a library, it is damaged, or it has another format.
    """
    with translated(path), ExitStack() as on_failure:
        connection = connected(path)
        on_failure.callback(connection.close)
        version = checked_version(connection, path)
        if version != SCHEMA_VERSION:
            raise CorruptStoreError(f"{path}: has format {version}, this moodrec writes {SCHEMA_VERSION}")
        check_contents(connection, path)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        on_failure.pop_all()
    return connection


def connected(path: Path) -> sqlite3.Connection:
    """Connect to an existing file, whatever it holds.

    Raises:
        NotFoundError: there is no such file.
    """
    require_own_files(path)
    if not path.is_file():
        raise NotFoundError(f"{path.parent}: no library there; make one with: moodrec analyze FOLDER")
    try:
        with ExitStack() as on_failure:
            connection = _connected(path, "mode=rw")  # a plain connection would create a missing file
            on_failure.callback(connection.close)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            on_failure.pop_all()
    except sqlite3.OperationalError as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _NO_PLACE_FOR_LOG:
            raise
        return _connected_without_log(path, error)
    return connection


def _connected(path: Path, options: str) -> sqlite3.Connection:
    place = f"{path.absolute().as_uri()}?{options}"
    connection = sqlite3.connect(place, uri=True, timeout=BUSY_S, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")  # the file may be a stranger's
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _connected_without_log(path: Path, reason: sqlite3.OperationalError) -> sqlite3.Connection:
    """Read a file where SQLite cannot make the files of its log: on a read-only or full disk.

    A file that was cleanly closed has no log, or an empty one, and holds everything.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise MoodrecError(
            f"{path}: it was not closed cleanly, and the disk is full or read-only ({reason}); "
            "copy the folder to a place with room to write"
        )
    return _connected(path, "mode=ro&immutable=1")


@contextmanager
def transaction(connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> Iterator[None]:
    """Execute all of the block's statements or none of them.

    Args:
        connection: an open database.
        mode: ``IMMEDIATE`` to write, ``DEFERRED`` to read.
    """
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _make_tables(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        if _is_blank(connection):  # checked again, because another process may have made them meanwhile
            for statement in TABLES:
                connection.execute(statement)


def _is_blank(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return tables == 0 and _pragma(connection, "user_version") == 0


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """Read the format of a library, which is at most the one that this moodrec writes.

    Args:
        connection: the open database.
        path: its file, for messages.

    Raises:
        CorruptStoreError: it is not a library, or a newer moodrec wrote it.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise CorruptStoreError(f"{path}: not a moodrec library; {REMEDY}")
    version = _pragma(connection, "user_version")
    if version > SCHEMA_VERSION:
        raise CorruptStoreError(
            f"{path}: a newer moodrec wrote it (format {version}, this one reads up to {SCHEMA_VERSION}): "
            "upgrade moodrec"
        )
    if version < 1:
        raise CorruptStoreError(f"{path}: has format {version}, which never was; {REMEDY}")
    return version


def check_contents(connection: sqlite3.Connection, path: Path, complete: bool = True) -> None:
    """Check the tables of a database, then the structure of the file, then the types of its values.

    Args:
        connection: the open database.
        path: its file, for the message.
        complete: whether it has today's format; of an earlier one, values are checked when it has been migrated.
            Those of large tables are checked when they are first read (:func:`check_rows`).

    Raises:
        CorruptStoreError: it is damaged, or not as moodrec makes it.
    """
    with time_limited(connection, path):
        check_schema(connection, path, TABLES, complete)
        fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise CorruptStoreError(f"{path}: damaged ({' '.join(fault.split())[:200]}); {REMEDY}")
        if complete:
            check_values(connection, path, ("counters", "models"))


def check_rows(connection: sqlite3.Connection, path: Path) -> None:
    """Check the values of all tables, which takes a second for some hundred thousand tracks.

    Args:
        connection: the open database.
        path: its file, for the message.

    Raises:
        CorruptStoreError: a value is of another type than its column declares, or names a row that is not there.
    """
    with translated(path), time_limited(connection, path):
        check_values(connection, path)
        check_references(connection, path)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
