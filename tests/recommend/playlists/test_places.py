"""Playlists open where they lie, through links and in every format."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from moodrec.recommend.playlists.files import XSPF, write_playlist


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a link ``Music`` to another mount, which holds two files and a folder for lists."""
    (tmp_path / "mnt" / "very" / "deep" / "Music" / "Lists").mkdir(parents=True)
    for name in ("a.flac", "b#1 ü.mp3"):
        (tmp_path / "mnt" / "very" / "deep" / "Music" / name).touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "Music").symlink_to(tmp_path / "mnt" / "very" / "deep" / "Music")
    return tmp_path / "home"


def opened(place: Path) -> list[bool]:
    """Whether each entry opens, as a player resolves it from the folder that it was given the playlist in."""
    if place.suffix == ".m3u8":
        entries = place.read_text("utf-8").splitlines()[2::2]
        return [(place.parent / entry).is_file() for entry in entries]
    if place.suffix == ".xspf":
        uris = [one.text or "" for one in ET.parse(place).iter(f"{{{XSPF}}}location")]
    else:
        uris = [one["location"][0] for one in json.loads(place.read_text())["playlist"]["track"]]
    base = f"file://{place.resolve()}"
    return [Path(unquote(urljoin(base, uri).removeprefix("file://"))).is_file() for uri in uris]


@pytest.mark.parametrize("suffix", [".m3u8", ".xspf", ".jspf"])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("inside", ["Music/Lists", "Music", "."])
@pytest.mark.parametrize("by_link", [True, False])
def test_entries_open_behind_links(
    home: Path, suffix: str, relative: bool, inside: str, by_link: bool
) -> None:
    music = home / "Music" if by_link else (home / "Music").resolve()
    tracks = pd.DataFrame({"path": [str(music / "a.flac"), str(music / "b#1 ü.mp3")]})
    out = home / inside / f"list{suffix}"
    written = write_playlist(tracks, out, relative=relative)
    assert written == 2
    assert written.unresolved == ()
    assert opened(out) == [True, True]
    assert ("../" in out.read_text("utf-8")) <= relative


def test_a_relative_place_for_the_playlist(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "Music" / "Lists")
    tracks = pd.DataFrame({"path": [str((home / "Music" / "a.flac").resolve())]})
    assert write_playlist(tracks, "x.m3u8").unresolved == ()
    assert Path("x.m3u8").read_text().splitlines()[-1] == "../a.flac"


@pytest.mark.parametrize("suffix", [".m3u8", ".xspf", ".jspf"])
@pytest.mark.parametrize("inside", ["Music/New/Deep", "New", "Music/Lists/../New"])
def test_a_playlist_in_a_folder_that_is_not_there_yet(home: Path, suffix: str, inside: str) -> None:
    tracks = pd.DataFrame(
        {"path": [str((home / "Music").resolve() / name) for name in ("a.flac", "gone.mp3")]}
    )
    out = home / inside / f"list{suffix}"
    assert write_playlist(tracks, out).unresolved == (tracks.path[1],)
    assert opened(out) == [True, False]


@pytest.mark.parametrize("suffix", [".m3u8", ".xspf", ".jspf"])
def test_entries_that_lead_nowhere_are_named(home: Path, suffix: str) -> None:
    tracks = pd.DataFrame({"path": [str(home / "Music" / name) for name in ("a.flac", "gone.mp3")]})
    written = write_playlist(tracks, home / f"x{suffix}")
    assert written == 2
    assert written.unresolved == (str(home / "Music" / "gone.mp3"),)
    warning = written.warning(home / f"x{suffix}")
    assert warning is not None
    assert warning.startswith("1 of 2 entries")
    assert "gone.mp3" in warning


def test_names_that_are_not_utf8_are_found_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    (tmp_path / name).touch()
    tracks = pd.DataFrame({"path": [str(tmp_path / r"caf\udce9.wav")]})
    for suffix in (".m3u8", ".xspf", ".jspf"):
        assert write_playlist(tracks, tmp_path / f"x{suffix}").unresolved == ()
    assert (tmp_path / "x.m3u8").read_bytes().splitlines()[-1] == b"caf\xe9.wav"
    assert "caf%E9.wav" in (tmp_path / "x.xspf").read_text()
