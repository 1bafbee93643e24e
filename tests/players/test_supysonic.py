"""A real Subsonic server, Supysonic, in an environment of its own: ``make test-players`` installs it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.refresh import refresh_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.players.fetch import PlayerError
from moodrec.players.links import PlayerLink, links_of, save_link, server_of
from moodrec.players.matching import match
from moodrec.players.subsonic import Login, SubsonicServer
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel

USER, PASSWORD = "me", "geheim"
SONGS = 12
SERVE = """
import sys
from werkzeug.serving import make_server
from supysonic.web import create_application
make_server("127.0.0.1", int(sys.argv[1]), create_application(), threaded=True).serve_forever()
"""


@pytest.fixture(scope="module")
def python() -> str:
    place = os.environ.get("MOODREC_SUPYSONIC", "")
    if not place:
        pytest.skip("make test-players runs this test, against Supysonic")
    return os.path.abspath(place)  # noqa: PTH100  (the link of an environment must not be followed)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for number in range(SONGS):
        place = folder / f"Band {number % 3}" / "Album" / f"{number:02d}.flac"
        write_song(place, number, 4.0, title=f"Song {number}", artist=f"Band {number % 3}", album="Album")
    return folder


@pytest.fixture(scope="module")
def server(python: str, music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("supysonic")
    (place / "supysonic.conf").write_text(
        f"[base]\ndatabase_uri = sqlite:///{place}/db.sqlite\n[webapp]\ncache_dir = {place}/cache\n"
        f"[daemon]\nsocket = {place}/socket\n"
    )
    environment = {**os.environ, "HOME": str(place)}
    cli = [python, "-c", "from supysonic.cli import main; main()"]
    for args in (
        ["user", "add", USER, "-p", PASSWORD],
        ["folder", "add", "Music", str(music)],
        ["folder", "scan", "--foreground"],
    ):
        subprocess.run([*cli, *args], cwd=place, env=environment, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([python, "-c", SERVE, str(port)], cwd=place, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            SubsonicServer(url, Login(USER, PASSWORD)).test()
        except PlayerError as error:
            if error.code is not None:
                raise
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not start")


def test_songs_are_linked_and_a_playlist_is_written(server: str, music: Path, tmp_path: Path) -> None:
    with Library.open_or_create(tmp_path) as library:
        analyze([music], library, ToyModel(), jobs=1)
        refresh_index(library)
    player = SubsonicServer(server, Login(USER, PASSWORD))
    assert player.test().kind == ""
    songs = list(player.songs())
    assert len(songs) == SONGS
    index = MoodIndex.open(tmp_path / "index")
    found = match(songs, index.table)
    assert (len(found.tracks), dict(found.by)) == (SONGS, {"path": SONGS})
    titles = dict(zip(index.table["track_id"].to_pylist(), index.table["title"].to_pylist(), strict=True))
    assert all(titles[found.tracks[song.id]] == song.title for song in songs)
    without_paths = index.table.drop_columns(["path"])
    assert dict(match(songs, without_paths).by) == {"names": SONGS}

    save_link(tmp_path, PlayerLink.of("supysonic", server, found))
    link = links_of(tmp_path)["supysonic"]
    assert server_of(tmp_path, link) is None
    wanted = [song.id for song in songs[::-2]]
    made = player.create_playlist("Evening", wanted)
    assert [song.id for song in player.playlist(made)] == wanted


def test_a_wrong_password_is_told(server: str) -> None:
    with pytest.raises(PlayerError, match="failed"):
        SubsonicServer(server, Login(USER, "wrong")).test()
