"""The client of the Subsonic API, against a server of our own that can behave as several kinds of server do."""

from __future__ import annotations

from typing import Any

import pytest

from moodrec.errors import UsageError
from moodrec.players.subsonic import Login, PlayerError, SubsonicServer
from tests.players.subsonic_server import API_KEY, PASSWORD, USER, Behaviour, subsonic


def songs(count: int) -> list[dict[str, Any]]:
    return [
        {"id": str(number), "isDir": False, "title": f"Song {number}", "album": f"Album {number // 10}"}
        for number in range(count)
    ]


LOGIN = Login(USER, PASSWORD)


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(songs(1203)),
        Behaviour(songs(41), empty_search=False),
        Behaviour(songs(31), tokens=False),
        Behaviour(songs(31), forms=False),
        Behaviour(songs(31), empty_search=False, single_objects=True),
        Behaviour(songs(0)),
    ],
    ids=["pages", "albums", "passwords", "urls", "single objects", "empty"],
)
def test_all_songs_are_read_once(behaviour: Behaviour) -> None:
    with subsonic(behaviour) as url:
        server = SubsonicServer(url + "/rest/", LOGIN)
        assert server.test().kind == "ours"
        assert [song.id for song in server.songs()] == [song["id"] for song in behaviour.songs]


def test_an_api_key_and_a_kept_token_open_the_server_too() -> None:
    with subsonic(Behaviour(songs(3))) as url:
        assert SubsonicServer(url, Login(api_key=API_KEY)).test().extensions == ("formPost",)
        kept = LOGIN.without_password()
        assert kept.password == ""
        assert PASSWORD not in repr(kept) + kept.token
        assert SubsonicServer(url, kept).test().kind == "ours"
        for wrong in (Login(USER, "wrong"), Login("you", PASSWORD), Login(api_key="wrong")):
            with pytest.raises(PlayerError, match="refused with code 4"):
                SubsonicServer(url, wrong).test()


def test_playlists_are_written_whole(tmp_path: object) -> None:
    behaviour = Behaviour(songs(900))
    with subsonic(behaviour) as url:
        server = SubsonicServer(url, LOGIN)
        ids = [str(number) for number in range(899, -1, -1)]
        made = server.create_playlist("all & <more>", ids)
        assert [song.id for song in server.playlist(made)] == ids


def test_what_cannot_be_reached_or_does_not_speak_is_told() -> None:
    for address in ("ftp://x", "127.0.0.1:4533", "http://", "http://me:secret@host", "file:///etc/passwd"):
        with pytest.raises(UsageError, match="no address of a player"):
            SubsonicServer(address, LOGIN)
    with pytest.raises(PlayerError, match="cannot be reached"):
        SubsonicServer("http://127.0.0.1:1", LOGIN).test()
