"""Checks of a library's database, which may be a stranger's, before anything in it is used.

SQLite runs what a database file holds: views, triggers, generated columns and constraints. So its tables, columns and
constraints must be those that moodrec makes, word for word, and nothing else may be there. SQLite also stores any
value in any column, so the values are compared with the types that the columns declare.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError

REMEDY: Final = "restore it from a backup, or move it away and analyse the music again"

_TOKEN: Final = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\])
    |(?P<left_out>--[^\n]*|/\*.*?(?:\*/|\Z)|\s+)
    |(?P<word>\w+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_OF_SQLITE: Final = frozenset({"sqlite_sequence"})
_MOST_SQL: Final = 1 << 16
"""Characters of the definition of a table; those of moodrec have some thousand."""
_STORED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "INTEGER": ("integer",),
    "REAL": ("real",),
    "TEXT": ("text",),
    "BLOB": ("blob",),
}
_LARGEST: Final = 1e300
_ALSO: Final[Mapping[str, str]] = {
    "files": "instr(path, x'00') OR size < 0",
    "models": "embedding_dim NOT BETWEEN 1 AND 65536",
    "tracks": "duration < 0 OR abs(ifnull(year, 0)) > 2147483647",
}
"""Values that no column of a table may hold, as conditions."""
_STEPS: Final = 100_000
"""Steps of SQLite's virtual machine between two readings of the clock."""
_SECONDS: Final = 60.0
_BYTES_A_SECOND: Final = 1 << 22
"""The checks of a file may take a minute, and a second for each of so many bytes, of a processor's time."""

Schema = dict[tuple[str, str], frozenset[str]]
"""The parts of the definition of each table and index, by its type and its name."""


@contextmanager
def time_limited(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """End statements inside a ``with`` block that take far longer than a file of this size can need.

    Args:
        connection: the open database.
        path: its file.

    Raises:
        CorruptStoreError: a statement was ended.
    """
    size = path.stat().st_size if path.exists() else 0  # a database in memory has no file
    end = time.thread_time() + _SECONDS + size / _BYTES_A_SECOND
    connection.set_progress_handler(lambda: time.thread_time() > end, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise CorruptStoreError(f"{path}: checking it takes too long; {REMEDY}") from None
        raise
    finally:
        connection.set_progress_handler(None, 0)


def check_schema(
    connection: sqlite3.Connection, path: Path, statements: Sequence[str], complete: bool
) -> None:
    """Check that a database has the tables and indexes of moodrec and nothing else.

    Formats grow by tables, columns and indexes, so a database of an earlier format holds some of today's.

    Args:
        connection: the open database.
        path: its file, for the message.
        statements: what makes the tables of today's format.
        complete: whether nothing of today's format may be missing.

    Raises:
        CorruptStoreError: something differs; the message names it.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for statement in statements:
            fresh.execute(statement)
        wanted = _schema(fresh)
    found = _schema(connection)
    if strange := sorted(set(found) - set(wanted)):
        raise _differs(path, f"it holds a {strange[0][0]} {strange[0][1][:80]!r} that moodrec does not make")
    for one, parts in found.items():
        if not parts <= wanted[one] or (complete and parts != wanted[one]):
            raise _differs(path, f"its {one[0]} {one[1]} is another than moodrec makes")
    if complete and (missing := sorted(set(wanted) - set(found))):
        raise _differs(path, f"it has no {missing[0][0]} {missing[0][1]}")


def _differs(path: Path, what: str) -> CorruptStoreError:
    return CorruptStoreError(f"{path}: not a moodrec library, or damaged: {what}; {REMEDY}")


def _schema(connection: sqlite3.Connection) -> Schema:
    found: Schema = {}
    for kind, name, sql in connection.execute(
        "SELECT type, name, substr(sql, 1, ?) FROM sqlite_master", (_MOST_SQL,)
    ):
        if sql is None and kind == "index" and str(name).startswith("sqlite_autoindex_"):
            continue  # it belongs to a PRIMARY KEY or UNIQUE of a table
        if (kind, name) == ("table", "sqlite_sequence"):
            continue  # where SQLite keeps the last number of an AUTOINCREMENT
        found[str(kind), str(name)] = _parts(str(sql))
    return found


def _parts(sql: str) -> frozenset[str]:
    """Return the columns and constraints of a definition, without comments and spaces, and what stands around them.

    A column that was added later stands at the end, so their order does not count.
    """
    parts, depth = [""], 0
    for token in _TOKEN.finditer(sql):
        text = token[0]
        if token["left_out"]:
            continue
        if text == ")":
            depth -= 1
        if (text == "," and depth == 1) or (text in "()" and depth == 0):
            parts.append("")
        else:
            parts[-1] += f" {text}"
        if text == "(":
            depth += 1
    return frozenset(part for part in parts if part)


def check_values(connection: sqlite3.Connection, path: Path, tables: Collection[str] | None = None) -> None:
    """Check that every value is of the type that its column declares.

    Args:
        connection: the open database, whose tables have been checked.
        path: its file, for the message.
        tables: the tables whose values are checked; None: all.

    Raises:
        CorruptStoreError: a value is of another type, or out of range.
    """
    found = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in sorted(set(found) - _OF_SQLITE if tables is None else tables):
        wrong = [_wrong(*column) for column in connection.execute(f'PRAGMA table_info("{table}")')]
        wrong += [f"({_ALSO[table]})"] if table in _ALSO else []
        if connection.execute(f'SELECT 1 FROM "{table}" WHERE {" OR ".join(wrong)} LIMIT 1').fetchone():
            raise CorruptStoreError(
                f"{path}: values in its table {table} are of a wrong type or size; {REMEDY}"
            )
    revision = "SELECT count(*) FROM counters WHERE name = 'revision' AND value BETWEEN 0 AND 1 << 62"
    if connection.execute(revision).fetchone() != (1,):
        raise CorruptStoreError(f"{path}: it does not say how often it was changed; {REMEDY}")


@contextmanager
def values_of(place: Path) -> Iterator[None]:
    """Translate the errors of converting stored values that are of a wrong type.

    Args:
        place: the library's folder, for the message.

    Raises:
        CorruptStoreError: a value is of another type than its column declares.
    """
    try:
        yield
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        what = " ".join(str(error).split())[:200]
        raise CorruptStoreError(f"{place}: values in it are of a wrong type ({what}); {REMEDY}") from error


def check_references(connection: sqlite3.Connection, path: Path) -> None:
    """Check that rows which a database's rows name are there, as every change of it assumes.

    Args:
        connection: the open database, whose tables have been checked.
        path: its file, for the message.

    Raises:
        CorruptStoreError: some are missing.
    """
    if row := connection.execute("PRAGMA foreign_key_check").fetchone():
        raise CorruptStoreError(
            f"{path}: its table {row[0]} names rows of {row[2]} that are not there; {REMEDY}"
        )


def _wrong(_: int, name: str, kind: str, required: int, default: object, key: int) -> str:
    """Write the condition that a value of a column is not what it declares."""
    stored = [*_STORED_AS[kind], *([] if required or key else ["null"])]
    test = f'typeof("{name}") NOT IN ({", ".join(map(repr, stored))})'
    return f'({test} OR abs("{name}") > {_LARGEST})' if kind == "REAL" else test
