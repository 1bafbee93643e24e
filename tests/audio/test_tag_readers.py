"""Tags where other programs put them: other chunks, other sets, behind junk, in other encodings."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3, TDRC, TIT2, TPE1
from mutagen.mp4 import MP4, AtomDataType, MP4FreeForm
from mutagen.wave import WAVE

from moodrec.audio.mood_tags import write_mood_tags
from moodrec.audio.probe import Tags, read_tags
from tests.audio.sounds import tone, write_any

SOUND = tone(440.0, 0.2)
SONG = ("Song", "Band", 1994)


def short(tags: Tags) -> tuple[str | None, str | None, int | None]:
    return tags.title, tags.artist, tags.year


def chunk(name: bytes, content: bytes, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}I", len(content)) + content + b"\0" * (len(content) % 2)


def with_chunk(path: Path, added: bytes, order: str = "<", in_front: bool = False) -> Path:
    """Add a chunk to a RIFF or AIFF file, behind the last one or before the first."""
    content = path.read_bytes()
    body = content[8:12] + added + content[12:] if in_front else content[8:] + added
    path.write_bytes(content[:4] + struct.pack(f"{order}I", len(body)) + body)
    return path


def info(encoding: str = "utf-8", end: bytes = b"\0", **texts: str) -> bytes:
    parts = (chunk(name.encode(), text.encode(encoding) + end) for name, text in texts.items())
    return chunk(b"LIST", b"INFO" + b"".join(parts))


@pytest.mark.parametrize("suffix", [".wav", ".rf64"])
@pytest.mark.parametrize("in_front", [True, False])
@pytest.mark.parametrize("end", [b"\0", b"", b"\0\0junk"])
def test_riff_info(tmp_path: Path, suffix: str, in_front: bool, end: bytes) -> None:
    path = write_any(tmp_path / f"x{suffix}", SOUND)
    if suffix == ".rf64" and in_front:
        in_front = False  # the chunk of lengths comes first
    with_chunk(
        path,
        info(end=end, INAM="Song", IART="Band", ICRD="12/05/1994", IGNR="Rock", IPRD="LP"),
        "<",
        in_front,
    )
    tags = read_tags(path)
    assert short(tags) == SONG
    assert (tags.album, tags.genre) == ("LP", ("Rock",))


@pytest.mark.parametrize(
    ("encoding", "title"), [("utf-8", "Caf\u00e9 \u6708"), ("cp1252", "Caf\u00e9 \u2013 Se\u00f1or")]
)
def test_riff_info_in_other_encodings(tmp_path: Path, encoding: str, title: str) -> None:
    path = with_chunk(write_any(tmp_path / "x.wav", SOUND), info(encoding, INAM=title))
    assert read_tags(path).title == title


def test_moods_that_are_written_do_not_hide_an_info_chunk(tmp_path: Path) -> None:
    path = with_chunk(write_any(tmp_path / "x.wav", SOUND), info(INAM="Song", IART="Band", ICRD="1994"))
    write_mood_tags(path, {"MOOD": ["calm"]})
    assert short(read_tags(path)) == SONG


def test_id3_in_a_wav_comes_before_its_info_chunk(tmp_path: Path) -> None:
    path = with_chunk(write_any(tmp_path / "x.wav", SOUND), info(INAM="Cut", IART="Band", ICRD="1994"))
    file = WAVE(path)
    file.add_tags()
    id3: Any = file.tags
    id3.add(TIT2(encoding=3, text=["Song"]))
    file.save()
    assert short(read_tags(path)) == SONG


@pytest.mark.parametrize("title", ["Song", "\u00dcber Gr\u00fc\u00dfe"])
@pytest.mark.parametrize("encoding", ["utf-8", "mac-roman"])
def test_aiff_name_and_author(tmp_path: Path, title: str, encoding: str) -> None:
    path = write_any(tmp_path / "x.aiff", SOUND)
    with_chunk(path, chunk(b"NAME", title.encode(encoding), ">"), ">")
    with_chunk(path, chunk(b"AUTH", b"Band", ">"), ">")
    assert short(read_tags(path)) == (title, "Band", None)
    file = AIFF(path)
    file.add_tags()
    id3: Any = file.tags
    id3.add(TDRC(encoding=3, text=["1994"]))
    file.save()
    assert short(read_tags(path)) == (title, "Band", 1994)


def write_ape(path: Path) -> None:
    tags = APEv2()
    tags.update({"Title": "Song", "Artist": ["Band", "Other"], "Year": "1994", "Original Year": "1973"})
    tags.save(path)


@pytest.mark.parametrize("suffix", [".mp3", ".aac", ".flac"])
def test_apev2_behind_the_sound(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", SOUND)
    write_ape(path)
    tags = read_tags(path)
    assert short(tags) == ("Song", "Band; Other", 1994)
    assert tags.original_year == 1973


def id3v1(title: bytes = b"A title that is cut after thir", year: bytes = b"1990") -> bytes:
    return b"TAG" + title.ljust(30, b"\0") + b"Cut".ljust(30, b"\0") + bytes(30) + year + bytes(30) + b"\0"


def test_apev2_comes_before_id3v1_and_id3v2_before_both(tmp_path: Path) -> None:
    path = write_any(tmp_path / "x.mp3", SOUND)
    path.write_bytes(path.read_bytes() + id3v1())
    assert short(read_tags(path)) == ("A title that is cut after thir", "Cut", 1990)
    write_ape(path)
    assert read_tags(path).title == "Song"
    assert read_tags(path).genre == (), "the genre Blues is that of unfilled ID3v1 tags"
    ID3().save(path, v1=0)
    tags = ID3()
    tags.add(TPE1(encoding=3, text=["The band"]))
    tags.save(path, v1=1)
    assert short(read_tags(path)) == ("Song", "The band", 1994)


@pytest.mark.parametrize("suffix", [".aac", ".tta"])
def test_id3_in_front_of_other_formats(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", SOUND)
    tags = ID3()
    tags.add(TIT2(encoding=1, text=["Song"]))
    tags.add(TPE1(encoding=0, text=["Band"]))
    tags.add(TDRC(encoding=3, text=["1994"]))
    tags.save(path)
    assert short(read_tags(path)) == SONG


@pytest.mark.parametrize("suffix", [".mka", ".webm"])
@pytest.mark.parametrize("date", ["date", "DATE_RELEASED", "date_recorded", "YEAR"])
def test_matroska(tmp_path: Path, suffix: str, date: str) -> None:
    tags = {"title": "Song", "artist": "Band", "album": "LP", "genre": "Rock", date: "1994-05-12"}
    path = write_any(tmp_path / f"x{suffix}", SOUND, tags=tags)
    found = read_tags(path)
    assert short(found) == SONG
    assert (found.album, found.genre) == ("LP", ("Rock",))


@pytest.mark.parametrize("key", ["WM/Year", "date", "Date", "DATE", "Year", "WM/OriginalReleaseYear"])
def test_dates_of_wma(tmp_path: Path, key: str) -> None:
    path = write_any(tmp_path / "x.wma", SOUND)
    file = ASF(path)
    file["title"], file["Author"], file[key] = "Song", "Band", "12.05.1994"
    file.save()
    assert short(read_tags(path)) == SONG
    assert read_tags(path).original_year == (1994 if "Original" in key else None)


def frame(name: bytes, content: bytes, version: int = 3, size: int | None = None) -> bytes:
    if version == 2:
        return name + len(content).to_bytes(3) + content
    length = len(content) if size is None else size
    return name + (sync_safe(length) if version == 4 else length.to_bytes(4)) + b"\0\0" + content


def sync_safe(n: int) -> bytes:
    return bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127])


def tag(version: int, *frames: bytes, plain: bool = False) -> bytes:
    body = b"".join(frames)
    length = len(body).to_bytes(4) if plain else sync_safe(len(body))
    return b"ID3" + bytes([version, 0, 0]) + length + body


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_any(tmp_path_factory.mktemp("mp3") / "x.mp3", SOUND).read_bytes()


ReadMp3 = Callable[[bytes], Tags]


@pytest.fixture
def read(tmp_path: Path, mp3: bytes) -> ReadMp3:
    """Read the tags of an MP3 behind some bytes."""

    def read_behind(front: bytes) -> Tags:
        (tmp_path / "x.mp3").write_bytes(front + mp3)
        return read_tags(tmp_path / "x.mp3")

    return read_behind


NAMES = {2: (b"TT2", b"TP1", b"TYE"), 3: (b"TIT2", b"TPE1", b"TYER"), 4: (b"TIT2", b"TPE1", b"TDRC")}


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize(
    "title",
    [
        b"\0Song\0junk",
        b"\0Song\0\0\0\x01\x02junk",
        b"\3Song\0junk",
        b"\1" + "Song\0junk".encode("utf-16"),
        b"\1" + "Song".encode("utf-16") + b"\0\0odd",
        b"\1" + "Song\0".encode("utf-16") + "\0junk".encode("utf-16"),
        b"\2" + "Song\0junk".encode("utf-16-be"),
        b"\0Song\0",
        b"\0Song",
        b"\3\0Song",
    ],
)
def test_junk_behind_a_terminator_is_no_title(read: ReadMp3, version: int, title: bytes) -> None:
    name, artist, year = NAMES[version]
    frames = (
        frame(name, title, version),
        frame(artist, b"\0Band", version),
        frame(year, b"\x001994", version),
    )
    assert short(read(tag(version, *frames))) == SONG


@pytest.mark.parametrize("suffix", [".m4a", ".flac", ".ogg", ".wma"])
def test_junk_behind_a_terminator_in_other_containers(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", SOUND)
    file = mutagen.File(path)
    title, artist = {".m4a": ("\xa9nam", "\xa9ART"), ".wma": ("Title", "Author")}.get(
        suffix, ("title", "artist")
    )
    file[title], file[artist] = "Song\0junk", "Band\0Guest"
    file.save()
    assert short(read_tags(path)) == (
        "Song",
        "Band; Guest" if suffix != ".wma" else read_tags(path).artist,
        None,
    )


DATES: dict[str, int | None] = {
    "19/05/1994": 1994,
    "01051994": 1994,
    "21031994": 1994,
    "c. 1994": 1994,
    "1994?": 1994,
}
DATES |= {"May 1994": 1994, "94-05-01": 1994, "0000": None, "": None, "12": None}


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("date", DATES)
def test_dates_of_id3_as_they_are_written(read: ReadMp3, version: int, date: str) -> None:
    found = read(tag(version, frame(NAMES[version][2], b"\0" + date.encode(), version)))
    assert found.year == DATES[date]


@pytest.mark.parametrize(
    ("version", "name", "content"),
    [
        (2, b"TOR", b"\x001973"),
        (3, b"TORY", b"\x001973"),
        (4, b"TDOR", b"\x031973-03-01"),
        (3, b"TXXX", b"\0ORIGINALYEAR\x001973"),
        (4, b"TXXX", b"\3originaldate\x0001/03/1973"),
    ],
)
def test_the_year_of_the_first_release_has_a_field_of_its_own(
    read: ReadMp3, version: int, name: bytes, content: bytes
) -> None:
    first, date = frame(name, content, version), frame(NAMES[version][2], b"\x002011", version)
    for frames in ((first, date), (date, first)):
        found = read(tag(version, *frames))
        assert (found.year, found.date, found.original_year) == (2011, "2011", 1973)
    found = read(tag(version, first, frame(NAMES[version][2], b"\x000000", version)))
    assert (found.year, found.original_year) == (1973, 1973)


@pytest.mark.parametrize("key", ["originaldate", "ORIGINALYEAR", "OriginalReleaseDate"])
def test_the_year_of_the_first_release_in_other_containers(tmp_path: Path, key: str) -> None:
    flac, m4a = (write_any(tmp_path / f"x{suffix}", SOUND) for suffix in (".flac", ".m4a"))
    file = FLAC(flac)
    file[key], file["date"] = "1973-03-01", "2011"
    file.save()
    movie = MP4(m4a)
    movie[f"----:com.apple.iTunes:{key}"], movie["\xa9day"] = b"1973", "2011-01-01T08:00:00Z"
    movie.save()
    for path in (flac, m4a):
        assert (read_tags(path).year, read_tags(path).original_year) == (2011, 1973)


SONG_FRAMES = tuple(
    frame(name, b"\0" + text) for name, text in zip(NAMES[3], (b"Song", b"Band", b"1994"), strict=True)
)
PICTURE = b"\0image/jpeg\0\3\0" + bytes(range(1, 255)) * 1_200


@pytest.mark.parametrize("junk", [bytes(70_000), b"\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"ID3 is no tag" * 900])
def test_tags_behind_junk(read: ReadMp3, junk: bytes) -> None:
    assert short(read(junk + tag(3, *SONG_FRAMES))) == SONG


@pytest.mark.parametrize("size", [None, 7, len(PICTURE) + 5_000, 1 << 27])
@pytest.mark.parametrize("plain", [True, False])
def test_tags_around_a_picture_with_a_wrong_size(read: ReadMp3, size: int | None, plain: bool) -> None:
    title, *others = SONG_FRAMES
    front = tag(3, title, frame(b"APIC", PICTURE, size=size), *others, plain=plain)
    assert short(read(front)) == SONG


def test_frames_of_itunes_with_plain_lengths(read: ReadMp3) -> None:
    long = b"\0" + b"x" * 200
    front = tag(
        4,
        frame(b"TIT2", b"\0Song"),
        frame(b"TALB", long, 3),
        frame(b"TPE1", b"\0Band"),
        frame(b"TDRC", b"\x001994"),
    )
    assert short(read(front)) == SONG


@pytest.mark.parametrize(
    "title",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with ZWNJ
        "\u0915\u094d\u200d\u0937",  # Devanagari, with ZWJ
        "e\u0301te\u0301",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "Z\u0361a\u0334lgo",
        "\ue000",
    ],
)
def test_joiners_and_marks_survive(tmp_path: Path, title: str) -> None:
    path = write_any(tmp_path / "x.flac", SOUND)
    file = FLAC(path)
    file["title"] = title
    file.save()
    assert read_tags(path).title == title


def test_what_steers_a_terminal_or_turns_text_around_does_not(tmp_path: Path) -> None:
    path = write_any(tmp_path / "x.flac", SOUND)
    file = FLAC(path)
    file["title"] = "\u202eab\u200fc\ufeff\u2028d\x1b[31me\u00a0f"
    file.save()
    assert read_tags(path).title == "abc d [31me f"


@pytest.mark.parametrize("called", ["x.m4a", "x.flac", "x.ogg", "x"])
def test_tags_are_found_whatever_a_file_is_called(tmp_path: Path, mp3: bytes, called: str) -> None:
    (tmp_path / called).write_bytes(tag(3, *SONG_FRAMES) + mp3)
    assert short(read_tags(tmp_path / called)) == SONG


@pytest.mark.parametrize("length", [0, 10, 500_000, 0xFFFFFFFF])
def test_a_picture_of_a_wrong_length_hides_no_comments_of_flac(tmp_path: Path, length: int) -> None:
    path = write_any(tmp_path / "x.flac", SOUND)
    file, picture = FLAC(path), Picture()
    picture.data = b"\xff\xd8" + bytes(5_000)
    file.add_picture(picture)
    file["title"], file["artist"], file["date"] = "Song", ["Band", "Guest"], "1994"
    file.save()
    content = path.read_bytes()
    at = content.index(b"\xff\xd8") - 4
    path.write_bytes(content[:at] + struct.pack(">I", length) + content[at + 4 :])
    assert short(read_tags(path)) == ("Song", "Band; Guest", 1994)


MISREAD = [
    "Caf\u00e9 \u2019n\u2019 B\u00e9b\u00e9",
    "\U0001f3b5 N\u00ba 1",
    "\u3055\u304f\u3089",
    "\u041f\u0440\u0438\u0432\u0435\u0442",
]
# Their bytes hold those that Windows-1252 leaves undefined: 81, 8D, 8F, 90 and 9D.
OF_UNDEFINED_BYTES = [
    "\u201cHeroes\u201d",
    "\u00cdsland \u2013 \u00c1",
    "\u3042 \u00cf \u00d0 \u010d",
]


def misread_by_windows(text: str) -> str:
    """What a program of Windows shows of UTF-8."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize(
    ("text", "misread"),
    [*((text, "latin-1") for text in MISREAD), *((text, "cp1252") for text in MISREAD[:2])],
)
def test_utf8_that_was_taken_for_another_encoding_is_read(tmp_path: Path, text: str, misread: str) -> None:
    shown = text.encode().decode(misread)
    mp3 = write_any(tmp_path / "x.mp3", SOUND)
    tags = ID3()
    if misread == "latin-1":  # as ID3 has it that says Latin-1 and holds UTF-8
        tags.add(TIT2(encoding=0, text=[shown]))
        tags.add(TPE1(encoding=0, text=["Bj\u00f6rk"]))
    else:  # as a program wrote it that read such a tag
        tags.add(TIT2(encoding=3, text=[shown]))
        tags.add(TPE1(encoding=3, text=["Bj\u00f6rk".encode().decode(misread)]))
    tags.save(mp3)
    assert short(read_tags(mp3))[:2] == (text, "Bj\u00f6rk")
    flac = write_any(tmp_path / "x.flac", SOUND)
    comments = FLAC(flac)
    comments["title"] = shown
    comments.save()
    assert read_tags(flac).title == text


@pytest.mark.parametrize("text", [*MISREAD, *OF_UNDEFINED_BYTES])
def test_utf8_that_windows_misread_is_read(tmp_path: Path, text: str) -> None:
    flac = write_any(tmp_path / "x.flac", SOUND)
    comments = FLAC(flac)
    comments["title"] = misread_by_windows(text)
    comments.save()
    assert read_tags(flac).title == text


def test_utf8_in_a_tag_that_names_no_encoding(tmp_path: Path) -> None:
    path = write_any(tmp_path / "x.mp3", SOUND)
    content = path.read_bytes()
    for title in ("Caf\u00e9 M\u00fcller", "\u041f\u0440\u0438\u0432\u0435\u0442"):
        path.write_bytes(content + b"TAG" + title.encode().ljust(30, b"\0") + bytes(94) + b"\xff")
        assert read_tags(path).title == title
        path.write_bytes(content)
    path.write_bytes(
        content + b"TAG" + "Caf\u00e9 M\u00fcller".encode("latin-1").ljust(30, b"\0") + bytes(94) + b"\xff"
    )
    assert read_tags(path).title == "Caf\u00e9 M\u00fcller"


RIGHT = """
\u00c3|\u00bb\u00d6\u00ab|S\u00c3O PAULO|\u00c2 vous|\u00c0 bient\u00f4t
|N\u00ba 5|\u00bfQu\u00e9?|\u00dcber \u00a7 5|\u00d1 \u00ab|Stra\u00dfe\u2122
|MOT\u00d6RHEAD|\u00c9\u00e9|\u0415\u0301
"""


@pytest.mark.parametrize("text", RIGHT.replace("\n", "").split("|"))
def test_texts_that_are_right_stay(tmp_path: Path, text: str) -> None:
    path = write_any(tmp_path / "x.flac", SOUND)
    comments = FLAC(path)
    comments["title"] = text
    comments.save()
    assert read_tags(path).title == text


@pytest.mark.parametrize("front", [b"", bytes(500)])
@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("(17)", ("Rock",)),
        ("17", ("Rock",)),
        ("(17)(9)", ("Rock", "Metal")),
        ("(4)Eurodisco", ("Disco", "Eurodisco")),
        ("(255)", ()),
        ("80s", ("80s",)),
    ],
)
def test_numbers_of_genres_also_where_mutagen_reads_no_tag(
    read: ReadMp3, front: bytes, version: int, text: str, genres: tuple[str, ...]
) -> None:
    name = b"TCO" if version == 2 else b"TCON"
    assert read(front + tag(version, frame(name, b"\0" + text.encode(), version))).genre == genres


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".opus", ".m4a"])
def test_numbers_of_genres_in_containers_that_have_names(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", SOUND)
    file = mutagen.File(path)
    file["\xa9gen" if suffix == ".m4a" else "genre"] = ["17; (9)", "(4)Eurodisco", "255", "Unknown", "1977"]
    file.save()
    assert read_tags(path).genre == ("Rock", "Metal", "Disco", "Eurodisco", "1977")


def test_numbers_of_genres_in_an_info_chunk_and_in_front_of_flac(tmp_path: Path) -> None:
    wav = with_chunk(write_any(tmp_path / "x.wav", SOUND), info(IGNR="17"))
    assert read_tags(wav).genre == ("Rock",)
    flac = write_any(tmp_path / "x.flac", SOUND)
    flac.write_bytes(tag(3, frame(b"TCON", b"\0(17)")) + flac.read_bytes())
    assert read_tags(flac).genre == ("Rock",)


@pytest.mark.parametrize("front", [b"", bytes(500)])
@pytest.mark.parametrize("title", ["Don\u2019t \u2013 Caf\u00e9\u2026", "\u201cHi\u201d", "\u20ac"])
def test_windows_quotes_and_dashes_in_frames_that_say_latin_1(
    read: ReadMp3, front: bytes, title: str
) -> None:
    assert read(front + tag(3, frame(b"TIT2", b"\0" + title.encode("cp1252")))).title == title


def test_free_fields_of_mp4_in_utf_16(tmp_path: Path) -> None:
    path = write_any(tmp_path / "x.m4a", SOUND)
    file = MP4(path)
    name = "\u00c4rzte".encode("utf-16-be")
    file["----:com.apple.iTunes:ARTISTS"] = [MP4FreeForm(name, dataformat=AtomDataType.UTF16)]
    file.save()
    assert read_tags(path).artists == ("\u00c4rzte",)
