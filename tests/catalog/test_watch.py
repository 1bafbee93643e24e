"""A folder that is followed."""

from __future__ import annotations

import importlib.util
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moodrec.catalog.watch import changes, follow
from moodrec.errors import MissingExtraError, NotFoundError, StoreLockedError
from tests.catalog.corpus import write_song


def turns_while(folder: Path, work: list[object], wanted: int) -> float:
    """Do one piece of work, wait for its turn, do the next; seconds until all turns have come."""
    begun, turns = time.monotonic(), changes([folder], quiet_s=0.3)
    next(turns)  # for what changed before

    def later(piece: object) -> None:
        timer = threading.Timer(0.6, piece)  # type: ignore[arg-type]
        timer.start()

    for piece in work[:wanted]:
        later(piece)
        next(turns)
    return time.monotonic() - begun


def test_new_moved_and_deleted_music_is_noticed(tmp_path: Path) -> None:
    outside = write_song(tmp_path / "outside" / "a.wav", 1)
    album = tmp_path / "outside" / "album"
    write_song(album / "b.wav", 2)
    music = tmp_path / "music"
    music.mkdir()
    work = [
        lambda: shutil.copy(outside, music / "a.wav"),
        lambda: (music / "a.wav").rename(music / "c.wav"),
        lambda: album.rename(music / "album"),
        lambda: (music / "c.wav").unlink(),
    ]
    assert turns_while(music, [*work], len(work)) < 20


def test_what_is_no_music_gives_no_turn(tmp_path: Path) -> None:
    looked = changes([tmp_path], quiet_s=0.2, rescan_s=2.5)
    next(looked)
    begun = time.monotonic()
    threading.Timer(0.5, lambda: (tmp_path / "notes.txt").write_text("x")).start()
    threading.Timer(0.5, lambda: (tmp_path / ".moodrec-0123456789abcdef.flac").write_text("x")).start()
    next(looked)
    assert time.monotonic() - begun > 2.4, "the turn is the one that comes anyway"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        changes([tmp_path / "gone"])


def test_without_the_package_the_pip_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"moodrec\[watch\]"):
        changes([tmp_path])


def test_a_busy_library_is_waited_for() -> None:
    looks: list[int] = []
    busy: list[str] = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) in (1, 2, 4):
            raise StoreLockedError(f"process {len(looks)} is writing")

    def turns() -> Iterator[None]:
        yield from (None, None)

    follow(look, turns(), lambda error: busy.append(str(error)), retry_s=0.01)
    assert len(looks) == 5
    assert busy == ["process 1 is writing", "process 4 is writing"]
