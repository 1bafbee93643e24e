"""The API gives what the library gives, with the same texts for errors."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import MoodrecError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.recommender import Recommender
from tests.serve.running import save_sample, serving, settings_for

if TYPE_CHECKING:
    import httpx


def ids(document: dict[str, Any]) -> list[str]:
    return [track["track_id"] for track in document["tracks"]]


def test_similar_gives_what_the_recommender_gives(client: httpx.Client, rec: Recommender) -> None:
    asked: dict[str, Any] = {"where": "year >= 1980", "max_per_artist": 1, "distinct": True, "diversity": 0.3}
    expected = rec.similar("t5", 12, mood={"calm": 0.9}, mood_weight=0.4, **asked)
    query: dict[str, Any] = asked | {"seed": "t5", "k": 12, "mood": "calm=0.9", "mood_weight": 0.4}
    by_url = client.get("/v1/similar", params=query).json()
    by_body = client.post("/v1/similar", json=query | {"mood": {"calm": 0.9}}).json()
    assert ids(by_url) == ids(by_body) == expected.track_ids
    np.testing.assert_allclose([track["score"] for track in by_url["tracks"]], expected.scores, atol=2e-6)
    assert by_url["tracks"][0]["moods"].keys() == {"calm", "happy"}
    assert by_url["seed"]["track_id"] == "t5"
    assert (
        ids(client.get("/v1/similar", params={"seed": "Title 5", "k": 3}).json())
        == rec.similar("t5", 3).track_ids
    )


def test_vectors_and_several_seeds(client: httpx.Client, rec: Recommender) -> None:
    vector = rec.index.vectors(["t7"])[0]
    found = client.post("/v1/similar", json={"vector": vector.tolist(), "k": 3}).json()
    assert ids(found) == rec.index.search(vector, 3).track_ids[0].tolist()
    many = client.post("/v1/similar", json={"seeds": ["t1", "t2"], "k": 5}).json()
    assert ids(many) == rec.for_history(["t1", "t2"], 5).track_ids
    assert (
        client.post("/v1/similar", json={"k": 5}).json()["detail"]
        == "give one of seed, seeds and vector, not none"
    )


def test_history_steers_away_from_what_was_disliked(client: httpx.Client, rec: Recommender) -> None:
    body = {"likes": ["t1"], "dislikes": ["t9"], "k": 8, "explain": True}
    found = client.post("/v1/for-history", json=body).json()
    assert ids(found) == rec.for_history({"t1": 1.0, "t9": -0.5}, 8).track_ids
    assert all(reason["cosine"] is not None for reason in found["why"])


def test_by_mood(client: httpx.Client, rec: Recommender) -> None:
    expected = rec.by_mood({"calm": 0.8, "happy": 0.2}, 5).track_ids
    assert ids(client.get("/v1/by-mood", params={"mood": "calm=0.8,happy=0.2", "k": 5}).json()) == expected
    assert (
        ids(client.post("/v1/by-mood", json={"mood": {"calm": 0.8, "happy": 0.2}, "k": 5}).json()) == expected
    )


def test_explanations_add_up_to_the_score(client: httpx.Client) -> None:
    query: dict[str, Any] = {
        "seed": "t3",
        "mood": "calm=0.9,happy=0.5",
        "mood_weight": 0.4,
        "explain": True,
        "where": "year > 1990",
    }
    found = client.get("/v1/similar", params=query).json()
    for track, why in zip(found["tracks"], found["why"], strict=True):
        parts = sum(reason["part"] for reason in why["moods"])
        assert track["score"] == pytest.approx(0.6 * why["cosine"] + parts, abs=1e-4)
    drops = {drop["condition"]: drop["rows"] for drop in found["explain"]["dropped"]}
    assert drops["year > 1990"] > 0


def test_without_a_target_the_moods_in_common_decide(client: httpx.Client) -> None:
    found = client.get("/v1/similar", params={"seed": "t3", "explain": True}).json()
    seed = found["seed"]["moods"]
    spread = {mood["name"]: mood for mood in client.get("/v1/moods").json()["moods"]}
    for why in found["why"]:
        for reason in why["moods"]:
            mean = spread[reason["mood"]]["mean"]
            assert reason["wanted"] == pytest.approx(seed[reason["mood"]], abs=1e-5)
            assert (reason["score"] > mean) == (reason["wanted"] > mean)


def test_the_texts_of_errors_are_those_of_the_library(client: httpx.Client, rec: Recommender) -> None:
    queries: tuple[dict[str, Any], ...] = (
        {"seed": "t1", "where": "yeer > 1990"},
        {"seed": "t1", "where": "year >"},
        {"seed": "nobody"},
        {"seed": "t1", "mood_weight": 0.4},
        {"seed": "t1", "mood": "calmm=0.5"},
    )
    for query in queries:
        mood = {"mood": {"calmm": 0.5}} if "mood" in query else {}
        with pytest.raises(MoodrecError) as raised:
            rec.similar(
                str(query["seed"]), **{k: v for k, v in query.items() if k not in ("seed", "mood")}, **mood
            )  # type: ignore[call-overload]
        answer = client.get("/v1/similar", params=query)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == str(raised.value)
        assert answer.status_code == answer.json()["status"] == (404 if query["seed"] == "nobody" else 400)


def test_unknown_parameters_are_refused(client: httpx.Client) -> None:
    answer = client.get("/v1/similar", params={"seed": "t1", "wher": "year > 1990"})
    assert answer.status_code == 422
    assert "wher" in answer.json()["detail"]
    assert client.post("/v1/similar", json={"seed": "t1", "K": 3}).status_code == 422
    assert client.get("/v1/similar", params={"seed": "t1", "k": 2000}).status_code == 400


def test_pages_cover_every_track_once(client: httpx.Client, rec: Recommender) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"where": "year >= 1980", "sort": "-calm", "limit": 50}
    while True:
        page = client.get("/v1/tracks", params=query).json()
        seen += ids(page)
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == rec.list("year >= 1980", "-calm")["track_id"].tolist()
    assert page["total"] == len(seen)
    assert client.get("/v1/tracks", params=query | {"sort": "calm"}).status_code == 400
    assert client.get("/v1/tracks", params=query | {"cursor": "W10="}).status_code == 400


def test_words_find_titles_first_and_artists_too(client: httpx.Client) -> None:
    assert ids(client.get("/v1/tracks", params={"q": "title 12"}).json())[0] == "t12"
    found = client.get("/v1/tracks", params={"q": "ARTIST 7", "limit": 1000}).json()
    assert {track["artist"] for track in found["tracks"] if track["artist"] == "Artist 7"} == {"Artist 7"}
    assert client.get("/v1/tracks", params={"q": "no such words"}).json()["total"] == 0


def test_columns_choose_what_is_told(client: httpx.Client) -> None:
    track = client.get("/v1/tracks/t4", params={"columns": ["title", "calm"]}).json()
    assert track.keys() == {"track_id", "title", "moods"}
    assert track["moods"].keys() == {"calm"}
    assert client.get("/v1/tracks/t4", params={"columns": "titel"}).status_code == 400


def test_an_entity_tag_saves_the_answer(client: httpx.Client) -> None:
    first = client.get("/v1/similar", params={"seed": "t1"})
    again = client.get("/v1/similar", params={"seed": "t1"}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/v1/similar", params={"seed": "t2"}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_moods_and_columns_describe_the_library(client: httpx.Client, rec: Recommender) -> None:
    moods = client.get("/v1/moods").json()
    calm = next(mood for mood in moods["moods"] if mood["name"] == "calm")
    assert sum(calm["histogram"]) == calm["known"] == int(rec.frame["calm"].notna().sum())
    columns = {column["name"]: column for column in client.get("/v1/columns").json()["columns"]}
    assert columns["year"]["kind"] == "number"
    assert columns["year"]["least"] == rec.frame["year"].min()
    assert columns["genre"]["values"] == [{"value": "rock", "count": 266}]
    assert columns["artist"]["values"][0]["count"] == int(rec.frame["artist"].value_counts().max())
    assert columns["track_id"]["values"] == []


def test_the_map_is_one_block_in_the_order_of_its_tracks(client: httpx.Client, rec: Recommender) -> None:
    block = client.get("/v1/map")
    places = np.frombuffer(block.content, "<u2").reshape(-1, 2)
    assert places.shape == (400, 2)
    assert (places.min(), places.max()) == (0, 65_535)
    assert client.get("/v1/map", headers={"If-None-Match": block.headers["etag"]}).status_code == 304
    listed = client.get("/v1/map/tracks", params={"columns": "title"}).json()
    assert listed["track_id"] == rec.index.track_ids
    scores = np.frombuffer(client.get("/v1/map/moods").content, np.uint8).reshape(-1, 2)
    calm = rec.frame["calm"].to_numpy(np.float32)
    np.testing.assert_allclose(scores[:, 0] / 254, calm, atol=0.003)
    assert ((scores[:, 1] == 255) == rec.frame["happy"].isna()).all()
    # Neighbours in sound lie near each other.
    near = rec.index.similar_to(rec.index.track_ids, 1).track_ids[:, 0]
    rows = {track_id: row for row, track_id in enumerate(rec.index.track_ids)}
    steps = np.linalg.norm(places.astype(float) - places[[rows[one] for one in near]], axis=1)
    others = np.linalg.norm(places.astype(float) - np.roll(places, 200, axis=0), axis=1)
    assert np.median(steps) < 0.5 * np.median(others)
    info = client.get("/v1/map/info").json()
    assert info["method"] in ("pca", "umap")
    assert sum(region["tracks"] for region in info["regions"]) <= 400
    assert len(info["regions"]) >= 2


def test_playlists(client: httpx.Client, rec: Recommender) -> None:
    from moodrec.recommend.playlists.kinds import arc, path, radio
    from moodrec.recommend.playlists.rules import Rules

    rules = Rules(n=8)
    made = client.post("/v1/playlists/radio", json={"seed": "t3", "n": 8, "where": "year > 1970"}).json()
    assert ids(made) == radio(rec, "t3", rules, where="year > 1970").track_ids
    made = client.post("/v1/playlists/path", json={"start": "t3", "end": "Title 8", "n": 8}).json()
    assert ids(made) == path(rec, "t3", "t8", rules).track_ids
    made = client.post("/v1/playlists/arc", json={"start": {"calm": 1}, "end": {"happy": 1}, "n": 8}).json()
    assert ids(made) == arc(rec, {"calm": 1}, {"happy": 1}, rules).track_ids
    drawn = {
        "start": {"calm": 0.9},
        "end": {"calm": 0.8},
        "n": 8,
        "via": [{"at": 0.5, "moods": {"calm": 0.1}}],
    }
    made = client.post("/v1/playlists/arc", json=drawn).json()
    assert ids(made) == arc(rec, {"calm": 0.9}, {"calm": 0.8}, rules, via=[(0.5, {"calm": 0.1})]).track_ids
    made = client.post(
        "/v1/playlists/mix", json={"tracks": {"t1": 1, "t2": -0.5}, "mood": {"calm": 1}}
    ).json()
    assert made["count"] == 25
    parts = client.post("/v1/playlists/clusters", json={"k": 3, "n": 4}).json()["clusters"]
    assert sum(part["share"] for part in parts) == pytest.approx(1)
    assert all(part["playlist"]["count"] == 4 for part in parts)
    plays = [{"track_id": "t1", "played_at": "2026-01-01"}, {"track_id": "t2", "played_at": 1.7e9}]
    assert client.post("/v1/playlists/fingerprint", json={"plays": plays[:1], "n": 5}).json()["count"] == 5
    listed = client.post(
        "/v1/playlists/export", json={"track_ids": ["t2", "t1"], "format": "xspf", "title": "<b>"}
    )
    assert b"<title>&lt;b&gt;</title>" in listed.content
    assert listed.content.index(b"Title 2") < listed.content.index(b"Title 1")


def test_a_new_version_takes_over_without_a_dropped_request(tmp_path: Path) -> None:
    index = save_sample(tmp_path / "index", 300)
    with serving(settings_for(tmp_path / "index", refresh_s=0.05)) as client:
        before = client.get("/v1/tracks", params={"limit": 10}).json()
        index.remove([f"t{row}" for row in range(100)])
        index.save(tmp_path / "index")
        versions = {before["version"]}
        for _ in range(500):
            answer = client.get("/v1/similar", params={"seed": "t200", "k": 5})
            assert answer.status_code == 200
            versions.add(answer.json()["version"])
            if len(versions) == 2:
                break
        assert len(versions) == 2
        # The next page is of the version that the first was of; the page after another change is refused.
        assert (
            ids(client.get("/v1/tracks", params={"limit": 10, "cursor": before["next"]}).json())[0] == "t10"
        )
        assert client.get("/v1/stats").json()["tracks"] == 200
        assert b"moodrec_index_versions 2.0" in client.get("/metrics").content


def test_openapi_names_every_endpoint(client: httpx.Client) -> None:
    document = client.get("/v1/openapi.json").json()
    for place in ("/v1/tracks", "/v1/similar", "/v1/map", "/v1/playlists/arc", "/v1/jobs", "/healthz"):
        assert place in document["paths"]
    operations = [op for methods in document["paths"].values() for op in methods.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    assert all(op["summary"] for op in operations)


def test_words_become_a_sentence_and_its_tracks(client: httpx.Client, rec: Recommender) -> None:
    told = client.get("/v1/find", params={"q": "very calm rock since 1990, like title 7, theremin"}).json()
    assert told["found"] is None
    assert told["not_understood"] == ["theremin"]
    assert told["moods"] == {"calm": 1.0}
    assert told["where"] == "genre = 'rock' AND year >= 1990"
    assert told["seed"]["track_ids"] == ["t7"]
    found = client.get("/v1/find", params={"q": "calm rock", "k": 4}).json()["found"]
    assert ids(found) == rec.by_mood({"calm": 0.9}, 4, where="genre = 'rock'").track_ids
    assert client.get("/v1/find", params={"q": "xyz", "k": 4}).status_code == 400


def test_an_index_that_is_gone_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_sample(tmp_path / "index", 20)
    with serving(settings_for(tmp_path / "index", refresh_s=0.01)) as client:
        (tmp_path / "index").rename(tmp_path / "away")
        while not caplog.messages:
            threading.Event().wait(0.02)
        threading.Event().wait(0.3)
        assert [text for text in caplog.messages if "stays at its version" in text] == caplog.messages[:1]
        assert client.get("/v1/tracks").status_code == 200


def test_lists_keep_to_their_limits_on_artists(client: httpx.Client, rec: Recommender) -> None:
    every = rec.index.table.select(["track_id", "artist"]).to_pylist()
    barred = next(row["artist"] for row in every if row["artist"])
    firsts: dict[str, str] = {}
    for row in every:
        if row["artist"] != barred:
            firsts.setdefault(row["artist"] or row["track_id"], row["track_id"])
    query: dict[str, Any] = {"exclude_artist": barred.upper(), "max_per_artist": 1, "limit": 7}
    page = client.get("/v1/tracks", params=query).json()
    assert page["total"] == len(firsts)
    found = ids(page)
    while page["next"]:
        page = client.get("/v1/tracks", params=query | {"cursor": page["next"]}).json()
        found += ids(page)
    assert found == list(firsts.values())
    of_another_list = {"cursor": client.get("/v1/tracks", params=query).json()["next"], "limit": 7}
    assert client.get("/v1/tracks", params=of_another_list).status_code == 400


def test_head_of_the_stream_of_events_has_its_headers(client: httpx.Client) -> None:
    with client.stream("GET", "/v1/events") as stream:
        headers = dict(stream.headers)
    head = client.head("/v1/events", timeout=5)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    passing = {"date", "transfer-encoding"}
    assert {*headers} - passing == {*head.headers} - passing
    assert all(head.headers[name] == headers[name] for name in {*headers} - passing)


def test_head_is_answered_as_get_is(client: httpx.Client) -> None:
    known = client.get("/v1/openapi.json").json()["paths"]
    examples = {"{track_id}": "t5", "{job_id}": "none", "{method}": "ping", "{name}": "none"}
    paths = [
        path
        for path, methods in known.items()
        if "get" in methods and not path.endswith(("/events", "/audio"))
    ]
    assert {"/healthz", "/metrics", "/v1/tracks", "/rest/{method}"} <= {*paths}
    for path in [*paths, "/", "/js/main.js", "/v1/nothing", "/nothing"]:
        for part, example in examples.items():
            path = path.replace(part, example)
        options: dict[str, Any] = {"params": {"seed": "t5", "mood": "calm=1", "q": "calm", "artist": "x"}}
        headers = {"accept-encoding": "identity"}
        got, head = (client.request(method, path, headers=headers, **options) for method in ("GET", "HEAD"))
        assert head.status_code == got.status_code, path
        assert head.content == b""
        told = {"content-type", "etag", "cache-control", "allow"} & {*got.headers}
        assert {name: head.headers.get(name) for name in told} == {name: got.headers[name] for name in told}
        if path != "/metrics":  # it counts its own requests
            assert head.headers["content-length"] == str(len(got.content)), path
    counted = client.get("/metrics").text
    assert 'moodrec_requests_total{method="HEAD",route="/rest/{method}",status="200"}' in counted


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/label", "POST"),
        ("HEAD", "/v1/label", "POST"),
        ("PUT", "/v1/playlists/radio", "POST"),
        ("OPTIONS", "/v1/tracks", "GET, HEAD"),
        ("POST", "/v1/tracks/t5", "GET, HEAD"),
        ("PUT", "/v1/similar", "GET, HEAD, POST"),
        ("PUT", "/v1/jobs/none", "DELETE, GET, HEAD"),
        ("PUT", "/rest/ping", "GET, HEAD, POST"),
        ("DELETE", "/api/alchemy", "POST"),
        ("POST", "/", "GET, HEAD"),
    ],
)
def test_a_method_that_an_address_lacks_is_told(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        ('{"seed": "t1"}', "application/x-www-form-urlencoded", "send JSON, with the header Content-Type"),
        ('{"seed": "t1"}', "text/plain", "the body was sent as 'text/plain'"),
        ('{"seed": "t1"}', "", "the body was sent without a type"),
        ('{"seed": t1}', "application/json", "the body is no JSON: Expecting value at character 9"),
        (b'{"seed": "\xff"}', "application/json", "the body cannot be read; send JSON in UTF-8"),
        ("[" * 100_000, "application/json", "the body cannot be read; send JSON in UTF-8"),
    ],
)
def test_a_body_that_is_no_json_is_told(
    client: httpx.Client, content: str | bytes, kind: str, told: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = client.post("/v1/similar", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert told in answer.json()["detail"]


@pytest.mark.parametrize(
    ("taken", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("x-gzip", True), ("gzip;q=0", False), ("gzip; q=0.000", False),
     ("identity", False), ("br", False), ("", False)],
)  # fmt: skip
def test_answers_are_packed_for_those_who_take_it(client: httpx.Client, taken: str, packed: bool) -> None:
    answer = client.get("/v1/tracks", params={"limit": 100}, headers={"accept-encoding": taken})
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert len(answer.json()["tracks"]) == 100


IDS = [
    "a/b",
    "/a",
    "a/",
    "//",
    "x/events",
    "t0",
    "t0/audio",
    "/audio",
    "t0/audio/audio",
    "t0%2Faudio",
    "\u00fc \u00f1",
    "\u65e5\u672c",
    "a?b#c%41",
    "..",
    "../..",
    "a:b",
    " a",
    "t+1",
    "a\\b",
    "e\u0301",
]


def test_ids_of_all_kinds(tmp_path: Path) -> None:
    vectors = np.eye(len(IDS), 16, dtype=np.float32) + 0.1
    table = pa.table({"track_id": IDS, "title": IDS, "calm": pa.array([0.5] * len(IDS), pa.float32())})
    MoodIndex.build(vectors, table, ["calm"]).save(tmp_path / "index")
    with serving(settings_for(tmp_path / "index")) as client:
        for track_id in IDS:
            path = f"/v1/tracks/{quote(track_id, safe='').replace('.', '%2E')}"
            assert client.get(path).json()["track_id"] == track_id
            assert client.get(path, params={"columns": "title"}).json()["title"] == track_id
            assert client.head(path).status_code == 200
            found = client.get("/v1/similar", params={"seed": track_id, "k": 1, "columns": "track_id"}).json()
            assert found["seed"] == {"track_id": track_id}
            for answer in (client.get(f"{path}/audio"), client.get(f"{path}%20")):
                assert answer.status_code == 404
                assert answer.json()["type"].endswith("NotFoundError")
        assert client.get("/v1/tracks/").status_code in (307, 422)
        routes = client.get("/metrics").text
        assert 'route="/v1/tracks/{track_id:path}"' in routes
        assert "a/b" not in routes
