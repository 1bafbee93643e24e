"""A client of the Subsonic API, as Navidrome, gonic, Airsonic, Ampache and Supysonic speak it."""

from __future__ import annotations

import hashlib
import json
import secrets
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from moodrec.arguments import brief
from moodrec.errors import NotFoundError, UsageError
from moodrec.given import kind_of, text_of
from moodrec.players.fetch import FormRefusedError, PlayerError, fetched
from moodrec.players.songs import PlayerSong, song_of

VERSION: Final = "1.13.0"
CLIENT: Final = "moodrec"
PAGE: Final = 500
_OTHER_LOGIN: Final = frozenset({10, 41, 42})
"""Codes by which a server refuses the token: it then gets the password."""


@dataclass(frozen=True)
class Login:
    """How a player knows us: by an API key, or by a name with a token or a password."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """MD5 of the password and the salt, which works as long as the password does."""
    salt: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)

    def without_password(self) -> Login:
        """Return a login to keep, from which the password cannot be read."""
        if self.api_key or not self.password:
            return self
        salt = self.salt or secrets.token_hex(8)
        return Login(self.user, token=_token(self.password, salt), salt=salt)

    def parameters(self, plain: bool) -> dict[str, str]:
        """Return the parameters of a request.

        Args:
            plain: whether the password itself is sent, for servers without tokens.
        """
        if self.api_key:
            return {"apiKey": self.api_key}
        if plain and self.password:
            return {"u": self.user, "p": "enc:" + self.password.encode().hex()}
        kept = self if self.token else self.without_password()
        return {"u": self.user, "t": kept.token, "s": kept.salt}


@dataclass(frozen=True)
class ServerInfo:
    """What a player says of itself."""

    kind: str
    """Such as ``navidrome``; "" where it does not say."""
    version: str
    extensions: tuple[str, ...]
    """The OpenSubsonic extensions that it has."""


class SubsonicServer:
    """A player at an address."""

    def __init__(self, url: str, login: Login) -> None:
        """Remember where the player is; nothing is sent yet.

        Args:
            url: its address, such as ``http://127.0.0.1:4533``.
            login: how it knows us.

        Raises:
            UsageError: the address is none of HTTP.
        """
        try:
            parts = urlsplit(text_of(url, "url"))
        except ValueError as error:  # half an address of IPv6, or a port that is no number
            raise UsageError(f"{brief(url)} is no address of a player: {error}") from None
        kind_of(login, Login, "login")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise UsageError(
                f"{brief(url)} is no address of a player; it is like http://127.0.0.1:4533, without a login"
            )
        self.url = url.rstrip("/").removesuffix("/rest")
        self.login = login
        self._plain = False
        self._form = True
        self._form_worked = False

    def test(self) -> ServerInfo:
        """Check that the player answers and lets us in.

        Raises:
            PlayerError: it does not.
        """
        try:
            answer = self._ask("ping")
        except PlayerError as error:
            if error.code not in _OTHER_LOGIN and not (error.code == 0 and self.login.password):
                raise
            if not self.login.password:
                raise
            self._plain = True  # a server without tokens, such as Supysonic
            answer = self._ask("ping")
        version = answer.get("serverVersion") or answer.get("version")
        return ServerInfo(str(answer.get("type") or ""), str(version or ""), self._extensions())

    def songs(self) -> Iterator[PlayerSong]:
        """Yield all songs of the player.

        An empty search gives them page by page; where the server does not do that, they come album by album.

        Raises:
            PlayerError: the player stops answering.
        """
        found = self._searched(0)
        if not found:
            yield from self._by_album()
            return
        offset, first = 0, found[0]
        while found:
            yield from filter(None, map(song_of, found))
            offset += len(found)
            found = self._searched(offset)
            if found and found[0] == first:
                raise PlayerError(f"{self.url}: search3 gives the first page again and again")

    def create_playlist(self, name: str, song_ids: Sequence[str]) -> str:
        """Write a playlist into the player.

        Args:
            name: of the playlist.
            song_ids: the player's ids, in order.

        Returns:
            The player's id of the playlist; "" where it does not tell.

        Raises:
            PlayerError: it refuses.
        """
        answer = self._ask("createPlaylist", name=name, songId=list(song_ids))
        made = _dict(answer.get("playlist"))
        if not made:  # before version 1.14 of the API
            every = _list(_dict(self._ask("getPlaylists").get("playlists")).get("playlist"))
            named = [one for one in every if one.get("name") == name]
            made = max(named, key=lambda one: str(one.get("created")), default={})
        return str(made.get("id", ""))

    def playlist(self, playlist_id: str) -> list[PlayerSong]:
        """Read the songs of a playlist.

        Raises:
            PlayerError: there is none by that id.
        """
        entries = _list(_dict(self._ask("getPlaylist", id=playlist_id).get("playlist")).get("entry"))
        return [song for entry in entries if (song := song_of(entry)) is not None]

    def _extensions(self) -> tuple[str, ...]:
        try:
            answer = self._ask("getOpenSubsonicExtensions")
        except PlayerError:
            return ()
        return tuple(str(one.get("name")) for one in _list(answer.get("openSubsonicExtensions")))

    def _searched(self, offset: int) -> list[dict[str, Any]]:
        try:
            answer = self._ask(
                "search3", query="", songCount=PAGE, songOffset=offset, artistCount=0, albumCount=0
            )
        except PlayerError as error:
            if error.code is None or offset:
                raise
            return []
        return _list(_dict(answer.get("searchResult3")).get("song"))

    def _by_album(self) -> Iterator[PlayerSong]:
        offset, first = 0, None  # of the first page
        while True:
            answer = self._ask("getAlbumList2", type="alphabeticalByName", size=PAGE, offset=offset)
            albums = _list(_dict(answer.get("albumList2")).get("album"))
            if offset and albums and albums[0] == first:
                raise PlayerError(f"{self.url}: getAlbumList2 gives the first page again and again")
            first = first or (albums[0] if albums else None)
            for album in albums:
                songs = _dict(self._ask("getAlbum", id=str(album.get("id"))).get("album")).get("song")
                yield from filter(None, map(song_of, _list(songs)))
            if len(albums) < PAGE:
                return
            offset += len(albums)

    def _ask(self, method: str, **asked: object) -> dict[str, Any]:
        """Call a method of the API, and return what stands in ``subsonic-response``."""
        given = {**self.login.parameters(self._plain), "v": VERSION, "c": CLIENT, "f": "json", **asked}
        data = urlencode({name: value for name, value in given.items() if value is not None}, doseq=True)
        body = self._sent(f"{self.url}/rest/{method}", data)
        try:
            answer = json.loads(body)["subsonic-response"]
        except (ValueError, KeyError, TypeError, RecursionError):
            in_xml = b"<subsonic-response" in body[:2000]
            speaks = "gives XML where JSON was asked for" if in_xml else "does not speak the Subsonic API"
            raise PlayerError(f"{self.url}: what answers there {speaks}") from None
        if not isinstance(answer, dict) or answer.get("status") != "ok":
            error = _dict(_dict(answer).get("error"))
            code = error.get("code")
            said = str(error.get("message") or "no reason given")
            raise PlayerError(f"{self.url}: {method} failed: {said}", code if isinstance(code, int) else 0)
        return answer

    def _sent(self, url: str, data: str) -> bytes:
        """Send a form, or where the server takes none, its fields in the URL."""
        if self._form:
            try:
                body = fetched(urllib.request.Request(url, data.encode(), _HEADERS), self.url)
            except FormRefusedError as error:
                # Once a form was taken, the method is what the server does not have.
                if self._form_worked:
                    raise PlayerError(f"{self.url}: answered with HTTP status {error}", 0) from None
                self._form = False
            else:
                self._form_worked = True
                return body
        return fetched(urllib.request.Request(f"{url}?{data}"), self.url)


_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def known(server: SubsonicServer | None, name: str) -> SubsonicServer:
    """Return a player that lists can be written into.

    Args:
        server: the player, where its login is kept.
        name: of its link.

    Raises:
        NotFoundError: its login is not kept.
    """
    if server is None:
        raise NotFoundError(
            f"the login of {brief(name)} is not kept; run: moodrec link URL --name {name} --keep-login"
        )
    return server


def _token(password: str, salt: str) -> str:
    return hashlib.md5((password + salt).encode(), usedforsecurity=False).hexdigest()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    """The entries of a list; servers that translate XML give one entry without its list."""
    every = value if isinstance(value, list) else [value]
    return [one for one in every if isinstance(one, dict)]
