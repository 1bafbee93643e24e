"""Errors of SQLite become moodrec's, which say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, DiskFullError, MoodrecError, StoreLockedError
from moodrec.files.disk import disk_full, require_room
from moodrec.library.checks import REMEDY

BUSY_S: Final = 30.0
"""How long a statement waits for another process that holds the database, in seconds."""
_LITTLE: Final = 1 << 16
"""Free bytes below which an error of the disk is taken for a full one."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Translate SQLite's errors into moodrec's, which say what to do."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # mistakes of this package, not of the file
    except UnicodeDecodeError:  # SQLite quotes a damaged file
        raise CorruptStoreError(f"{path}: not a moodrec library, or damaged; {REMEDY}") from None
    except sqlite3.DatabaseError as error:
        raise _explained(error, path) from error


def _explained(error: sqlite3.DatabaseError, path: Path) -> MoodrecError:
    # The lowest byte of SQLite's extended error code is the kind of error.
    primary_code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if "decode to UTF-8" in str(error):  # an error of Python's, without a code
        return CorruptStoreError(f"{path}: it holds texts that are not UTF-8; {REMEDY}")
    if primary_code in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
    ):
        return CorruptStoreError(f"{path}: not a moodrec library, or damaged ({error}); {REMEDY}")
    if primary_code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLockedError(f"{path}: another process has held the database for {BUSY_S:.0f} s")
    return write_error(error, path)


def write_error(error: sqlite3.DatabaseError, path: Path, needed: int | None = None) -> MoodrecError:
    """Make the error that says that a database cannot be written.

    Args:
        error: what SQLite said; it does not say the system's reason.
        path: the database.
        needed: bytes that were to be written, where that is known.
    """
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return disk_full(path, needed)
    try:
        require_room(path, needed or _LITTLE)
    except DiskFullError:
        return disk_full(path, needed)
    return MoodrecError(f"{path}: {error}; is the disk full, or the folder not writable?")
