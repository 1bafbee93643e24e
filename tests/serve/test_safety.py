"""Strangers, other sites, and requests that cost too much."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moodrec.errors import UsageError
from moodrec.serve.settings import ServeSettings
from tests.serve.running import TOKEN, serving, settings_for

if TYPE_CHECKING:
    import httpx


def test_beyond_loopback_a_token_is_required(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(UsageError, match="a token is required"):
            ServeSettings(library=tmp_path, host=host)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        ServeSettings(library=tmp_path, host=host)
    with pytest.raises(UsageError, match="at least 16"):
        ServeSettings(library=tmp_path, token="short")


def test_a_token_opens_the_api_and_a_session_opens_it_to_a_browser(sample_folder: Path) -> None:
    with serving(settings_for(sample_folder, token=TOKEN)) as client:
        for place in ("/v1/tracks", "/v1/stats", "/metrics", "/v1/events", "/v1/map"):
            answer = client.get(place)
            assert answer.status_code == 401, place
            assert answer.json()["detail"].startswith("this server needs its token")
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert client.get("/v1/tracks", headers={"Authorization": "Bearer wrong"}).status_code == 401
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/tracks", headers=right).status_code == 200
        assert client.post("/v1/session", headers={"Authorization": "Bearer wrong"}).status_code == 401
        opened = client.post("/v1/session", headers=right)
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/v1/tracks").status_code == 200
        client.delete("/v1/session")
        assert client.get("/v1/tracks").status_code == 401


def test_other_sites_cannot_call_through_a_browser(client: httpx.Client) -> None:
    host = client.base_url.netloc.decode()
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    body = {"seed": "t1"}
    assert client.post("/v1/similar", json=body, headers=foreign).status_code == 403
    for origin in ("null", "http://[", "http://[::1", ""):
        assert client.post("/v1/similar", json=body, headers={"Origin": origin}).status_code == 403
    own = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/similar", json=body, headers=own).status_code == 200
    assert client.get("/v1/tracks", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/v1/tracks", headers={"Host": "localhost:99"}).status_code == 200


def test_the_page_behind_a_proxy_that_writes_its_own_host(sample_folder: Path) -> None:
    body = {"seed": "t1"}
    with serving(settings_for(sample_folder, names=("Music.example",))) as client:
        for origin in ("https://music.example", "http://music.example:8443"):
            assert client.post("/v1/similar", json=body, headers={"Origin": origin}).status_code == 200
            crossed = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
            assert client.post("/v1/similar", json=body, headers=crossed).status_code == 403
        for origin in ("https://example", "https://music.example.evil", "https://evil/music.example", "null"):
            refused = client.post("/v1/similar", json=body, headers={"Origin": origin})
            assert refused.status_code == 403, origin
            assert "--name HOST" in refused.json()["detail"]


def test_every_answer_tells_browsers_to_run_nothing_else(client: httpx.Client) -> None:
    for place in ("/v1/tracks", "/nothing", "/v1/similar", "/healthz"):
        headers = client.get(place).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_bodies_rates_and_conditions_have_limits(sample_folder: Path) -> None:
    limits = {"body_bytes": 2000, "rate": 1.0, "burst": 12, "condition": 50}
    with serving(settings_for(sample_folder, limits=limits)) as client:
        large = client.post("/v1/similar", content=b'{"seed": "' + b"x" * 3000 + b'"}')
        assert (large.status_code, large.json()["status"]) == (413, 413)
        chunks = client.post("/v1/similar", content=(b"x" * 100 for _ in range(50)))
        assert chunks.status_code == 413
        long = client.get("/v1/similar", params={"seed": "t1", "where": "year > 1990 " * 10})
        assert long.status_code == 413
        statuses = [client.get("/v1/tracks/t1").status_code for _ in range(20)]
        assert statuses.count(429) > 5
        assert client.get("/healthz").status_code == 200


def test_stalling_clients_are_cut_and_hold_nobody_up(sample_folder: Path) -> None:
    # Many more bodies that do not come than requests that may be worked on.
    limits = {"head_s": 0.4, "request_s": 2.0, "concurrency": 5}
    with serving(settings_for(sample_folder, limits=limits)) as client:
        host, port = str(client.base_url.host), int(client.base_url.port or 0)
        heads = [socket.create_connection((host, port)) for _ in range(50)]
        bodies = [socket.create_connection((host, port)) for _ in range(20)]
        for connection in heads:
            connection.sendall(b"GET /v1/tracks HT")
        for connection in bodies:
            connection.sendall(
                b"POST /v1/similar HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 500\r\n\r\n{"
            )
        started = time.perf_counter()
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/similar", params={"seed": "t1"}).status_code == 200
        assert time.perf_counter() - started < 5
        for connection in heads:
            connection.settimeout(20)
            assert connection.recv(100) == b""
            connection.close()
        for connection in bodies:
            connection.settimeout(20)
            assert b" 408 " in connection.recv(1000)
            connection.close()
        assert client.get("/v1/similar", params={"seed": "t2"}).status_code == 200
        assert client.post("/v1/similar", json={"seed": "t2"}).status_code == 200


def test_no_condition_breaks_the_server(client: httpx.Client) -> None:
    """A light form of ``python -m benchmarks.serve.abuse``, which sends ten thousand."""
    from benchmarks.serve.fuzz import conditions

    for condition in conditions(400, seed=7):
        answer = client.get("/v1/tracks", params={"where": condition, "limit": 1})
        assert answer.status_code in (200, 400), condition
