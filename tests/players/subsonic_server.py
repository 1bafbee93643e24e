"""A small Subsonic server of our own, for what clients need: pages of songs, albums, playlists, logins."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, API_KEY = "me", "geheim \N{SNOWMAN}", "an api key of tests"


@dataclass
class Behaviour:
    """How the server differs from others."""

    songs: list[dict[str, Any]]
    tokens: bool = True
    """Whether it takes tokens, as most do; Supysonic does not."""
    empty_search: bool = True
    """Whether an empty search gives all songs; Airsonic's gives none."""
    forms: bool = True
    """Whether it takes forms by POST."""
    single_objects: bool = False
    """Whether a list of one entry is that entry, as in translations of XML."""
    repeats: bool = False
    """Whether every page is the first one."""
    playlists: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def first(self, offset: str) -> int:
        """Where a page begins."""
        return 0 if self.repeats else int(offset)


@contextmanager
def subsonic(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that runs as long as the block, over TLS where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if behaviour.forms:
                self._answer(body)
            else:
                self.send_error(405)

        def _answer(self, query: str) -> None:
            method = urlsplit(self.path).path.removeprefix("/rest/")
            behaviour.calls.append(f"{self.command} {method}")
            told = _told(behaviour, method, parse_qs(query, keep_blank_values=True))
            body = json.dumps({"subsonic-response": {"version": "1.16.1", "type": "ours", **told}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _told(now: Behaviour, method: str, asked: dict[str, list[str]]) -> dict[str, Any]:
    def one(name: str, default: str = "") -> str:
        return asked.get(name, [default])[0]

    if (refused := _refused(now, one)) is not None:
        return {"status": "failed", "error": {"code": refused, "message": f"refused with code {refused}"}}
    ok: dict[str, Any] = {"status": "ok"}
    if method == "getOpenSubsonicExtensions":
        return ok | {"openSubsonicExtensions": [{"name": "formPost", "versions": [1]}]}
    if method == "search3":
        start, count = now.first(one("songOffset", "0")), int(one("songCount", "20"))
        found = now.songs[start : start + count] if now.empty_search else []
        return ok | {"searchResult3": {"song": _alone(now, found)} if found else {}}
    albums = sorted({song["album"] for song in now.songs})
    if method == "getAlbumList2":
        start, size = now.first(one("offset", "0")), int(one("size"))
        return ok | {"albumList2": {"album": [{"id": f"al-{name}"} for name in albums[start : start + size]]}}
    if method == "getAlbum":
        found = [song for song in now.songs if f"al-{song['album']}" == one("id")]
        return ok | {"album": {"song": _alone(now, found)}}
    if method == "createPlaylist":
        now.playlists["pl-1"] = asked.get("songId", [])
        return ok | {"playlist": {"id": "pl-1", "name": one("name")}}
    if method == "getPlaylist":
        by_id = {song["id"]: song for song in now.songs}
        return ok | {"playlist": {"entry": [by_id[one_id] for one_id in now.playlists[one("id")]]}}
    return ok


def _alone(now: Behaviour, found: list[dict[str, Any]]) -> Any:
    return found[0] if now.single_objects and len(found) == 1 else found


def _refused(now: Behaviour, one: Any) -> int | None:
    if one("apiKey"):
        return None if one("apiKey") == API_KEY else 44
    if one("t"):
        right = hashlib.md5((PASSWORD + one("s")).encode()).hexdigest()
        return 41 if not now.tokens else None if (one("u"), one("t")) == (USER, right) else 40
    given = bytes.fromhex(one("p").removeprefix("enc:")).decode()
    return None if (one("u"), given) == (USER, PASSWORD) else 40
