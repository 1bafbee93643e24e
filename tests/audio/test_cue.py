"""Sheets as programs and people write them."""

from __future__ import annotations

import errno
import io
import os
import time
from pathlib import Path

import pytest

from moodrec.audio.cue import cue_track, read_cue, section_tags
from moodrec.errors import AudioError
from tests.audio.sounds import tone, write_any
from tests.catalog.corpus import retag

SHEET = """\
REM GENRE "Trip Hop"
REM DATE 1998
PERFORMER "The Band"
TITLE "The Album"
FILE "{file}" WAVE
  TRACK 01 AUDIO
    TITLE "First"
    ISRC GBAYE9800001
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Caf\u00e9"
    PERFORMER "A feat. B"
    INDEX 00 00:01:00
    INDEX 01 00:01:37
  TRACK 03 AUDIO
    TITLE "Last"
    INDEX 01 00:02:00
"""


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return write_any(tmp_path / "album.flac", tone(440.0, 3.0))


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "album.cue") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_titles_and_times(album: Path, encoding: str, end: str) -> None:
    sheet = write(album.parent, SHEET.format(file="album.flac").replace("\n", end), encoding)
    first, second, third = read_cue(sheet)
    assert [track.audio for track in (first, second, third)] == [album] * 3
    assert [track.tags.title for track in (first, second, third)] == ["First", "Caf\u00e9", "Last"]
    assert first.start_s == 0.0
    assert first.length_s == pytest.approx(1 + 37 / 75)
    assert second.start_s == pytest.approx(1 + 37 / 75)
    assert third.length_s is None
    assert (first.tags.artist, second.tags.artist) == ("The Band", "A feat. B")
    assert (first.tags.album, first.tags.album_artist) == ("The Album", "The Band")
    assert (first.tags.year, first.tags.genre, first.tags.isrc) == (1998, ("Trip Hop",), "GBAYE9800001")


@pytest.mark.parametrize(
    "named", ["album.wav", "ALBUM.FLAC", r"C:\Rips\album.wav", "other.wav", "./album.flac", "album.ape"]
)
def test_a_file_that_was_converted_since_is_found(album: Path, named: str) -> None:
    assert {track.audio for track in read_cue(write(album.parent, SHEET.format(file=named)))} == {album}


def test_names_without_quotes_and_commands_in_small_letters(album: Path) -> None:
    text = "file album.flac WAVE\ntrack 1 audio\ntitle One and more\nindex 1 0:0:0\ntrack 2 audio\nindex 1 0:1:0\n"
    tracks = read_cue(write(album.parent, text))
    assert [track.tags.title for track in tracks] == ["One and more", None]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ('"Say ""hello"" twice"', 'Say "hello" twice'),
        (r'"Say \"hello\""', 'Say "hello"'),
        ('"An end is missing', "An end is missing"),
        ("No quotes  at all ", "No quotes at all"),
        ('""', None),
        ("", None),
        ('"\x1b[31mred\x1b[0m\0 \u202edesrever"', "[31mred [0m desrever"),
        (f'"{"x" * 5000}"', "x" * 1000),
    ],
)
def test_titles_in_all_spellings(album: Path, written: str, title: str | None) -> None:
    sheet = write(album.parent, SHEET.format(file="album.flac").replace('"First"', written))
    assert read_cue(sheet)[0].tags.title == title


def test_sides_that_count_from_one_each(tmp_path: Path) -> None:
    sides = []
    for side in "ab":
        write_any(tmp_path / f"{side}.flac", tone(440.0, 2.0))
        text = SHEET.format(file=f"{side}.flac").replace("Last", f"Last of {side}")
        sides.append(text[text.index("FILE") :])
    sheet = write(tmp_path, "".join(sides))
    tracks = read_cue(sheet)
    assert [track.number for track in tracks] == [1, 2, 3, 4, 5, 6]
    assert [track.audio.name for track in tracks] == ["a.flac"] * 3 + ["b.flac"] * 3
    assert [cue_track(sheet, number).tags.title for number in (3, 6)] == ["Last of a", "Last of b"]
    assert all(cue_track(sheet, track.number) == track for track in tracks)


DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TRACK 02", f"TRACK {DIGITS}"),
        ("TRACK 02", "TRACK \u0662"),
        ("00:01:37", f"{DIGITS}:00:00"),
        ("00:01:37", f"00:{DIGITS}:00"),
        ("INDEX 01 00:01:37", f"INDEX {DIGITS} 00:01:37"),
        ("DATE 1998", f"DATE {DIGITS}"),
        ('"album.flac"', '"' + "n" * 300 + '.flac"'),
        ('"album.flac"', '"' + "n/" * 5000 + '.flac"'),
        ('"album.flac"', '"album\0.flac"'),
        ('"album.flac"', '"~nobody/\ud7ff.flac"'),
        ('"album.flac"', '"."'),
        ("TITLE", " " * 200_000 + "TITLE"),
        ("TITLE", "TITLE" + " " * 200_000 + "x"),
        ("  TRACK 03", "  TRACK 03 AUDIO\n" * 40_000 + "  TRACK 03"),
    ],
)
def test_no_sheet_is_more_than_one_clear_error(album: Path, before: str, after: str) -> None:
    sheet = write(album.parent, SHEET.format(file="album.flac").replace(before, after), name="other.cue")
    begun = time.process_time()
    try:
        found = "".join(str(track.audio) for track in read_cue(sheet))
    except AudioError as error:
        found = str(error)
    assert "\n" not in found
    assert time.process_time() - begun < 5.0


class FailingDisk(io.RawIOBase):
    def readinto(self, buffer: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def readable(self) -> bool:
        return True


def test_a_sheet_on_a_disk_that_fails(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = write(album.parent, SHEET.format(file="album.flac"))
    monkeypatch.setattr("moodrec.audio.cue.open_audio_file", lambda path: FailingDisk())
    with pytest.raises(AudioError, match=r"album\.cue: cannot be read"):
        read_cue(sheet)


def test_a_sheet_over_files_that_stand_for_themselves_gives_nothing(tmp_path: Path) -> None:
    lines = []
    for number in (1, 2):
        write_any(tmp_path / f"{number}.flac", tone(440.0, 0.2))
        lines.append(f'FILE "{number}.flac" WAVE\n  TRACK 0{number} AUDIO\n    INDEX 01 00:00:00\n')
    assert read_cue(write(tmp_path, "".join(lines))) == ()


def test_data_tracks_and_impossible_times_are_passed_over(album: Path) -> None:
    text = (
        'FILE "album.flac" BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:01:00\n'
        "TRACK 03 AUDIO\nINDEX 01 00:xx:00\nTRACK 04 AUDIO\nINDEX 01 00:02:00\nTRACK 05 AUDIO\nINDEX 01 00:01:00\n"
    )
    found = [(track.number, track.start_s, track.length_s) for track in read_cue(write(album.parent, text))]
    assert found == [(2, 1.0, 1.0), (5, 1.0, None)]


@pytest.mark.parametrize(
    "content", [b"", b"no sheet", bytes(2 << 20), b"\xff\xfe\x00", b"FILE\nTRACK x\nINDEX 01\n"]
)
def test_what_is_no_sheet_gives_nothing_or_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.cue").write_bytes(content)
    try:
        found: object = read_cue(tmp_path / "x.cue")
    except AudioError as error:
        found = str(error)
    assert found == () or (isinstance(found, str) and "\n" not in found)


def test_audio_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"its audio 'gone\.wav' is not there"):
        read_cue(write(tmp_path, SHEET.format(file="gone.wav")))


def test_a_track_has_the_albums_tags_where_the_sheet_is_silent(album: Path) -> None:
    retag(album, title="The whole", artist="Files", album="Of the file", genre="Dub", date="2001")
    sheet = write(album.parent, SHEET.format(file="album.flac"))
    tags = section_tags(cue_track(sheet, 2))
    assert (tags.title, tags.artist, tags.album, tags.year) == ("Caf\u00e9", "A feat. B", "The Album", 1998)
    assert tags.artists == ("A", "B")
    bare = 'FILE "album.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:01:00\n'
    tags = section_tags(cue_track(write(album.parent, bare), 2))
    assert (tags.title, tags.artist, tags.album, tags.genre) == (None, "Files", "Of the file", ("Dub",))
    with pytest.raises(AudioError, match="no track 9"):
        cue_track(sheet, 9)
