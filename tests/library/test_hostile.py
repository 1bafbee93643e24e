"""A library of a stranger: what moodrec does not make is refused before SQLite runs it, in bounded time."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from moodrec.audio.probe import Tags
from moodrec.errors import CorruptStoreError
from moodrec.library import checks
from moodrec.library.checksum import checksum
from moodrec.library.library import Library
from tests.library.tracks import MODEL, analysed, failed, file_state

LOOP = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"

MAGIC = bytes.fromhex("d9d505f920a163d7")
SLOW = "CHECK (length(randomblob(1000000000)) > 0)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library") / "whole"
    with Library.create(folder) as library, library.writer():
        library.register_model(MODEL)
        for number in range(3):
            state = file_state(folder / f"{number}.mp3")
            track = library.acknowledge(MODEL, analysed(state, f"audio-{number}", Tags(genre=("rock",))))
            assert track is not None
            library.back_up_tags(track, {"mood": ["calm"]})
        library.acknowledge(MODEL, failed(file_state(folder / "bad.mp3")))
        library.record_run(MODEL, 4, 1.0)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "library"))


def changed(folder: Path, *statements: str, values: tuple[Any, ...] = ()) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement, values)


def read(folder: Path) -> None:
    with Library.open(folder) as library:
        library.models()
        library.files()
        library.tag_backups()
        library.snapshot()


def refused(folder: Path, match: str) -> None:
    with pytest.raises(CorruptStoreError, match=match):
        read(folder)
    with pytest.raises(CorruptStoreError, match=match):
        write(folder)


def write(folder: Path) -> None:
    with Library.open_or_create(folder) as library, library.writer():
        read(folder)
        library.drop_damaged()


def test_what_was_not_changed_opens(folder: Path) -> None:
    changed(folder)
    read(folder)


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER TABLE files RENAME TO f2", f"CREATE VIEW files AS {LOOP} i, i, i, i, i, i, i, i, i FROM n"),
        (f"CREATE VIEW more AS {LOOP} i FROM n",),
        ("CREATE TRIGGER spring AFTER INSERT ON files BEGIN DELETE FROM tracks; END",),
        ("CREATE TABLE more (a)",),
        ("CREATE INDEX more ON tracks (title)",),
        ("CREATE INDEX more ON tracks (length(hex(title)))",),
        ("CREATE VIRTUAL TABLE more USING fts5(a)",),
        ("ALTER TABLE tracks ADD COLUMN more TEXT",),
        ("ALTER TABLE tracks ADD COLUMN more AS (hex(randomblob(1000000000)))",),
        ("ALTER TABLE tracks RENAME COLUMN title TO name",),
        ("DROP TABLE runs",),
        ("DROP INDEX tracks_by_audio",),
        ("CREATE TABLE t2 AS SELECT * FROM runs", "DROP TABLE runs", "ALTER TABLE t2 RENAME TO runs"),
        (f"UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'TEXT {SLOW}') WHERE name = 'tracks'",),
        (
            "UPDATE sqlite_master SET sql = replace(sql, 'title TEXT', "
            f"'title TEXT DEFAULT ''/*'' {SLOW} DEFAULT ''*/''') WHERE name = 'tracks'",
        ),
    ],
)
def test_other_tables(folder: Path, statements: tuple[str, ...]) -> None:
    changed(folder, *statements)
    refused(folder, "not a moodrec library, or damaged")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("files", "path", "text"),
        ("files", "path", b"/music/a\x00.mp3"),
        ("files", "size", "large"),
        ("files", "size", -1),
        ("files", "outcome", b"ok"),
        ("tracks", "duration", "long"),
        ("tracks", "duration", float("inf")),
        ("tracks", "duration", -1.0),
        ("tracks", "title", b"bytes"),
        ("tracks", "year", "last year"),
        ("tracks", "year", 1 << 40),
        ("models", "embedding_dim", 1 << 40),
        ("models", "embedding_dim", -4),
        ("models", "moods", "[" * 100_000),
        ("models", "moods", '["calm", 1]'),
        ("models", "moods", '["calm", "calm"]'),
        ("models", "moods", '["calm", "title"]'),
        ("models", "moods", '["calm", "prob_calm"]'),
        ("models", "moods", '{"calm": 1}'),
        ("tracks", "genre", "rock"),
        ("tracks", "genre", "[[]]"),
        ("tracks", "genre", '["\\ud800"]'),
        ("tracks", "genre", "[" + '"x",' * 400_000 + '"x"]'),
        ("tag_backups", "tags", "[]"),
        ("tag_backups", "tags", '{"mood": "calm"}'),
        ("tag_backups", "tags", "NaN"),
        ("counters", "name", "other"),
        ("counters", "value", "many"),
        ("runs", "seconds", "few"),
        ("analyses", "checksum", "text"),
        ("analyses", "track_id", "nobody"),
        ("files", "model_fingerprint", "nobody"),
    ],
)
def test_other_values(folder: Path, table: str, column: str, value: object) -> None:
    changed(
        folder,
        f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})",
        values=(value,),
    )
    refused(folder, "wrong type or size|JSON|moods cannot be columns|how often|are not there|damaged")


def test_texts_that_are_not_utf_8(folder: Path) -> None:
    changed(folder, "UPDATE tracks SET title = CAST(x'ff' AS TEXT)")
    refused(folder, "not UTF-8")


def test_vectors_of_another_length(folder: Path) -> None:
    changed(folder, "DELETE FROM analyses WHERE track_id <> (SELECT min(track_id) FROM analyses)")
    with Library.open(folder) as library:
        track = library.snapshot().table["track_id"][0].as_py()
    short = b"123"
    sum_of_it = checksum(MODEL.fingerprint, track, short, b"12345678", b"12345678")
    changed(
        folder,
        "UPDATE analyses SET embedding = ?, checksum = ?, mood_scores = x'3132333435363738', "
        "probabilities = mood_scores",
        "UPDATE analyses SET embedding = ?, checksum = ?, probabilities = mood_scores",
        values=(short, sum_of_it),
    )
    with Library.open(folder) as library:
        assert library.damaged() == []
        for number in range(3):
            assert library.find_vectors(MODEL.fingerprint, f"audio-{number}") is None
        with pytest.raises(CorruptStoreError, match="wrong length"):
            library.snapshot()


def test_a_journal_that_names_another_file(folder: Path, tmp_path: Path) -> None:
    """SQLite deletes the file that such a journal names."""
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    name = str(victim).encode()
    end = name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + MAGIC
    header = MAGIC + bytes(4) + bytes(4) + bytes.fromhex("00000001000002000000100000")
    (folder / "library.sqlite-journal").write_bytes(header.ljust(512, b"\0") + bytes(4) + end)
    refused(folder, "names another file")
    assert victim.read_text() == "mine"


def test_checks_that_take_too_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_SECONDS", -1.0)
    monkeypatch.setattr(checks, "_BYTES_A_SECOND", 1e12)
    monkeypatch.setattr(checks, "_STEPS", 1)
    with pytest.raises(CorruptStoreError, match="takes too long"):
        Library.open(folder)


def test_a_damaged_schema_that_sqlite_quotes(folder: Path) -> None:
    changed(
        folder,
        "UPDATE sqlite_master SET sql = CAST(x'435245415445205441424c4520c628' AS TEXT) WHERE name = 'runs'",
    )
    refused(folder, "not a moodrec library, or damaged")
