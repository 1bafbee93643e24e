"""Nothing inside a store is written through a link, and nothing that moodrec did not write is emptied."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec import MoodIndex
from moodrec.audio.mood_tags import write_mood_tags
from moodrec.catalog.refresh import refresh_index
from moodrec.errors import AudioError, CorruptStoreError, NotFoundError, UsageError
from moodrec.files.replacing import temporary_beside
from moodrec.library.library import Library
from moodrec.library.place import default_library
from moodrec.lock import WriterLock
from moodrec.named_files import read_secret, real_path
from moodrec.training.recipe import resolve_place
from tests.cli.commands import run
from tests.golden.make_golden import golden
from tests.library.tracks import MODEL

TEXT = "a letter that is nobody's to empty\n"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    (tmp_path / "victim.txt").write_text(TEXT)
    return tmp_path / "victim.txt"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    Library.create(tmp_path / "library").close()
    return tmp_path / "library"


@pytest.fixture
def index() -> MoodIndex:
    vectors = np.eye(8, dtype=np.float32)
    return MoodIndex.build(vectors, pd.DataFrame({"track_id": list("abcdefgh")}), preset="flat")


@pytest.mark.parametrize("kind", ["link", "hard link", "its text"])
def test_a_lock_that_is_something_else_stays_as_it_is(library: Path, victim: Path, kind: str) -> None:
    lock = library / "lock"
    if kind == "its text":
        shutil.copy(victim, lock)
    elif kind == "link":
        lock.symlink_to(victim)
    else:
        lock.hardlink_to(victim)
    refused = pytest.raises(CorruptStoreError, match="is not a lock file of moodrec")
    with Library.open(library) as store, refused, store.writer():
        pass
    assert victim.read_text() == TEXT
    assert lock.read_text() == TEXT


def test_a_lock_that_is_a_loose_link_makes_no_file(library: Path, tmp_path: Path) -> None:
    (library / "lock").symlink_to(tmp_path / "new")
    with pytest.raises(CorruptStoreError, match="lock"):
        WriterLock(library / "lock").acquire()
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_lock_that_is_a_pipe_is_refused_at_once(library: Path) -> None:
    os.mkfifo(library / "lock")
    with pytest.raises(CorruptStoreError, match="lock"):
        WriterLock(library / "lock").acquire()


def test_the_lock_of_a_killed_writer_is_taken(library: Path) -> None:
    (library / "lock").write_text("process 4194304 on another-machine")
    with Library.open(library) as store, store.writer():
        store.register_model(MODEL)


def test_reading_an_old_library_takes_no_lock(tmp_path: Path, victim: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    shutil.copy(golden(1), folder / "library.sqlite")
    (folder / "lock").symlink_to(victim)
    with Library.open(folder) as store:
        assert len(store.frame()) == 3
        with pytest.raises(CorruptStoreError, match="lock"), store.writer():
            pass
    assert victim.read_text() == TEXT
    assert not list(folder.glob("*backup*"))


@pytest.mark.parametrize("kind", ["", "-wal", "-shm", "-journal"])
def test_a_database_and_its_log_are_no_links(library: Path, victim: Path, kind: str) -> None:
    name = f"library.sqlite{kind}"
    (library / name).unlink(missing_ok=True)
    (library / name).symlink_to(victim)
    for open_it in (Library.open, Library.open_or_create, Library.open_or_empty):
        with pytest.raises(CorruptStoreError, match="is a link"):
            open_it(library)
    assert victim.read_text() == TEXT


def test_an_index_inside_a_library_is_no_link(library: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with Library.open(library) as store:
        store.index_path.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        with pytest.raises(CorruptStoreError, match="is a link"):
            refresh_index(store)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_mark_of_a_first_save_makes_no_file_elsewhere(index: MoodIndex, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / ".first-save").symlink_to(tmp_path / "new")
    index.save(tmp_path / "index")
    assert len(MoodIndex.open(tmp_path / "index")) == 8
    assert not (tmp_path / "new").exists()


def test_versions_that_are_links_are_neither_read_nor_removed(index: MoodIndex, tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    index.save(place)
    version = next(place.glob("v0*"))
    version.rename(elsewhere)
    version.symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(CorruptStoreError, match="is a link"):
        MoodIndex.open(place)
    before = sorted(path.name for path in elsewhere.iterdir())
    index.save(place)
    assert sorted(path.name for path in elsewhere.iterdir()) == before
    assert len(MoodIndex.open(place)) == 8


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_an_old_version_whose_manifest_is_a_pipe_does_not_hold_up_a_writer(
    index: MoodIndex, tmp_path: Path
) -> None:
    place = tmp_path / "index"
    index.save(place)
    manifest = next(place.glob("v0*/manifest.json"))
    manifest.unlink()
    os.mkfifo(manifest)
    index.save(place)
    assert len(MoodIndex.open(place)) == 8


def test_a_manifest_that_is_a_link_is_called_one(index: MoodIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    manifest = next((tmp_path / "index").glob("v0*/manifest.json"))
    manifest.rename(tmp_path / "manifest.json")
    manifest.symlink_to(tmp_path / "manifest.json")
    with pytest.raises(CorruptStoreError, match="is a link"):
        MoodIndex.open(tmp_path / "index")


def test_unfinished_versions_that_are_links_are_not_emptied(
    index: MoodIndex, tmp_path: Path, victim: Path
) -> None:
    place = tmp_path / "index"
    index.save(place)
    (place / ".writing-0badcafe").symlink_to(victim.parent, target_is_directory=True)
    (place / "CURRENT").rename(tmp_path / "pointer")
    (place / "CURRENT").symlink_to(tmp_path / "pointer")
    index.save(place)
    assert victim.read_text() == TEXT
    assert not (place / "CURRENT").is_symlink()


def test_the_copy_that_tags_are_written_to_is_no_link(tmp_path: Path, victim: Path) -> None:
    song = tmp_path / "song.flac"
    song.write_bytes(b"no music")
    temporary_beside(song).symlink_to(victim)
    with pytest.raises(AudioError):
        write_mood_tags(song, {"MOOD": ["calm"]})
    assert victim.read_text() == TEXT


def test_a_loop_of_links_and_an_unknown_user_are_names_like_others(
    tmp_path: Path, index: MoodIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.save(tmp_path / "index")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (tmp_path / "loop", tmp_path / "loop" / "below"):
        assert real_path(place).is_absolute()
        told = run("index", "pull", tmp_path / "index", place, code=None)
        assert told.exit_code in (1, 2)
        assert told.stderr.startswith(f"error: {tmp_path / 'loop'}")
    assert resolve_place("~nobody-of-this-name/music", tmp_path).endswith("nobody-of-this-name/music")
    with pytest.raises(UsageError, match="zero character"):
        resolve_place("a\0b", tmp_path)
    monkeypatch.setenv("MOODREC_LIBRARY", "~nobody-of-this-name/library")
    assert default_library() == Path("~nobody-of-this-name/library")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "dangling"])
def test_an_index_is_saved_to_folders_alone(index: MoodIndex, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        targets = {"device": Path("/dev/null"), "loop": place, "dangling": tmp_path / "new"}
        place.symlink_to(targets[kind])
    before = place.lstat()
    with pytest.raises(UsageError, match="is no folder, and an index is one"):
        index.save(place)
    assert (place.lstat().st_ino, place.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert not (tmp_path / "new").exists()


def test_files_of_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(" geheim \n")
    assert read_secret(secret) == "geheim"
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_secret(secret)
    with pytest.raises(UsageError, match="too long"):
        read_secret(Path("/dev/zero") if os.name == "posix" else Path(__file__))
    with pytest.raises(NotFoundError, match="no such file"):
        read_secret(tmp_path / "none")
