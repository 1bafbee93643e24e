"""Mood tags in every container: written, read back, taken back, and nothing else touched."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.id3 import ID3, TIT2, TXXX, TYER

from moodrec.audio import mood_tags
from moodrec.audio.decode import decode
from moodrec.audio.mood_tags import read_mood_tags, write_mood_tags
from moodrec.audio.probe import read_tags
from moodrec.errors import AudioError
from moodrec.files.replacing import temporary_beside
from tests.audio.sounds import tone, write_any
from tests.catalog.corpus import retag

WANTED = {"MOOD": ["calm", "dreamy"], "MOODREC_CALM": ["0.93"], "MOODREC_MODEL": ["4e2459dd"]}
TAGGABLE = [".flac", ".mp3", ".ogg", ".opus", ".m4a", ".wma", ".wav", ".aiff"]
# How each container is to call MOOD: the column "Mood" of Picard's table of tag names.
PICARDS_NAME = {
    ".flac": "MOOD",
    ".mp3": "TMOO",
    ".ogg": "MOOD",
    ".opus": "MOOD",
    ".m4a": "----:com.apple.iTunes:MOOD",
    ".wma": "WM/Mood",
    ".wav": "TMOO",
    ".aiff": "TMOO",
}


@pytest.fixture(params=TAGGABLE)
def song(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A second of sound with a title, where the test tools can write one."""
    path = write_any(tmp_path / f"song{request.param}", tone(330.0, 1.0))
    if request.param not in (".wma", ".wav", ".aiff"):
        retag(path, title="Teardrop", artist="Us")
    return path


def test_what_is_written_is_read_back_and_the_sound_stays(song: Path) -> None:
    sound, tags = decode(song).samples, read_tags(song)
    assert read_mood_tags(song) == {}
    write_mood_tags(song, WANTED)
    assert read_mood_tags(song) == WANTED
    assert PICARDS_NAME[song.suffix] in mutagen.File(song)
    np.testing.assert_array_equal(decode(song).samples, sound)
    assert read_tags(song) == tags


def test_fields_are_replaced_deleted_and_left_alone(song: Path) -> None:
    write_mood_tags(song, WANTED)
    write_mood_tags(song, {"MOODREC_CALM": ["0.10"], "MOODREC_MODEL": [], "MOODREC_SAD": []})
    assert read_mood_tags(song) == {"MOOD": ["calm", "dreamy"], "MOODREC_CALM": ["0.10"]}
    write_mood_tags(song, {"MOOD": [], "MOODREC_CALM": []})
    assert read_mood_tags(song) == {}


def test_permissions_stay_and_no_copy_is_left(song: Path) -> None:
    song.chmod(0o640)
    before = song.stat()
    os.utime(song, (1, 1))
    write_mood_tags(song, WANTED)
    assert song.stat().st_mode == before.st_mode
    assert song.stat().st_mtime > 1, "backups and music servers look at the time"
    assert list(song.parent.iterdir()) == [song]


@pytest.mark.parametrize("step", ["_write", "_check", "_sync"])
def test_a_full_disk_leaves_the_file_as_it_was(
    song: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = song.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mood_tags, step, full)
    with pytest.raises(AudioError, match="the disk is full") as caught:
        write_mood_tags(song, WANTED)
    assert caught.value.reason == "not_writable"
    assert song.read_bytes() == before
    assert list(song.parent.iterdir()) == [song]


def test_tags_of_id3_version_2_3_stay_in_it(tmp_path: Path) -> None:
    path = write_any(tmp_path / "old.mp3", tone(330.0, 1.0))
    tags = ID3()
    tags.add(TIT2(encoding=1, text=["Old"]))
    tags.add(TYER(encoding=0, text=["1997"]))
    tags.add(TXXX(encoding=1, desc="Mine", text=["a", "b"]))
    tags.save(path, v2_version=3, v23_sep=None)
    write_mood_tags(path, WANTED)
    assert path.read_bytes()[3] == 3
    found = ID3(path, translate=False)
    assert found.version == (2, 3, 0)
    assert str(found["TYER"]) == "1997"
    assert found["TXXX:Mine"].text == ["a", "b"]
    assert read_mood_tags(path) == WANTED
    assert read_tags(path).year == 1997


@pytest.mark.parametrize("suffix", [".mka", ".au", ".aac"])
def test_formats_without_tags_say_so(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"song{suffix}", tone(330.0, 1.0))
    before = path.read_bytes()
    for attempt in (lambda: read_mood_tags(path), lambda: write_mood_tags(path, WANTED)):
        with pytest.raises(AudioError) as caught:
            attempt()
        assert caught.value.reason == "no_tags"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"just some text\n" * 100])
def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioError):
        write_mood_tags(path, WANTED)
    assert path.read_bytes() == content


@pytest.mark.parametrize("length", [245, 250, 255])
@pytest.mark.parametrize("letter", ["x", "\u00f6"])
def test_a_name_as_long_as_names_can_be(tmp_path: Path, length: int, letter: str) -> None:
    room = (length - len(".flac")) // len(letter.encode())
    path = write_any(tmp_path / "x.flac", tone(330.0, 0.1)).rename(tmp_path / f"{letter * room}.flac")
    write_mood_tags(path, WANTED)
    assert read_mood_tags(path) == WANTED
    assert list(tmp_path.iterdir()) == [path]


def test_cleaning_up_raises_nothing_over_the_first_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_any(tmp_path / "x.flac", tone(330.0, 0.1))

    def full(*_: object) -> None:
        # The copy's place is a folder by now, so that removing it fails too.
        copy = temporary_beside(path)
        copy.unlink()
        copy.mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mood_tags, "_write", full)
    with pytest.raises(AudioError, match="the disk is full"):
        write_mood_tags(path, WANTED)
