"""A player's songs are our tracks by path, then by recording, then by names and duration; nothing is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from moodrec.errors import DataError, NotFoundError
from moodrec.players.matching import match
from moodrec.players.songs import PlayerSong, read_songs

RECORDING = "189002e7-3285-4e2e-92a3-7f6c30d407a2"
TABLE = pa.table(
    {
        "track_id": ["a", "b", "c", "d", "e", "f", "f2"],
        "path": [
            "/home/me/Music/Air/Moon Safari/01.flac",
            "/home/me/Music/Björk/Homogenic/01.flac",
            "/home/me/Music/Air/Talkie Walkie/01.flac",
            "/home/me/Music/x/y.mp3",
            "/home/me/Music/live/z.mp3",
            "/home/me/Music/one/twice.mp3",
            "/home/me/Music/two/twice.mp3",
        ],
        "title": ["La Femme d'Argent", "Hunter", "Venus", "Angel", "Angel", "Twice", "Twice"],
        "artist": ["Air", "Björk", "Air", "Massive Attack", "Massive Attack", "Nina", "Nina"],
        "duration": pa.array([420.0, 250.0, 240.0, 380.0, 410.0, 100.0, 100.0], pa.float32()),
        "musicbrainz_recording_id": [None, RECORDING.upper(), None, None, None, None, None],
        "duplicate_of": [None, None, None, None, None, None, "f"],
    }
)


def matched(prefixes: dict[str, str] | None = None, **song: object) -> str | None:
    found = match([PlayerSong("p1", **song)], TABLE, prefixes)  # type: ignore[arg-type]
    return found.tracks.get("p1")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me/Music/Air/Moon Safari/01.flac", "a"),
        ("Air/Moon Safari/01.flac", "a"),
        ("Moon Safari/01.flac", "a"),
        ("/music/Air/Talkie Walkie/01.flac", "c"),
        ("Bjo\u0308rk/Homogenic/01.flac", "b"),  # decomposed, as macOS writes it
        ("Air\\Moon Safari\\01.flac", "a"),
        ("01.flac", None),  # three tracks end so
        ("Other/01.flac", None),
        ("y.mp3", "d"),
        ("q/y.mp3", None),
        ("", None),
    ],
)
def test_paths(path: str, expected: str | None) -> None:
    assert matched(path=path) == expected


def test_a_prefix_says_what_the_player_calls_our_folders() -> None:
    prefixes = {"/data": "/home/me/Music", "/data/live": "/home/me/Music/Air/Moon Safari"}
    assert matched(prefixes, path="/data/x/y.mp3") == "d"
    assert matched(prefixes, path="/data/live/01.flac") == "a"
    assert matched({"/da": "/home/me"}, path="/data/q/y.mp3") is None


def test_a_path_of_another_length_is_another_song() -> None:
    assert matched(path="Air/Moon Safari/01.flac", duration=421.0) == "a"
    assert matched(path="Safari/Moon Safari/01.flac", duration=30.0) is None


def test_recordings_and_names() -> None:
    assert matched(recording_id=RECORDING) == "b"
    assert matched(title="venus", artist="AIR") == "c"
    assert matched(title="Angel", artist="Massive Attack") is None  # two of different lengths
    assert matched(title="Angel", artist="Massive Attack", duration=409.0) == "e"
    assert matched(title="Angel", artist="Massive Attack", duration=300.0) is None
    assert matched(title="Twice", artist="Nina", duration=100.0) == "f"  # the other is its copy
    assert matched(title="Angel") is None


ODD = pa.table(
    {
        "track_id": ["s1", "s2", "s3", "u1", "u2", "g", "m", "c1", "c2", "c3", "l1", "l2"],
        "path": ["/m/cue/album.flac"] * 3
        + ["/m/rips/My Tune.mp3", "/m/rips/take 2.wav"]
        + [f"/m/{name}.flac" for name in ("g", "m", "c1", "c2", "c3", "l1", "l2")],
        "title": ["One", "Two", "Three", None, " ", "Song", "Duet", "Hit", "Hit", "Hit", "Both", "Both"],
        "artist": ["B"] * 3 + [None, "B", "A feat. B", "A; B", "A", "A", "A", "A feat. B", "A"],
        "artists": [["B"]] * 3
        + [None, ["B"], ["A", "B"], ["A", "B"], ["A"], ["A"], ["A"], ["A", "B"], ["A"]],
        "album": ["Sheet"] * 3 + [None, None, "G", "M", "Album", "Best of", None, "L", "L"],
        "duration": pa.array(
            [60.0, 60.0, 90.0, 10.0, 20.0, 30.0, 40.0, 50.0, 50.0, 51.0, 70.0, 70.0], pa.float32()
        ),
        "musicbrainz_recording_id": [None] * 7 + [RECORDING, RECORDING, None, None, None],
    }
)


@pytest.mark.parametrize(
    ("song", "expected"),
    [
        # Several tracks of a sheet lie in one file.
        ({"path": "/m/cue/album.flac", "title": "Sheet", "duration": 210.0}, None),
        ({"path": "/m/cue/album.flac", "title": "two", "duration": 61.0}, "s2"),
        ({"path": "/x/cue/album.flac", "title": "Two", "duration": 60.0}, "s2"),
        ({"path": "/m/cue/album.flac", "duration": 90.0}, "s3"),
        ({"path": "/m/cue/album.flac", "title": "?", "duration": 60.0}, None),
        # Players call songs without a title by their files.
        ({"title": "My Tune", "artist": "[Unknown Artist]", "duration": 10.0}, "u1"),
        ({"title": "my tune", "duration": 10.0}, "u1"),
        ({"title": "My Tune", "artist": "[Unknown Artist]", "duration": 90.0}, None),
        ({"title": "My Tune", "artist": "Somebody", "duration": 10.0}, None),
        ({"title": "Take 2", "artist": "B"}, "u2"),
        # Artists are shown in several ways.
        ({"title": "Song", "artist": "A feat. B"}, "g"),
        ({"title": "Song", "artist": "A"}, "g"),
        ({"title": "Song", "artist": "B"}, None),
        ({"title": "Duet", "artist": "A \u2022 B"}, "m"),
        ({"title": "Duet", "artist": "A ft. B"}, "m"),
        ({"title": "Duet", "artist": "A;B"}, "m"),
        ({"title": "Both", "artist": "A feat. B", "album": "L"}, "l1"),
        ({"title": "Both", "artist": "A", "album": "L"}, "l2"),
        # One recording on two albums.
        ({"recording_id": RECORDING, "album": "best of"}, "c2"),
        ({"recording_id": RECORDING}, None),
        ({"title": "Hit", "artist": "A", "album": "Album", "duration": 50.5}, "c1"),
        ({"title": "Hit", "artist": "A", "duration": 50.5}, None),
        ({"title": "Hit", "artist": "A", "album": "Other", "duration": 50.5}, None),
        ({"title": "", "artist": ""}, None),
    ],
)
def test_songs_of_odd_collections(song: dict[str, Any], expected: str | None) -> None:
    assert match([PlayerSong("p", **song)], ODD).tracks.get("p") == expected


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "1e999"])
def test_what_is_no_duration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "songs.csv").write_text(f"id,title,duration\n1,Song,{text}\n")
    with pytest.raises(DataError, match=r":2: duration is '.*'; it must be a number of seconds"):
        list(read_songs(tmp_path / "songs.csv"))


def test_the_report_counts_ways_and_names_what_is_left() -> None:
    songs = [
        PlayerSong("1", path="x/y.mp3", artist="Massive Attack", artist_id="ar1"),
        PlayerSong("2", title="Venus", artist="Air"),
        PlayerSong("3", title="Unknown", artist="Nobody"),
    ]
    found = match(songs, TABLE)
    assert (found.songs, dict(found.by)) == (3, {"path": 1, "names": 1})
    assert found.artists == {"ar1": "Massive Attack"}
    assert [song.description for song in found.unmatched] == ["Nobody - Unknown"]


def test_songs_from_a_table(tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text("\ufeffID,Path,Title,duration\n7,x/y.mp3,Angel,380.2\n,,,\n8,,Venus,\n", encoding="utf-8")
    songs = list(read_songs(file))
    assert [(song.id, song.path, song.duration) for song in songs] == [
        ("7", "x/y.mp3", 380.2),
        ("8", "", None),
    ]
    file.write_text("name\nx\n")
    with pytest.raises(DataError, match="no column 'id'"):
        list(read_songs(file))
    file.write_text("id,duration\n1,long\n")
    with pytest.raises(DataError, match=r":2: duration is 'long'"):
        list(read_songs(file))
    with pytest.raises(NotFoundError):
        list(read_songs(tmp_path / "none.csv"))
