"""Music is analysed from the page: started, followed, stopped; uploads are analysed and forgotten."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.cli.commands import write_model, write_tone
from tests.serve.running import serving, settings_for

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music, a model, and no library yet."""
    place = tmp_path_factory.mktemp("jobs")
    for number in range(4):
        write_tone(place / "music" / "album" / f"{number}.wav", 110.0 * 1.5**number)
    (place / "music" / "broken.mp3").write_text("no music")
    write_model(place / "model")
    return place


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[httpx.Client]:
    settings = settings_for(
        place / "library", music=(place / "music",), model=place / "model", limits={"upload_bytes": 1_000_000}
    )
    with serving(settings) as client:
        yield client


def events_until(client: httpx.Client, state: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of the stream, up to the one that says that a job is in a state."""
    found = []
    with client.stream("GET", "/v1/events") as stream:
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((kind, json.loads(line.removeprefix("data: "))))
                if kind == "job" and found[-1][1]["state"] == state:
                    return found
    raise AssertionError("the stream ended")


@pytest.mark.slow
def test_a_folder_is_analysed_and_then_served(client: httpx.Client, place: Path) -> None:
    assert client.get("/readyz").status_code == 503
    waiting = client.get("/v1/tracks")
    assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "5")
    started = client.post("/v1/jobs", json={"folders": ["album"]})
    assert started.status_code == 202
    assert client.post("/v1/jobs", json={}).status_code == 409
    told = events_until(client, "done")
    last = told[-1][1]
    assert (last["done"], last["total"], last["counts"]["ok"]) == (4, 4, 4)
    assert [kind for kind, _ in told].count("version") == 1
    assert client.get(f"/v1/jobs/{started.json()['id']}").json()["state"] == "done"
    assert client.get("/readyz").status_code == 200
    assert client.get("/v1/tracks").json()["total"] == 4
    seed = client.get("/v1/tracks").json()["tracks"][0]["track_id"]
    assert client.get("/v1/similar", params={"seed": seed}).json()["count"] == 3
    assert client.get(f"/v1/tracks/{seed}/audio").status_code == 200

    # The rest of the folder, with a file that is no music: the job says so, and is done all the same.
    client.post("/v1/jobs", json={})
    assert events_until(client, "done")[-1][1]["counts"]["failed"] == 1

    upload = (place / "music" / "album" / "2.wav").read_bytes()
    for sent in ({"files": {"file": ("../../evil.wav", upload)}}, {"content": upload}):
        found = client.post("/v1/analyze", **sent)
        assert found.status_code == 200, found.text
        document = found.json()
        assert document["moods"].keys() == {"calm", "blue"}
        assert len(document["place"]) == 2
        near = client.post("/v1/similar", json={"vector": document["embedding"], "k": 1}).json()["tracks"][0]
        assert near["score"] == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(list(near["moods"].values()), list(document["moods"].values()), atol=1e-4)
    for content, status in ((b"no music", 422), (b"", 400), (bytes(1_000_001), 413)):
        assert client.post("/v1/analyze", content=content).status_code == status
    assert client.post("/v1/analyze", data={"file": "text"}).status_code in (400, 422)
    assert client.get("/v1/tracks").json()["total"] == 4


@pytest.mark.slow
def test_a_job_can_be_stopped_and_keeps_what_it_did(client: httpx.Client, place: Path) -> None:
    more = place / "music" / "more"
    for number in range(40):
        write_tone(more / f"{number}.wav", 100.0 + 7 * number, seconds=1.0)
    job = client.post("/v1/jobs", json={"folders": ["more"]}).json()
    while client.get(f"/v1/jobs/{job['id']}").json()["done"] < 3:
        time.sleep(0.01)
    assert client.delete(f"/v1/jobs/{job['id']}").json()["state"] in ("stopping", "stopped")
    while (stopped := client.get(f"/v1/jobs/{job['id']}").json())["ended"] is None:
        time.sleep(0.02)
    assert stopped["state"] == "stopped"
    with Library.open(place / "library") as library:
        kept = library.outcomes()[Outcome.OK]
    assert 4 + 3 <= kept < 44
    assert client.get("/v1/tracks").json()["total"] == kept
    shutil.rmtree(more)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(client: httpx.Client, place: Path) -> None:
    more = place / "music" / "killed"
    for number in range(40):
        write_tone(more / f"{number}.wav", 90.0 + 5 * number, seconds=1.0)
    job = client.post("/v1/jobs", json={"folders": ["killed"]}).json()
    while client.get(f"/v1/jobs/{job['id']}").json()["done"] < 3:
        time.sleep(0.01)
    for worker in workers():
        os.kill(worker, signal.SIGKILL)
    while (killed := client.get(f"/v1/jobs/{job['id']}").json())["ended"] is None:
        time.sleep(0.02)
    assert killed["state"] == "failed"
    assert "what was done is kept" in killed["message"]
    with Library.open(place / "library") as library:
        kept = sum(path.is_relative_to(more) for path in library.files())
    assert kept >= 3
    again = client.post("/v1/jobs", json={"folders": ["killed"]}).json()
    assert events_until(client, "done")[-1][1]["total"] == 40 - kept
    assert client.get(f"/v1/jobs/{again['id']}").json()["state"] == "done"
    shutil.rmtree(more)


def workers() -> list[int]:
    """The processes of this one that analyse music."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            text = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"moodrec.serve.worker" in text and parent == os.getpid():
            found.append(int(place.name))
    return found


def test_only_folders_of_the_server_are_analysed(client: httpx.Client, place: Path) -> None:
    (place / "music" / "link").symlink_to("/etc")
    for folder in ("..", "/etc", "link", "album/../..", "nowhere", "~", "a\0b", "0" * 1000):
        answer = client.post("/v1/jobs", json={"folders": [folder]})
        assert answer.status_code == 400, folder
        assert "no folder inside" in answer.json()["detail"]
    (place / "music" / "link").unlink()
    assert client.get("/v1/jobs/none").status_code == 404


def test_without_folders_of_music_nothing_can_be_analysed(sample_folder: Path) -> None:
    with serving(settings_for(sample_folder)) as client:
        answer = client.post("/v1/jobs", json={})
        assert answer.status_code == 400
        assert "--music" in answer.json()["detail"]


def test_a_server_that_stops_ends_the_streams_of_events(sample_folder: Path) -> None:
    with serving(settings_for(sample_folder)) as client:
        connection = socket.create_connection((str(client.base_url.host), int(client.base_url.port or 0)), 20)
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = b""
        while b"event: version" not in told:
            told += connection.recv(10_000)
    with connection:
        while block := connection.recv(10_000):
            told += block
    assert told.endswith(b"\r\n0\r\n\r\n")  # whole, and not cut off
