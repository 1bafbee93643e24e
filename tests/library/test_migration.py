"""Libraries of older releases, kept in tests/golden: opened, migrated with a backup, or refused.

Tests the inside of moodrec.library.migration on purpose.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moodrec.errors import CorruptStoreError, StoreLockedError
from moodrec.library import migration
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from moodrec.library.tables import SCHEMA_VERSION
from tests.golden.make_golden import golden
from tests.library.tracks import MODEL, OTHER

GIVEN = [
    ("artist", "Ann", "happy", 1.0, "Ann"),
    ("album", "Hours - Ann & Co", "calm", 0.25, "Ann"),
    ("track", "cafe", "happy", 0.0, "Bob"),
]
OLDER = range(1, SCHEMA_VERSION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


def place_golden(folder: Path, version: int) -> Path:
    return Path(shutil.copy(golden(version), folder / "library.sqlite"))


def columns(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every column of every table, with type, default and key."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in tables}


def rows(database: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_library_of_every_format_opens_with_all_that_is_in_it(folder: Path, version: int) -> None:
    place_golden(folder, version)
    with Library.open(folder) as library:
        assert library.outcomes() == {"ok": 3, "partial": 0, "silent": 1, "failed": 1}
        frame = library.frame().set_index("path")
        ids = frame["track_id"].to_dict()
        assert frame.loc["/music/dawn.flac", "title"] == "Dawn"
        assert frame.loc["/music/dawn.flac", "genre"] == ["folk", "drone"]
        assert frame["duplicate_of"].to_dict()["/music/copy.flac"] == ids["/music/dawn.flac"]
        assert "/music/caf\\udce9.wav" in frame.index
        expected = np.random.default_rng(list(b"dawn")).random(len(MODEL.moods), np.float32)
        np.testing.assert_array_equal(frame.loc["/music/dawn.flac", ["calm", "happy"]], expected)
        assert [model.fingerprint for model in library.models()] == [MODEL.fingerprint, OTHER.fingerprint]
        assert library.embeddings(OTHER.fingerprint).shape == (1, 3)
        assert library.files()[Path("/music/gone.ogg")].missing
        assert [record.outcome for record in library.failures()] == [Outcome.FAILED]
        assert library.damaged() == []
        assert library.tag_backups() == {}
        labels = [(one.kind, one.name, one.mood, one.value, one.given_by) for one in library.labels()]
        assert labels == (GIVEN if version >= 3 else [])
        assert len(library.labels(history=True)) == (5 if version >= 3 else 0)
        run = library.last_run(MODEL.fingerprint)
        assert run is not None
        assert run.seconds == 12.5


@pytest.mark.parametrize("version", OLDER)
def test_a_migration_keeps_the_old_database_and_makes_the_tables_of_today(
    folder: Path, tmp_path: Path, version: int
) -> None:
    place_golden(folder, version)
    with Library.open(folder) as library:
        not_yet = library.migration
        with library.writer():
            done = library.migration
            assert len(library.frame()) == 3
    assert not_yet is None
    assert done is not None
    assert (done.from_format, done.to_format) == (version, SCHEMA_VERSION)
    assert done.backup == folder / f"library-format-{version}-backup.sqlite"
    with Library.open(folder) as library, library.writer():
        assert library.label({"calm": 1}, artist="ANN").tracks
    for table in ("tracks", "files", "analyses", "models", "runs"):
        assert rows(done.backup, table) == rows(golden(version), table)
    Library.create(tmp_path / "new").close()
    assert columns(folder / "library.sqlite") == columns(tmp_path / "new" / "library.sqlite")
    with Library.open(folder) as library:
        assert library.migration is None


@pytest.mark.parametrize("version", OLDER)
def test_reading_leaves_an_old_library_as_it_is(folder: Path, version: int) -> None:
    database = place_golden(folder, version)
    before = database.read_bytes()
    for open_it in (Library.open, Library.open_or_empty):
        with open_it(folder) as library:
            assert library.older_format == version
            assert len(library.frame()) == 3
            assert library.damaged() == []
    assert database.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["library.sqlite"]


def test_an_interrupted_migration_changes_nothing_and_is_begun_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = place_golden(folder, 1)

    def die(connection: sqlite3.Connection) -> None:
        migration._from_1(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration, "_STEPS", {1: die})
        with pytest.raises(KeyboardInterrupt):
            Library.open_or_create(folder)
    assert migration.format_of(database) == 1
    assert rows(database, "analyses") == rows(golden(1), "analyses")
    with Library.open_or_create(folder) as library:
        assert library.migration is not None
        assert len(library.frame()) == 3


def test_a_library_that_is_being_written_is_not_migrated(folder: Path, tmp_path: Path) -> None:
    Library.create(folder).close()
    with Library.open(folder) as writer, writer.writer():
        Path(shutil.copy(golden(1), tmp_path / "old")).replace(folder / "library.sqlite")
        with pytest.raises(StoreLockedError, match="is writing"):
            Library.open_or_create(folder)
        with Library.open(folder) as reader:
            assert len(reader.frame()) == 3
            with pytest.raises(StoreLockedError, match="is writing"), reader.writer():
                pass
    assert rows(folder / "library.sqlite", "tracks") == rows(golden(1), "tracks")


@pytest.mark.parametrize(("version", "complaint"), [(99, "upgrade moodrec"), (0, "never was")])
def test_formats_that_are_not_known_are_refused(folder: Path, version: int, complaint: str) -> None:
    Library.create(folder).close()
    with closing(sqlite3.connect(folder / "library.sqlite")) as database:
        database.execute(f"PRAGMA user_version = {version}")
    before = (folder / "library.sqlite").read_bytes()
    for open_it in (Library.open, Library.open_or_create, Library.open_or_empty):
        with pytest.raises(CorruptStoreError, match=complaint):
            open_it(folder)
    assert (folder / "library.sqlite").read_bytes() == before


def test_a_damaged_old_library_is_refused_as_it_is(folder: Path) -> None:
    database = place_golden(folder, 1)
    os.truncate(database, database.stat().st_size // 2)
    with pytest.raises(CorruptStoreError):
        Library.open(folder)
    assert not list(folder.glob("*backup*"))
