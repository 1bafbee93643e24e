"""A library that was closed is read where nothing can be written: on a read-only disk, and on a full one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.catalog.refresh import refresh_index
from moodrec.errors import MoodrecError
from moodrec.library.library import Library
from tests.library.tracks import MODEL, analysed, file_state
from tests.small_disks import fill, make_read_only, mounted


def make_library(folder: Path) -> None:
    with Library.create(folder) as library, library.writer():
        library.register_model(MODEL)
        for name in ("dawn", "noon", "dusk"):
            library.acknowledge(MODEL, analysed(file_state(folder.parent / "music" / f"{name}.flac"), name))
        refresh_index(library)


def moodrec(*args: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", "from moodrec.cli.app import main; main()", *args],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def contents(folder: Path) -> dict[str, int]:
    """Sizes of all files but those of SQLite's log, which it may leave behind on a full disk."""
    found = (path for path in folder.rglob("*") if not path.name.startswith("library.sqlite-"))
    return {str(path): path.stat().st_size for path in found}


def check_reading(folder: Path) -> None:
    before = contents(folder)
    listed = moodrec("list", "--json", "--library", str(folder))
    assert len(json.loads(listed)["tracks"]) == 3
    moodrec("library", "info", "--json", "--library", str(folder))
    moodrec("index", "info", "--json", str(folder / "index"))
    seed = json.loads(listed)["tracks"][0]["track_id"]
    found = json.loads(moodrec("similar", seed, "--json", "--library", str(folder)))
    assert found
    assert contents(folder) == before


def test_a_read_only_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        make_library(disk / "library")
        make_read_only(disk)
        check_reading(disk / "library")
        with (
            Library.open(disk / "library") as library,
            pytest.raises((OSError, MoodrecError)),
            library.writer(),
        ):
            pass


def test_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        make_library(disk / "library")
        fill(disk)
        check_reading(disk / "library")


def test_an_old_library_on_a_read_only_disk(tmp_path: Path) -> None:
    from tests.golden.make_golden import golden

    with mounted(tmp_path / "disk", "size=4m") as disk:
        (disk / "library").mkdir()
        shutil.copy(golden(1), disk / "library" / "library.sqlite")
        make_read_only(disk)
        with Library.open(disk / "library") as library:
            assert len(library.frame()) == 3


def test_a_library_that_was_not_closed_says_so(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        make_library(tmp_path / "library")
        with Library.open(tmp_path / "library") as library, library.writer():
            library.promote(MODEL.fingerprint)
            library.record_run(MODEL, 3, 1.0)
            (disk / "library").mkdir()
            for name in ("library.sqlite", "library.sqlite-wal"):
                shutil.copy(tmp_path / "library" / name, disk / "library" / name)
        make_read_only(disk)
        with pytest.raises(MoodrecError, match="not closed cleanly"):
            Library.open(disk / "library")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    make_library(tmp_path / "library")
    for path in (tmp_path / "library").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "library").chmod(0o555)
    try:
        check_reading(tmp_path / "library")
    finally:
        for path in ((tmp_path / "library"), *(tmp_path / "library").rglob("*")):
            path.chmod(0o755)
