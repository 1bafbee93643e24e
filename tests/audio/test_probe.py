from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import mutagen
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3, TALB, TCON, TDRC, TIT2, TPE1, TPE2, TSRC, TXXX, UFID

from moodrec.audio.probe import Tags, read_tags
from tests.audio.sounds import tone, write_any
from tests.audio.test_chromaprint import compressed

FRAMES = np.random.default_rng(0).integers(0, 2**32, 60, np.uint32)
SHORT = base64.b64encode(FRAMES.tobytes()).decode()
EXPECTED = Tags(
    title="The title",
    artist="An artist",
    album_artist="Various",
    album="An album",
    date="1998-04-27",
    year=1998,
    genre=("Trip Hop", "Electronic"),
    musicbrainz_recording_id="rec-1",
    musicbrainz_album_id="alb-1",
    musicbrainz_artist_id="art-1",
    artists=("An artist", "A guest"),
    isrc="USRC17607839",
    acoustid_id="aco-1",
    acoustid_fingerprint=SHORT,
)


def tag_id3(path: Path) -> None:
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for frame in (
        TIT2(encoding=3, text=["The title", "junk behind the terminator"]),
        TPE1(encoding=3, text=["An artist"]),
        TPE2(encoding=3, text=["Various"]),
        TALB(encoding=3, text=["An album"]),
        TDRC(encoding=3, text=["1998-04-27"]),
        TCON(encoding=3, text=["Trip Hop", "Electronic"]),
        UFID(owner="http://musicbrainz.org", data=b"rec-1"),
        TXXX(encoding=3, desc="MusicBrainz Album Id", text=["alb-1"]),
        TXXX(encoding=3, desc="MusicBrainz Artist Id", text=["art-1", "art-2"]),
        TXXX(encoding=3, desc="ARTISTS", text=["An artist", "A guest"]),
        TSRC(encoding=3, text=["US-RC1-76-07839"]),
        TXXX(encoding=3, desc="Acoustid Id", text=["aco-1"]),
        TXXX(encoding=3, desc="Acoustid Fingerprint", text=[compressed(FRAMES)]),
    ):
        file.tags.add(frame)
    file.save()


def tag_vorbis(path: Path) -> None:
    file = mutagen.File(path)
    file["title"] = ["Album's title", "The title"]
    file["artist"], file["albumartist"], file["album"] = "An artist", "Various", "An album"
    file["date"], file["genre"] = "1998-04-27", ["Trip Hop", "Electronic"]
    file["musicbrainz_trackid"], file["musicbrainz_albumid"] = "rec-1", "alb-1"
    file["musicbrainz_artistid"] = ["art-1", "art-2"]
    file["artists"], file["isrc"] = ["An artist", "A guest"], "us-rc1-76-07839"
    file["acoustid_id"], file["acoustid_fingerprint"] = "aco-1", compressed(FRAMES)
    file.save()


def tag_mp4(path: Path) -> None:
    file = mutagen.File(path)
    file["\xa9nam"], file["\xa9ART"], file["aART"] = ["Album's title", "The title"], "An artist", "Various"
    file["\xa9alb"], file["\xa9day"], file["\xa9gen"] = "An album", "1998-04-27", ["Trip Hop", "Electronic"]
    for name, value in (("Track", b"rec-1"), ("Album", b"alb-1"), ("Artist", b"art-1/art-2")):
        file[f"----:com.apple.iTunes:MusicBrainz {name} Id"] = value
    file["----:com.apple.iTunes:ARTISTS"] = [b"An artist", b"A guest"]
    for name, text in (("ISRC", "USRC17607839"), ("Acoustid Id", "aco-1")):
        file[f"----:com.apple.iTunes:{name}"] = text.encode()
    file["----:com.apple.iTunes:Acoustid Fingerprint"] = compressed(FRAMES).encode()
    file.save()


def tag_asf(path: Path) -> None:
    file = mutagen.File(path)
    file["Title"], file["Author"], file["WM/AlbumArtist"] = (
        ["Album's title", "The title"],
        "An artist",
        "Various",
    )
    file["WM/AlbumTitle"], file["WM/Year"] = "An album", "1998-04-27"
    file["WM/Genre"] = ["Trip Hop", "Electronic"]
    file["MusicBrainz/Track Id"], file["MusicBrainz/Album Id"] = "rec-1", "alb-1"
    file["MusicBrainz/Artist Id"] = "art-1; art-2"
    file["WM/ARTISTS"], file["WM/ISRC"] = ["An artist", "A guest"], "USRC17607839"
    file["Acoustid/Id"], file["Acoustid/Fingerprint"] = "aco-1", compressed(FRAMES)
    file.save()


TAGGERS: dict[str, Callable[[Path], None]] = {
    ".wav": tag_id3,
    ".aiff": tag_id3,
    ".mp3": tag_id3,
    ".flac": tag_vorbis,
    ".ogg": tag_vorbis,
    ".opus": tag_vorbis,
    ".m4a": tag_mp4,
    ".wma": tag_asf,
}


@pytest.mark.parametrize("suffix", TAGGERS)
def test_every_format_yields_the_same_tags(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", tone(440.0, 0.5))
    TAGGERS[suffix](path)
    assert read_tags(path) == EXPECTED


@pytest.mark.parametrize("suffix", TAGGERS)
def test_a_file_without_tags_has_none(tmp_path: Path, suffix: str) -> None:
    assert read_tags(write_any(tmp_path / f"x{suffix}", tone(440.0, 0.5))) == Tags()


def vorbis(tmp_path: Path, **tags: str | list[str]) -> Tags:
    path = write_any(tmp_path / "x.flac", tone(440.0, 0.1))
    file = mutagen.File(path)
    file.update(tags)
    file.save()
    return read_tags(path)


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1998", 1998),
        ("1998-04", 1998),
        ("27/04/1998", 1998),
        ("98", None),
        ("0000", None),
        ("unknown", None),
    ],
)
def test_the_year_is_that_of_the_date(tmp_path: Path, date: str, year: int | None) -> None:
    assert vorbis(tmp_path, date=date).year == year


def test_several_artists_are_joined_and_repeats_dropped(tmp_path: Path) -> None:
    assert vorbis(tmp_path, artist=["A", "B", "A"]).artist == "A; B"


def test_genres_in_one_text_are_taken_apart(tmp_path: Path) -> None:
    assert vorbis(tmp_path, genre=["Rock; Pop", "Pop"]).genre == ("Rock", "Pop")


def test_blank_tags_are_none_and_line_breaks_are_spaces(tmp_path: Path) -> None:
    tags = vorbis(tmp_path, title="  two\r\nlines\x00 ", artist=" ", album="x" * 5_000)
    assert (tags.title, tags.artist, len(tags.album or "")) == ("two lines", None, 1_000)


def test_numeric_id3_genres_get_their_names(tmp_path: Path) -> None:
    path = write_any(tmp_path / "x.mp3", tone(440.0, 0.1))
    tags = ID3()
    tags.add(TCON(encoding=0, text=["(17)"]))
    tags.save(path)
    assert read_tags(path).genre == ("Rock",)


def test_what_is_no_music_file_has_no_tags(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("text")
    (tmp_path / "empty.flac").touch()
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.ogg")
    for name in ("text.mp3", "empty.flac", "folder.wav", "pipe.ogg", "none.m4a"):
        assert read_tags(tmp_path / name) == Tags()


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("tagged")
    written = {}
    for suffix, tag in TAGGERS.items():
        path = write_any(folder / f"x{suffix}", tone(440.0, 0.2))
        tag(path)
        written[suffix] = path.read_bytes()
    return written


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(sorted(TAGGERS)))
def test_damaged_tags_raise_nothing(
    tmp_path: Path, tagged: dict[str, bytes], data: st.DataObject, suffix: str
) -> None:
    content = bytearray(tagged[suffix])
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, min(len(content) - 1, 3_000)))
        patch = data.draw(st.binary(min_size=1, max_size=16))
        content[start : start + len(patch)] = patch
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert isinstance(read_tags(path), Tags)


@pytest.mark.parametrize(
    ("artist", "title", "names"),
    [
        (["A", "C"], "T", ("A", "C")),
        (["A feat. B"], "T", ("A", "B")),
        (["A; C ft. B"], "T", ("A", "C", "B")),
        (["A\0C"], "T", ("A", "C")),
        (["AC/DC"], "T", ("AC/DC",)),
        (["A"], "T (feat. B)", ("A", "B")),
        (["Various Artists"], "T", ()),
    ],
)
def test_artists_are_a_list(tmp_path: Path, artist: list[str], title: str, names: tuple[str, ...]) -> None:
    path = write_any(tmp_path / "x.flac", tone(440.0, 0.5))
    file = mutagen.File(path)
    file["artist"], file["title"] = artist, title
    file.save()
    assert read_tags(path).artists == names
