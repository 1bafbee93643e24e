"""Names that try to be more than names in a playlist are one entry, and steer no terminal."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.dom import minidom

import pandas as pd
import pytest

from moodrec.recommend.playlists.files import write_playlist
from tests.hostile_names import NAMES, STEERING


def tracks(name: str) -> pd.DataFrame:
    both = [name, "plain"]
    columns = {"path": [f"/m/{one}.mp3" for one in both], "title": both, "artist": both, "album": both}
    return pd.DataFrame({**columns, "musicbrainz_recording_id": both}, dtype=object)


def written(name: str, out: Path, relative: bool) -> str:
    assert write_playlist(tracks(NAMES[name]), out, relative=relative) == 2
    text = out.read_bytes().decode("utf-8", "surrogateescape")
    assert not STEERING & set(text)
    return text


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_m3u(name: str, relative: bool, tmp_path: Path) -> None:
    lines = written(name, tmp_path / "out.m3u8", relative).splitlines()
    assert [line[:7] for line in lines[::2]] == ["#EXTM3U", lines[2][:7], lines[4][:7]]
    assert [line[:8] for line in lines[1::2]] == ["#EXTINF:"] * 2
    assert len(lines) == 5
    assert not lines[2].startswith("#")


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_xspf(name: str, relative: bool, tmp_path: Path) -> None:
    document = minidom.parseString(written(name, tmp_path / "out.xspf", relative).encode())
    assert len(document.getElementsByTagName("track")) == 2
    assert len(document.getElementsByTagName("title")) == 2


@pytest.mark.parametrize("name", NAMES)
def test_jspf(name: str, tmp_path: Path) -> None:
    first, second = json.loads(written(name, tmp_path / "out.jspf", False))["playlist"]["track"]
    assert second["title"] == "plain"
    if name != "half a character":
        path = f"/m/{NAMES[name]}.mp3".encode("utf-8", "surrogateescape")
        assert unquote_to_bytes(first["location"][0].removeprefix("file://")) == path
