"""Playlist files, read back by other code than wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote
from xml.dom import minidom

import pandas as pd
import pytest

from moodrec.errors import UsageError
from moodrec.recommend.playlists.files import write_playlist

RECORDING = "4f1e7d2c-8c3e-4b1a-9f52-6f6d6d1b7a10"


def tracks(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": [str(folder / "music" / "a: b & <c>.flac"), None, str(folder / "lists" / "1:2.ogg")],
            "title": ["Ticks & <Tocks>", "Über\x07", None],
            "artist": ["Moby", None, None],
            "album": ["Play", None, None],
            "duration": [240.6, float("nan"), 3.0],
            "musicbrainz_recording_id": [RECORDING, None, None],
        }
    )


def test_xspf(tmp_path: Path) -> None:
    out = tmp_path / "lists" / "out.xspf"
    out.parent.mkdir()
    assert write_playlist(tracks(tmp_path), out, "Mine & yours") == 3
    root = minidom.parse(str(out)).documentElement
    assert root is not None
    assert (root.tagName, root.getAttribute("xmlns")) == ("playlist", "http://xspf.org/ns/0/")

    def texts(name: str) -> list[str]:
        return [node.firstChild.data for node in root.getElementsByTagName(name)]  # type: ignore[union-attr]

    assert texts("title") == ["Mine & yours", "Ticks & <Tocks>", "Über\ufffd", "1:2"]
    assert texts("location") == ["../music/a%3A%20b%20%26%20%3Cc%3E.flac", "1%3A2.ogg"]
    assert texts("identifier") == [f"https://musicbrainz.org/recording/{RECORDING}"]
    assert texts("duration") == ["240600", "3000"]
    assert len(root.getElementsByTagName("track")) == 3


def test_jspf(tmp_path: Path) -> None:
    out = tmp_path / "out.jspf"
    write_playlist(tracks(tmp_path), out, "Mine", relative=False)
    playlist = json.loads(out.read_text("utf-8"))["playlist"]
    assert playlist["title"] == "Mine"
    first, second, third = playlist["track"]
    assert first["identifier"] == [f"https://musicbrainz.org/recording/{RECORDING}"]
    assert unquote(first["location"][0]) == f"file://{tmp_path}/music/a: b & <c>.flac"
    assert (first["creator"], first["duration"]) == ("Moby", 240600)
    assert set(second) == {"title"}
    assert (third["title"], set(third)) == ("1:2", {"title", "location", "duration"})


def test_a_title_of_spaces_is_none(tmp_path: Path) -> None:
    blank = tracks(tmp_path).assign(title=" ")
    write_playlist(blank, tmp_path / "out.m3u8")
    write_playlist(blank, tmp_path / "out.jspf")
    assert "#EXTINF:241,Moby - a: b & <c>" in (tmp_path / "out.m3u8").read_text().splitlines()
    assert (
        json.loads((tmp_path / "out.jspf").read_text("utf-8"))["playlist"]["track"][0]["title"]
        == "a: b & <c>"
    )


def test_a_relative_location_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a: b & <c>.flac").touch()
    out = tmp_path / "lists" / "out.jspf"
    write_playlist(tracks(tmp_path), out)
    location = json.loads(out.read_text())["playlist"]["track"][0]["location"][0]
    assert (out.parent / unquote(location)).is_file()


def test_the_suffix_decides(tmp_path: Path) -> None:
    assert write_playlist(tracks(tmp_path), tmp_path / "out.m3u8") == 2
    assert (tmp_path / "out.m3u8").read_text().splitlines()[2] == "music/a: b & <c>.flac"
    with pytest.raises(UsageError, match=r"\.m3u8, \.m3u, \.xspf, \.jspf"):
        write_playlist(tracks(tmp_path), tmp_path / "out.pls")
