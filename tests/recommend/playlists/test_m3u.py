"""Playlists as players read them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from moodrec.errors import UsageError
from moodrec.recommend.playlists.m3u import write_m3u

TRACKS = pd.DataFrame(
    {
        "path": ["/music/a b.flac", None, "/music/ü.mp3", "/lists/#1.ogg"],
        "artist": ["Moby", "x", None, None],
        "title": ["Porce\nlain", "x", "Über", None],
        "duration": [240.6, 1.0, float("inf"), 3.2],
    }
)


def test_a_playlist(tmp_path: Path) -> None:
    out = tmp_path / "out.m3u8"
    out.write_text("old")
    assert write_m3u(TRACKS, out, relative=False) == 3
    assert out.read_text("utf-8").splitlines() == [
        "#EXTM3U",
        "#EXTINF:241,Moby - Porce lain",
        "/music/a b.flac",
        "#EXTINF:-1,Über",
        "/music/ü.mp3",
        "#EXTINF:3,#1",
        "/lists/#1.ogg",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["out.m3u8"]


def test_relative_paths(tmp_path: Path) -> None:
    tracks = pd.DataFrame({"path": [str(tmp_path / "music" / "a.flac"), str(tmp_path / "lists" / "#1.ogg")]})
    out = tmp_path / "lists" / "out.m3u8"
    write_m3u(tracks, out, relative=True)
    assert out.read_text("utf-8").splitlines()[2::2] == ["../music/a.flac", "./#1.ogg"]


def test_tracks_without_paths(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="paths"):
        write_m3u(TRACKS[1:2], tmp_path / "out.m3u8")
    with pytest.raises(UsageError, match="paths"):
        write_m3u(TRACKS[["title"]], tmp_path / "out.m3u8")
    assert write_m3u(TRACKS[:0], tmp_path / "empty.m3u8") == 0
    assert (tmp_path / "empty.m3u8").read_text() == "#EXTM3U\n"


def test_names_with_line_breaks_make_no_entries(tmp_path: Path) -> None:
    path = "/music/a\n/etc/passwd\r#EXTINF:1,x"
    tracks = pd.DataFrame({"path": [path], "title": ["\x1b[2J\x9b31m\rhello"], "artist": [None]})
    for relative in (False, True):
        assert write_m3u(tracks, tmp_path / "list.m3u8", relative) == 1
        text = (tmp_path / "list.m3u8").read_bytes().decode()
        lines = text.split("\n")
        assert len(lines) == 4
        assert lines[2] == "file:///music/a%0A/etc/passwd%0D%23EXTINF%3A1%2Cx"
        assert not {"\x1b", "\r", "\x9b"} & set(text)


@pytest.mark.parametrize(
    "duration", [float("inf"), -float("inf"), float("nan"), None, pd.NA, "4:00", -1.0, True]
)
def test_what_is_no_duration_is_unknown(tmp_path: Path, duration: object) -> None:
    tracks = pd.DataFrame({"path": ["/a.flac"], "duration": pd.Series([duration], dtype=object)})
    write_m3u(tracks, tmp_path / "x.m3u8")
    assert "#EXTINF:-1,a" in (tmp_path / "x.m3u8").read_text()


def test_spaces_at_the_ends_of_a_name_survive(tmp_path: Path) -> None:
    for name in (" a.flac", "a.flac "):
        tracks = pd.DataFrame({"path": [str(tmp_path / name)]})
        write_m3u(tracks, tmp_path / "x.m3u8")
        line = (tmp_path / "x.m3u8").read_text().splitlines()[-1]
        assert unquote(line) == f"file://{tmp_path / name}"


def test_tracks_of_a_sheet_say_where_they_lie_in_their_file(tmp_path: Path) -> None:
    tracks = pd.DataFrame(
        {
            "path": ["/album.flac", "/album.flac", "/song.flac"],
            "title": ["One", "\u0645\u06cc\u200c\u062e", "Song"],
            "duration": np.array([60.0, np.nan, 10.0], np.float32),
            "start": np.array([0.0, 60.5, np.nan], np.float32),
        }
    )
    write_m3u(tracks, tmp_path / "x.m3u8", relative=False)
    assert (tmp_path / "x.m3u8").read_text().splitlines() == [
        "#EXTM3U",
        "#EXTINF:60,One",
        "#EXTVLCOPT:start-time=0.00",
        "#EXTVLCOPT:stop-time=60.00",
        "/album.flac",
        "#EXTINF:-1,\u0645\u06cc\u200c\u062e",
        "#EXTVLCOPT:start-time=60.50",
        "/album.flac",
        "#EXTINF:10,Song",
        "/song.flac",
    ]
