"""A catalogue in an engine is served with the answers that an index on disk over the same rows gives."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from moodrec.engines.address import EngineAddress
from moodrec.engines.base import EngineIndex
from moodrec.engines.milvus.index import MilvusIndex
from moodrec.engines.postgres.index import PostgresIndex
from moodrec.errors import EngineError, NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.serve.settings import Limits, ServeSettings
from tests.catalogues import MOODS
from tests.engines.served import GETS, NEED_A_LIBRARY, POSTS, comparable, rich_catalogue
from tests.serve.running import serving, settings_for

if TYPE_CHECKING:
    import httpx


ENGINES: dict[str, type[EngineIndex]] = {"postgres": PostgresIndex, "milvus": MilvusIndex}


def engine_settings(address: EngineAddress, **changes: Any) -> ServeSettings:
    limits = Limits(**{"rate": 0.0, "request_s": 59.0} | changes.pop("limits", {}))
    return ServeSettings(engine=address, port=0, limits=limits, refresh_s=0.1, **changes)


@pytest.fixture(scope="module")
def of_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, sample = tmp_path_factory.mktemp("served") / "index", rich_catalogue()
    MoodIndex.build(sample.vectors, sample.table, MOODS, "flat", model_fingerprint="one").save(folder)
    with serving(settings_for(folder)) as client:
        yield client


@pytest.fixture(scope="module", params=["postgres", "milvus"])
def address(request: pytest.FixtureRequest) -> EngineAddress:
    """The address of a catalogue of the sample in an engine."""
    kind = ENGINES[request.param]
    place, sample = str(request.getfixturevalue(f"{request.param}_address")), rich_catalogue()
    kind.build(place, sample.vectors, sample.table, MOODS, "served", model_fingerprint="one").close()
    return EngineAddress.of(place if "://" in place else f"milvus://{place}", "served")


@pytest.fixture(scope="module")
def of_engine(address: EngineAddress) -> Iterator[httpx.Client]:
    with serving(engine_settings(address)) as client:
        yield client


def same_answers(one: httpx.Response, other: httpx.Response) -> None:
    assert one.status_code == other.status_code
    if "json" in one.headers["content-type"]:
        assert comparable(one.json()) == comparable(other.json())
    else:
        assert one.content == other.content


@pytest.mark.parametrize(("path", "query"), GETS, ids=str)
def test_get(of_engine: httpx.Client, of_folder: httpx.Client, path: str, query: dict[str, Any]) -> None:
    same_answers(of_engine.get(path, params=query), of_folder.get(path, params=query))


@pytest.mark.parametrize(("path", "body"), POSTS, ids=str)
def test_post(of_engine: httpx.Client, of_folder: httpx.Client, path: str, body: dict[str, Any]) -> None:
    same_answers(of_engine.post(path, json=body), of_folder.post(path, json=body))


@pytest.mark.parametrize("engine", ["postgres", "milvus"])
def test_tracks_that_another_removes_while_a_version_is_served(
    request: pytest.FixtureRequest, engine: str
) -> None:
    """What was worked out of the version, such as the words of titles, still has them."""
    kind, sample = ENGINES[engine], rich_catalogue()
    place = str(request.getfixturevalue(f"{engine}_address"))
    kind.build(place, sample.vectors, sample.table, MOODS, "fewer").close()
    address = EngineAddress.of(place if "://" in place else f"milvus://{place}", "fewer")

    def statuses(client: httpx.Client) -> dict[str, int]:
        gets = {f"{path} {query}": client.get(path, params=query).status_code for path, query in GETS}
        return gets | {f"{path} {body}": client.post(path, json=body).status_code for path, body in POSTS}

    with serving(replace(engine_settings(address), refresh_s=3600.0)) as client:
        before = statuses(client)
        with kind.open(place, "fewer") as writer:
            writer.remove([f"t{row}" for row in range(100, 400)])
        assert statuses(client) == before
        # No list is kept of these words.
        fresh = client.get("/v1/tracks", params={"q": "title 15", "limit": 50})
        ids = [one["track_id"] for one in fresh.json()["tracks"]]
        assert ids[0] == "t15"
        assert set(ids) <= {f"t{row}" for row in range(100)}


def test_pages_of_a_list_fit_together(of_engine: httpx.Client, of_folder: httpx.Client) -> None:
    listed = []
    for client in (of_engine, of_folder):
        query: dict[str, Any] = {"where": "year > 1980", "sort": "title", "limit": 100}
        ids: list[str] = []
        while True:
            page = client.get("/v1/tracks", params=query).json()
            ids += [track["track_id"] for track in page["tracks"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        listed.append(ids)
    assert listed[0] == listed[1]
    assert len(listed[0]) == len(set(listed[0])) > 200


@pytest.mark.parametrize(("method", "path"), NEED_A_LIBRARY)
def test_what_needs_a_library_says_so(of_engine: httpx.Client, method: str, path: str) -> None:
    answer = of_engine.request(method, path)
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        told = answer.json()
        assert told["type"] == "urn:moodrec:problem:NeedsLibrary"
        assert "moodrec serve LIBRARY" in told["detail"]


def test_an_id_with_the_ending_of_audio_needs_no_library(of_engine: httpx.Client) -> None:
    answer = of_engine.get("/v1/tracks/t3%2Faudio")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no track has the id 't3/audio'")


def test_artists_need_a_library_too(of_engine: httpx.Client) -> None:
    body = {"items": [{"id": "Artist 3", "type": "artist", "op": "ADD"}]}
    answer = of_engine.post("/api/alchemy", json=body)
    assert answer.status_code == 501
    assert "library" in answer.json()["error"]


def test_the_page_says_that_it_needs_a_library(of_engine: httpx.Client) -> None:
    page = of_engine.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "moodrec serve LIBRARY" in page.text
    assert of_engine.get("/js/main.js").status_code == 404


def test_operators(of_engine: httpx.Client, address: EngineAddress) -> None:
    assert of_engine.get("/healthz").json() == {"status": "ok"}
    ready = of_engine.get("/readyz").json()
    stats = of_engine.get("/v1/stats").json()
    assert ready["status"] == "ready"
    assert (stats["tracks"], stats["kind"], stats["version"]) == (400, address.kind, ready["version"])
    assert "moodrec_index_tracks 400.0" in of_engine.get("/metrics").text
    assert of_engine.get("/v1/openapi.json").status_code == 200


def test_requests_run_beside_one_another(of_engine: httpx.Client, of_folder: httpx.Client) -> None:
    seeds = [f"t{row}" for row in range(0, 400, 4)]

    def ask(client: httpx.Client, seed: str) -> Any:
        return comparable(
            client.get("/v1/similar", params={"seed": seed, "k": 5, "where": "calm > 0.3"}).json()
        )

    expected = [ask(of_folder, seed) for seed in seeds]
    with ThreadPoolExecutor(24) as threads:
        assert list(threads.map(lambda seed: ask(of_engine, seed), seeds)) == expected


def test_an_etag_holds_until_rows_change(address: EngineAddress) -> None:
    sample = rich_catalogue()
    changing = EngineAddress.of(address.text, "changing")
    kind = ENGINES[address.kind]
    with (
        kind.build(address.text, sample.vectors[:50], sample.table.slice(0, 50), MOODS, "changing") as writer,
        serving(engine_settings(changing)) as client,
    ):
        for change in (
            lambda: writer.add(sample.vectors[50:60], sample.table.slice(50, 10)),
            lambda: writer.remove(["t50"]),
        ):
            first = client.get("/v1/tracks")
            again = {"If-None-Match": first.headers["etag"]}
            assert client.get("/v1/tracks", headers=again).status_code == 304
            change()  # type: ignore[no-untyped-call]
            before = first.json()["total"]
            while client.get("/readyz").json()["version"] == first.json()["version"]:
                pass
            fresh = client.get("/v1/tracks", headers=again)
            assert fresh.status_code == 200
            assert fresh.json()["total"] != before


def test_a_large_catalogue_is_not_read_as_a_whole(address: EngineAddress) -> None:
    with serving(engine_settings(address, limits={"whole": 399})) as client:
        for path, query in (
            ("/v1/moods", {}),
            ("/v1/columns", {}),
            ("/v1/tracks", {}),
            ("/v1/find", {"q": "calm"}),
            ("/v1/similar", {"seed": "Title 5"}),
        ):
            answer = client.get(path, params=query)
            assert answer.status_code == 501, path
            assert "all 400 tracks" in answer.json()["detail"]
        for kind, body in (("arc", {"start": {"calm": 1}, "end": {"calm": 0}}), ("clusters", {"k": 2})):
            assert client.post(f"/v1/playlists/{kind}", json=body).status_code == 501
        assert client.get("/v1/similar", params={"seed": "t5"}).status_code == 200
        assert client.post("/v1/playlists/radio", json={"seed": "t5", "n": 3}).status_code == 200


def test_settings_that_contradict_each_other(address: EngineAddress, tmp_path: Path) -> None:
    for wrong in ({"engine": address, "library": tmp_path}, {}, {"engine": address, "music": (tmp_path,)}):
        with pytest.raises(UsageError):
            ServeSettings(**wrong)  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="build it first"):
        EngineAddress.of(address.text, "nothing_here").open()
    wrong_place = {"postgres": "postgresql://me@127.0.0.1:1/x", "milvus": "milvus://127.0.0.1:9"}[
        address.kind
    ]
    with pytest.raises(EngineError, match=r"PostgreSQL|Milvus"):
        EngineAddress.of(wrong_place).open()
