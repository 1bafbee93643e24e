"""A server of an engine's catalogue outlives the engine: restarts, kills, writers beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from moodrec.engines.address import EngineAddress
from moodrec.engines.postgres.index import PostgresIndex
from moodrec.serve.settings import Limits, ServeSettings
from tests.catalogues import MOODS
from tests.engines.served import rich_catalogue
from tests.engines.servers import postgres_server
from tests.serve.running import serving

if TYPE_CHECKING:
    import httpx

psutil = pytest.importorskip("psutil", reason="needs the package psutil")

_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with postgres_server() as server:
        sample = rich_catalogue()
        PostgresIndex.build(server.get_uri(), sample.vectors, sample.table, MOODS).close()
        yield server


@contextlib.contextmanager
def served(server: Any) -> Iterator[httpx.Client]:
    address = EngineAddress.of(server.get_uri())
    with serving(ServeSettings(engine=address, port=0, limits=Limits(rate=0), refresh_s=0.1)) as client:
        yield client


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def start(server: Any) -> None:
    """Start a server again; after a kill its old processes end a moment later."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            server.ensure_postgres_running()
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def kill(server: Any) -> None:
    """Kill a server and its processes without a warning."""
    first = psutil.Process(server.get_pid())
    every = [first, *first.children(recursive=True)]
    for process in every:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(every, 10)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_answers_again_when_the_engine_is_back(server: Any, end: str) -> None:
    with served(server) as client:
        expected = client.get("/v1/similar", params={"seed": "t5"}).json()
        (server.stop if end == "stop" else lambda: kill(server))()
        until(lambda: client.get("/readyz").status_code == 503)
        for path in ("/v1/similar?seed=t5", "/v1/tracks/t3", "/v1/moods"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert answer.json()["type"] == "urn:moodrec:problem:EngineDown"
            assert server.get_uri() not in answer.text
        for path in ("/healthz", "/metrics", "/v1/stats", "/"):
            assert client.get(path).status_code == 200, path
        start(server)
        until(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/v1/similar", params={"seed": "t5"}).json() == expected


def test_a_restart_between_two_requests_is_not_noticed(server: Any) -> None:
    """The pool's connections are dead, and the check for newer versions has not run meanwhile."""
    settings = ServeSettings(
        engine=EngineAddress.of(server.get_uri()), port=0, limits=Limits(rate=0), refresh_s=3600
    )
    with serving(settings) as client:
        expected = client.get("/v1/similar", params={"seed": "t5"}).json()
        server.stop()
        start(server)
        assert client.get("/v1/similar", params={"seed": "t5"}).json() == expected


def test_searches_beside_a_writer_that_adds_and_removes(server: Any) -> None:
    sample, ended, statuses = rich_catalogue(), threading.Event(), set()

    def write() -> None:
        with PostgresIndex.open(server.get_uri()) as writer:
            while not ended.is_set():
                writer.upsert(sample.vectors[300:], sample.table.slice(300))
                writer.remove(["t399"])
                writer.add(sample.vectors[399:], sample.table.slice(399))

    thread = threading.Thread(target=write)
    with served(server) as client:
        thread.start()
        try:
            for turn in range(20):
                answers = (
                    client.get("/v1/similar", params={"seed": f"t{turn}", "k": 50, "explain": True}),
                    client.get("/v1/by-mood", params={"mood": "calm=0.5", "k": 50}),
                    client.get("/v1/tracks", params={"sort": "-calm", "limit": 50}),
                    client.post("/v1/playlists/radio", json={"seed": f"t{turn}", "n": 5}),
                )
                statuses |= {answer.status_code for answer in answers}
        finally:
            ended.set()
            thread.join(60)
    assert statuses == {200}


def test_a_catalogue_that_is_built_anew_with_other_columns(server: Any) -> None:
    sample, place = rich_catalogue(), EngineAddress.of(server.get_uri(), "anew")
    PostgresIndex.build(place.text, sample.vectors, sample.table, MOODS, "anew").close()
    settings = ServeSettings(engine=place, port=0, limits=Limits(rate=0), refresh_s=0.1)
    with serving(settings) as client:
        assert "album" in client.get("/v1/tracks/t3").json()
        fewer = sample.table.drop_columns(["album", "duplicate_of"])
        PostgresIndex.build(place.text, sample.vectors[:, :8], fewer, MOODS, "anew").close()
        until(lambda: client.get("/v1/stats").json().get("dim") == 8)
        assert "album" not in client.get("/v1/tracks/t3").json()
        assert client.get("/v1/similar", params={"seed": "t3"}).status_code == 200


def test_connections_are_bounded_and_end_with_the_server(server: Any) -> None:
    import psycopg

    def connections() -> int:
        with psycopg.connect(server.get_uri()) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).fetchone()
        assert found is not None
        return int(found[0]) - 1

    until(lambda: connections() == 0)
    with served(server) as client:
        threads = [
            threading.Thread(target=lambda: client.get("/v1/similar", params={"seed": "t5", "k": 100}))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, connections())
        assert 1 <= most <= 16
    until(lambda: connections() == 0)


def test_an_engine_that_hangs_does_not_hang_what_needs_none(server: Any) -> None:
    with served(server) as client:
        assert client.get("/readyz").status_code == 200
        first = psutil.Process(server.get_pid())
        every = [first, *first.children(recursive=True)]
        for process in every:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            thread = threading.Thread(target=lambda: client.get("/v1/similar", params={"seed": "t5"}))
            thread.start()
            assert client.get("/healthz").status_code == 200
            assert client.get("/").status_code == 200
        finally:
            for process in every:
                os.kill(process.pid, signal.SIGCONT)
        thread.join(60)
        until(lambda: client.get("/readyz").status_code == 200)
