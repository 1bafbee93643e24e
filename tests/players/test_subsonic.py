"""The client of the Subsonic API, against a server of our own that can behave as several kinds of server do."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from moodrec.errors import UsageError
from moodrec.players.fetch import PlayerError, fetched
from moodrec.players.subsonic import Login, SubsonicServer
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


def read_request(connection: socket.socket) -> None:
    """Read one request to its end, since a close over unread bytes resets the connection."""
    with connection.makefile("rb") as stream:
        length = 0
        while (line := stream.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        stream.read(length)


@contextmanager
def answering(answer: bytes, then: bytes = b"") -> Iterator[str]:
    """A server that gives every request the same bytes; ``then`` comes again and again, until the client leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                with one:
                    try:
                        read_request(one)
                        one.sendall(answer)
                        while then:
                            one.sendall(then)
                            threading.Event().wait(0.02)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def page(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Connection: close", *headers, b"", body])


XML = b'<?xml version="1.0"?><subsonic-response xmlns="http://subsonic.org/restapi" status="ok" version="1.16.1"/>'


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (page(b"<!doctype html><title>Sign in</title>"), "does not speak the Subsonic API"),
        (page(XML), "gives XML where JSON was asked for"),
        (page(b""), "does not speak the Subsonic API"),
        (page(b"[" * 100_000), "does not speak the Subsonic API"),
        (page(b"\xff\xfe{"), "does not speak the Subsonic API"),
        (page(b'{"subsonic-response": []}'), "no reason given"),
        (page(b'{"subsonic-response": {"status": "failed", "error": "no"}}'), "no reason given"),
        (page(b"{", b"Content-Length: 900"), "cut off"),
        (page(b"zz\r\n", b"Transfer-Encoding: chunked"), "cannot be reached"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (page(b"", status=b"502 Bad Gateway"), "HTTP status 502"),
        (page(b"", status=b"401 Unauthorized"), "HTTP status 401"),
    ],
)
def test_whatever_answers_is_told_in_a_sentence(answer: bytes, told: str) -> None:
    with answering(answer) as url, pytest.raises(PlayerError, match=told):
        SubsonicServer(url, Login(api_key=API_KEY)).test()


@pytest.mark.parametrize(
    "status", [b"301 Moved Permanently", b"302 Found", b"307 Temporary Redirect", b"308 x"]
)
def test_no_redirect_is_followed(status: bytes) -> None:
    moved = page(b"", b"Location: https://music.example/sub/rest/ping", status=status)
    with (
        answering(moved) as url,
        pytest.raises(PlayerError, match=r"redirects to https://music\.example/sub;"),
    ):
        SubsonicServer(url, LOGIN).test()


def test_an_answer_that_never_ends_is_given_up() -> None:
    for head in (page(b""), page(b"", b"Transfer-Encoding: chunked")):
        drop = b"1\r\n \r\n" if b"chunked" in head else b" "
        with answering(head, then=drop) as url, pytest.raises(PlayerError, match=r"longer than 0\.3 seconds"):
            fetched(urllib.request.Request(url), url, whole_s=0.3)


def test_pages_that_repeat_themselves_are_no_library() -> None:
    for behaviour in (Behaviour(songs(900)), Behaviour(songs(9000), empty_search=False)):
        behaviour.repeats = True
        with subsonic(behaviour) as url, pytest.raises(PlayerError, match="again and again"):
            list(SubsonicServer(url, LOGIN).songs())


def test_a_certificate_of_ones_own_is_named(tmp_path: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *subject]
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with subsonic(Behaviour(songs(3)), context) as url:
        with pytest.raises(PlayerError, match="SSL_CERT_FILE"):
            SubsonicServer(url, LOGIN).test()
        program = (
            "import sys; from moodrec.players.subsonic import Login, SubsonicServer; "
            f"print(SubsonicServer({url!r}, Login(api_key={API_KEY!r})).test().kind)"
        )
        given = os.environ | {"SSL_CERT_FILE": str(tmp_path / "cert.pem")}
        done = subprocess.run(
            [sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True
        )
        assert done.stdout == "ours\n"
