"""A library is an SQLite file; this module defines its tables, and opens, checks and writes it.

It uses write-ahead logging with ``synchronous=FULL``: an acknowledged transaction survives the death of the process
and of the machine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, DiskFullError, MoodrecError, NotFoundError, StoreLockedError
from moodrec.files.disk import disk_full, require_room
from moodrec.files.kinds import refuse_link
from moodrec.library.checks import REMEDY, check_references, check_schema, check_values, time_limited

SCHEMA_VERSION: Final = 4
"""The format that is written; older ones are migrated to it by :mod:`moodrec.library.migration`."""
_APPLICATION_ID: Final = int.from_bytes(b"mood")
_BUSY_S: Final = 30.0
_LITTLE: Final = 1 << 16
"""Free bytes below which an error of the disk is taken for a full one."""
_NO_PLACE_FOR_LOG: Final = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)

_JOURNAL_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
"""What ends a rollback journal that names a file which several databases share."""

TAG_BACKUPS: Final = """CREATE TABLE tag_backups (
    track_id TEXT PRIMARY KEY REFERENCES tracks (track_id),
    tags TEXT NOT NULL                    -- JSON: what the file's mood tags were before moodrec wrote any
)"""
GROUP_INDEXES: Final = (
    "CREATE INDEX tracks_by_artist ON tracks (artist_key)",
    "CREATE INDEX tracks_by_album ON tracks (album_key)",
)
LABELS: Final = (
    """CREATE TABLE labels (
        entry INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('track', 'artist', 'album')),
        key TEXT NOT NULL,                -- a track's audio fingerprint; else as artist_key and album_key
        name TEXT NOT NULL,               -- for people
        mood TEXT NOT NULL,
        value REAL CHECK (value BETWEEN 0 AND 1),  -- NULL takes the earlier label back
        given_by TEXT NOT NULL,
        given_at TEXT NOT NULL            -- ISO 8601, UTC
    )""",
    "CREATE INDEX labels_by_key ON labels (kind, key, mood)",
)
"""Entries are never changed: of each kind, key and mood the last one holds."""
_TABLES: Final = (
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    """CREATE TABLE models (
        fingerprint TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        moods TEXT NOT NULL,              -- JSON list, the order of the blobs below
        embedding_dim INTEGER NOT NULL,
        last_used INTEGER NOT NULL,       -- grows; the highest is the library's current model, 0 never was
        context TEXT                      -- JSON: how metadata corrects the scores; NULL where it does not
    )""",
    """CREATE TABLE tracks (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        track_id TEXT NOT NULL UNIQUE,
        audio_fingerprint TEXT NOT NULL,
        duplicate_of TEXT REFERENCES tracks (track_id),
        duration REAL NOT NULL,           -- seconds
        title TEXT, artist TEXT, album_artist TEXT, album TEXT, date TEXT, year INTEGER,
        genre TEXT,                       -- JSON list
        musicbrainz_recording_id TEXT, musicbrainz_album_id TEXT, musicbrainz_artist_id TEXT,
        artists TEXT,                     -- JSON list
        isrc TEXT, acoustid_id TEXT, acoustid_fingerprint TEXT,
        artist_key TEXT, album_key TEXT,  -- moodrec.library.groups; NULL where not known
        original_year INTEGER
    )""",
    "CREATE INDEX tracks_by_audio ON tracks (audio_fingerprint)",
    *GROUP_INDEXES,
    """CREATE TABLE files (
        path BLOB PRIMARY KEY,            -- the bytes of the file system: not every name is UTF-8
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'partial', 'silent', 'failed')),
        reason TEXT,
        message TEXT,
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        track_id TEXT UNIQUE REFERENCES tracks (track_id),
        missing INTEGER NOT NULL DEFAULT 0,
        audio BLOB,                       -- for a track of a CUE sheet: the file that it lies in
        start REAL                        -- and where it begins in it, seconds
    )""",
    """CREATE TABLE analyses (
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        track_id TEXT NOT NULL REFERENCES tracks (track_id),
        embedding BLOB NOT NULL,          -- little-endian float32
        mood_scores BLOB NOT NULL,
        probabilities BLOB NOT NULL,
        checksum BLOB NOT NULL DEFAULT x'',  -- moodrec.library.checksum, of the row
        PRIMARY KEY (model_fingerprint, track_id)
    )""",
    TAG_BACKUPS,
    *LABELS,
    """CREATE TABLE runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT,
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        files INTEGER NOT NULL,
        seconds REAL NOT NULL
    )""",
    "INSERT INTO counters VALUES ('revision', 0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


def create_database(path: Path) -> None:
    """Make the tables in a new file, or in one whose making was interrupted; an existing library stays as it is.

    Raises:
        CorruptStoreError: there is a file, and it is not a library.
    """
    _require_own_files(path)
    connect = sqlite3.connect
    with translated(path), closing(connect(path, timeout=_BUSY_S, isolation_level=None)) as connection:
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
    _require_own_files(path)
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
    _require_own_files(path)
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
    connection = sqlite3.connect(place, uri=True, timeout=_BUSY_S, isolation_level=None)
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


def _require_own_files(path: Path) -> None:
    """Refuse links, pipes and devices where SQLite reads and writes: it would follow them."""
    for name in (path.name, *(f"{path.name}-{kind}" for kind in ("wal", "shm", "journal"))):
        place = path.with_name(name)
        refuse_link(place)
        if place.exists() and not place.is_file():
            raise CorruptStoreError(f"{place}: is no regular file; {REMEDY}")
    _require_own_journal(path.with_name(f"{path.name}-journal"))


def _require_own_journal(journal: Path) -> None:
    """Refuse a journal that names another file, which SQLite would delete; moodrec's transactions have one file."""
    if journal.exists():
        with journal.open("rb") as file:
            file.seek(max(0, journal.stat().st_size - len(_JOURNAL_MAGIC)))
            if file.read() == _JOURNAL_MAGIC:
                raise CorruptStoreError(f"{journal}: names another file; remove it")


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
        return StoreLockedError(f"{path}: another process has held the database for {_BUSY_S:.0f} s")
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


def _make_tables(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        if _is_blank(connection):  # checked again, because another process may have made them meanwhile
            for statement in _TABLES:
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
    if _pragma(connection, "application_id") != _APPLICATION_ID:
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
        check_schema(connection, path, _TABLES, complete)
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
