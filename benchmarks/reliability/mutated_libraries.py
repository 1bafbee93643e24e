"""Libraries of a stranger who knows SQLite: other tables, views, values and pages, with right checksums."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from benchmarks.reliability import mutations
from moodrec.audio.probe import Tags
from moodrec.catalog.refresh import refresh_index
from moodrec.errors import MoodrecError, NotFoundError
from moodrec.library.checksum import checksum
from moodrec.library.library import Library
from tests.library.tracks import MODEL, OTHER, analysed, failed, file_state

FILES = 24
LOOP = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
STATEMENTS = (
    "ALTER TABLE {table} RENAME TO t2; CREATE VIEW {table} AS SELECT * FROM t2",
    f"ALTER TABLE {{table}} RENAME TO t2; CREATE VIEW {{table}} AS {LOOP} i, i, i, i, i, i, i, i, i FROM n",
    f"CREATE VIEW more AS {LOOP} i FROM n",
    "CREATE TRIGGER spring AFTER UPDATE ON {table} BEGIN DELETE FROM tracks; END",
    f"CREATE TRIGGER spring AFTER INSERT ON {{table}} BEGIN {LOOP} count(*) FROM n; END",
    "CREATE TABLE more (a, b)",
    "CREATE INDEX more ON {table} ({column})",
    "CREATE INDEX more ON {table} (length(hex({column})))",
    "CREATE INDEX more ON {table} ({column}) WHERE {column} IS NOT NULL",
    "ALTER TABLE {table} ADD COLUMN more TEXT",
    "ALTER TABLE {table} ADD COLUMN more AS (hex(randomblob(100000000)))",
    "ALTER TABLE {table} RENAME COLUMN {column} TO {column}2",
    "DROP TABLE {table}",
    "DROP INDEX tracks_by_audio",
    "CREATE VIRTUAL TABLE more USING fts5(a)",
    "DROP TABLE {table}; CREATE VIRTUAL TABLE {table} USING fts5(a)",
    "CREATE TABLE t2 AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE t2 RENAME TO {table}",
    "DELETE FROM {table}",
    "DELETE FROM counters",
    "PRAGMA user_version = {number}",
    "PRAGMA application_id = {number}",
    "INSERT INTO {table} SELECT * FROM {table}",
    "UPDATE sqlite_master SET rootpage = {small} WHERE name = '{table}'",
    "UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'TEXT CHECK (randomblob(1e9))') WHERE name = '{table}'",
    "UPDATE sqlite_master SET sql = sql || ' WITHOUT ROWID' WHERE name = '{table}'",
    "UPDATE sqlite_master SET sql = sql || '/* ' || hex(zeroblob(500000)) || ' */' WHERE name = '{table}'",
    "UPDATE sqlite_master SET sql = NULL WHERE name = '{table}'",
    "UPDATE sqlite_master SET type = 'view' WHERE name = '{table}'",
    "UPDATE sqlite_master SET name = '{table}2' WHERE name = '{table}'",
)
VALUES: tuple[Any, ...] = (
    None,
    -1,
    0,
    1 << 40,
    (1 << 63) - 1,
    1e308,
    float("inf"),
    "",
    "x",
    "1",
    "../../../etc/passwd",
    "\x00\x1b[2J",
    b"",
    b"\xff\xfe",
    b"/etc/passwd\x00.mp3",
    b"x" * 100_000,
    "z" * 3_000_000,
    "[" * 100_000,
    "[]",
    "{}",
    '{"a": 1}',
    '["a", 1]',
    '["\\ud800"]',
    '["track_id"]',
    "NaN",
)


def prepare(folder: Path) -> None:
    """Make a library with tracks of two models, copies, failures, missing files and backups of tags."""
    with Library.create(folder) as library, library.writer():
        library.register_model(MODEL)
        library.register_model(OTHER)
        for number in range(FILES):
            state = file_state(folder / "music" / f"{number}.mp3")
            tags = Tags(
                title=f"Title {number}", artist=f"Artist {number % 5}", year=1990 + number, genre=("rock",)
            )
            found = failed(state) if number % 8 == 7 else analysed(state, f"audio-{number % 20}", tags)
            track = library.acknowledge(MODEL, found)
            if track and number % 3 == 0:
                library.acknowledge(OTHER, analysed(state, f"audio-{number % 20}", tags, OTHER))
                library.back_up_tags(track, {"mood": ["calm"]})
        library.record_run(MODEL, FILES, 1.5)


def change(rng: random.Random, prepared: Path, place: Path) -> str:
    """Copy a library and change its database; says how."""
    shutil.copytree(prepared, place)
    database = place / "library.sqlite"
    match rng.choice(("bytes", "schema", "schema", "value", "value", "value", "beside")):
        case "bytes":
            database.write_bytes(mutations.bytes_of(rng, database.read_bytes()))
            return "bytes"
        case "schema":
            return _other_schema(rng, database)
        case "value":
            return _other_value(rng, database)
        case _:
            return _beside(rng, database)


def _other_schema(rng: random.Random, database: Path) -> str:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        table, column = _place(rng, connection)
        connection.execute("PRAGMA writable_schema = ON")
        filled = rng.choice(STATEMENTS).format(
            table=table, column=column, number=rng.choice((-1, 0, 1, 2, 99)), small=rng.randrange(30)
        )
        for statement in filled.split("; ") if "TRIGGER" not in filled else [filled]:
            try:
                connection.execute(statement)
            except sqlite3.Error:
                return f"schema, refused by SQLite: {statement}"
    return f"schema: {filled}"


def _other_value(rng: random.Random, database: Path) -> str:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        table, column = _place(rng, connection)
        value = rng.choice(VALUES)
        cast = rng.choice(("?", "?", "?", "CAST(? AS TEXT)", "CAST(? AS BLOB)"))
        which = rng.choice(("1", f"rowid % 5 = {rng.randrange(5)}"))
        try:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(f'UPDATE "{table}" SET "{column}" = {cast} WHERE {which}', (value,))
        except sqlite3.Error as error:
            return f"value, refused by SQLite: {table}.{column} {error}"
        _sign(connection)
    return f"value: {table}.{column} = {cast} of {str(value)[:40]!r}"


def _sign(connection: sqlite3.Connection) -> None:
    """Make the checksums of vectors right."""
    columns = "rowid, model_fingerprint, track_id, embedding, mood_scores, probabilities"
    for rowid, *values in connection.execute(f"SELECT {columns} FROM analyses").fetchall():
        if all(
            isinstance(one, kind) for one, kind in zip(values, (str, str, bytes, bytes, bytes), strict=True)
        ):
            connection.execute("UPDATE analyses SET checksum = ? WHERE rowid = ?", (checksum(*values), rowid))


def _beside(rng: random.Random, database: Path) -> str:
    """Put a file beside the database that SQLite reads with it."""
    kind = rng.choice(("journal", "wal", "shm"))
    content = rng.choice(
        (rng.randbytes(4096), mutations.bytes_of(rng, database.read_bytes()), bytes(1 << 20))
    )
    if kind == "journal" and rng.random() < 0.7:
        victim = b"/etc/hostname"
        size = len(victim).to_bytes(4, "big")
        total = sum(victim).to_bytes(4, "big")
        content = bytes(512) + bytes(4) + victim + size + total + bytes.fromhex("d9d505f920a163d7")
    database.with_name(f"{database.name}-{kind}").write_bytes(content)
    return f"a {kind} beside"


def _place(rng: random.Random, connection: sqlite3.Connection) -> tuple[str, str]:
    """Choose a column."""
    tables = [
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if not row[0].startswith("sqlite_")
    ]
    table = rng.choice(tables)
    return table, rng.choice([row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')])


def use(place: Path) -> str:
    """Open a library, read all that is in it, index it and change it; says how that ended."""
    try:
        with Library.open(place) as library:
            _read(library)
    except MoodrecError as error:
        outcome = type(error).__name__
        with suppress(MoodrecError):
            Library.open_or_create(place).close()
        return outcome
    with Library.open_or_create(place) as library, library.writer():
        library.drop_damaged()
        library.acknowledge(MODEL, analysed(file_state(place / "music" / "new.mp3"), "new"))
        library.prune(gone=True)
    return "opened"


def _read(library: Library) -> None:
    models = library.models()
    library.files()
    library.failures()
    library.outcomes()
    library.damaged()
    library.tag_backups()
    library.last_run(MODEL.fingerprint)
    for model in models:
        library.waiting(model.fingerprint)
        library.find_vectors(model.fingerprint, "audio-1")
        assert len(library.snapshot(model.fingerprint).frame) <= FILES
    try:
        refresh_index(library)
    except NotFoundError:
        return
