"""What players ask: OpenSubsonic and AudioMuse-AI's calls, by the players' ids; links, and playlists sent back."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from moodrec.audio.probe import Tags
from moodrec.catalog.refresh import refresh_index
from moodrec.library.library import Library
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis
from moodrec.recommend.recommender import Recommender
from tests.catalogues import clustered
from tests.cli.commands import run, run_json
from tests.players.subsonic_server import PASSWORD, USER, Behaviour, subsonic
from tests.serve.running import TOKEN, serving, settings_for

if TYPE_CHECKING:
    import httpx

N = 60
NAMESPACE = "{http://subsonic.org/restapi}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of made-up tracks: ten artists, six tracks each."""
    folder = tmp_path_factory.mktemp("players") / "library"
    vectors = clustered(np.random.default_rng(3), N, 16, 10)
    model = ModelRecord("toy", "toy", ("calm", "happy"), 16)
    with Library.open_or_create(folder) as library, library.writer():
        library.register_model(model)
        for row in range(N):
            tags = Tags(
                title=f"Song {row}",
                artist=f"Band {row % 10}",
                album=f"Album {row % 10}",
                year=1990 + row % 20,
            )
            scores = np.array([row / N, 1 - row / N], np.float32)
            track = TrackAnalysis(f"audio{row}", tags, 200.0 + row, vectors[row], scores, scores)
            state = FileState(Path(f"/music/Band {row % 10}/{row:02d}.flac"), 1, row)
            library.acknowledge(model, FileResult(state, Outcome.OK, track=track))
        library.promote("toy")
    with Library.open(folder) as library:
        refresh_index(library)
    return folder


def children() -> list[dict[str, Any]]:
    """The player's songs: all but the last six, and one that is not ours."""
    known = [
        {
            "id": f"nd{row}",
            "isDir": False,
            "title": f"Song {row}",
            "artist": f"Band {row % 10}",
            "artistId": f"ar{row % 10}",
            "album": f"Album {row % 10}",
            "path": f"Band {row % 10}/{row:02d}.flac",
            "duration": 200 + row,
        }
        for row in range(N - 6)
    ]
    return [*known, {"id": "nd999", "isDir": False, "title": "Foreign", "album": "Album 99", "duration": 5}]


@pytest.fixture(scope="module")
def player() -> Iterator[tuple[str, Behaviour]]:
    behaviour = Behaviour(children())
    with subsonic(behaviour) as url:
        yield url, behaviour


@pytest.fixture(scope="module")
def linked(library: Path, player: tuple[str, Behaviour], tmp_path_factory: pytest.TempPathFactory) -> Path:
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    options = ("--user", USER, "--password-file", secret, "--library", library, "--name", "navidrome")
    tested = run_json("link", player[0], *options, "--test")
    assert (tested["type"], tested["extensions"]) == ("ours", ["formPost"])
    told = run_json("link", player[0], *options, "--keep-login")
    assert (told["songs"], told["matched"], told["by"]) == (N - 5, N - 6, {"path": N - 6})
    assert told["unmatched"] == ["Foreign"]
    kept = library / "players" / "navidrome.login"
    assert kept.stat().st_mode & 0o077 == 0
    assert "geheim" not in kept.read_text()
    return library


@pytest.fixture(scope="module")
def client(linked: Path) -> Iterator[httpx.Client]:
    with serving(settings_for(linked)) as client:
        yield client


@pytest.fixture(scope="module")
def rec(library: Path) -> Recommender:
    return Recommender.open(library)


def told(client: httpx.Client, method: str, **asked: str | float) -> dict[str, Any]:
    answer = client.get(f"/rest/{method}", params={"f": "json", **asked})
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()["subsonic-response"]
    assert document["openSubsonic"] is True
    return document


def our(rec: Recommender, player_id: str) -> str:
    return rec.resolve(f"Song {player_id.removeprefix('nd')}")


def test_sonic_similarity_in_json(client: httpx.Client, rec: Recommender) -> None:
    found = told(client, "getSonicSimilarTracks.view", id="nd4", count=8)["sonicMatch"]
    ids = [match["entry"]["id"] for match in found]
    assert len(ids) == 8
    expected = rec.similar(our(rec, "nd4"), N - 1)
    playable = [
        f"nd{title.split()[1]}" for title in expected.tracks["title"] if int(title.split()[1]) < N - 6
    ]
    assert ids == playable[:8]
    cosine = float(rec.index.vectors([our(rec, "nd4")])[0] @ rec.index.vectors([our(rec, ids[0])])[0])
    assert found[0]["similarity"] == pytest.approx((1 + cosine) / 2, abs=1e-5)
    entry = found[0]["entry"]
    assert entry["isDir"] is False
    assert entry["duration"] == 200 + int(ids[0][2:])
    assert entry["artist"] == f"Band {int(ids[0][2:]) % 10}"
    assert len(told(client, "getSonicSimilarTracks", id="nd4")["sonicMatch"]) == 10


def test_sonic_path_begins_and_ends_where_it_should(client: httpx.Client) -> None:
    found = told(client, "findSonicPath", startSongId="nd1", endSongId="nd30", count=6)["sonicMatch"]
    ids = [match["entry"]["id"] for match in found]
    assert (ids[0], ids[-1], len(ids), len(set(ids))) == ("nd1", "nd30", 6, 6)
    assert found[0]["similarity"] == 1.0
    assert all(one.startswith("nd") for one in ids)


def test_xml_has_the_same_in_the_namespace_of_subsonic(client: httpx.Client) -> None:
    asked: dict[str, Any] = {"id": "nd4", "count": 3}
    answer = client.post("/rest/getSonicSimilarTracks", data=asked)
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}subsonic-response"
    assert root.get("status") == "ok"
    entries = [match.find(f"{NAMESPACE}entry") for match in root.findall(f"{NAMESPACE}sonicMatch")]
    in_json = told(client, "getSonicSimilarTracks", **asked)["sonicMatch"]
    assert [entry.get("id") for entry in entries if entry is not None] == [
        one["entry"]["id"] for one in in_json
    ]
    moods = [[mood.text for mood in entry] for entry in entries if entry is not None]
    assert moods == [one["entry"]["moods"] for one in in_json]
    extensions = ET.fromstring(client.get("/rest/getOpenSubsonicExtensions").content)
    names = [one.get("name") for one in extensions]
    assert names == ["apiKeyAuthentication", "formPost", "sonicSimilarity"]
    assert [version.text for version in extensions[0]] == ["1"]


def test_jsonp_calls_a_function_with_the_json(client: httpx.Client) -> None:
    asked = {"id": "nd4", "count": "3", "f": "jsonp", "callback": "jQuery1.done_$"}
    answer = client.get("/rest/getSonicSimilarTracks", params=asked)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    called = re.fullmatch(r"jQuery1\.done_\$\((.*)\);", answer.text)
    assert called
    in_json = client.get("/rest/getSonicSimilarTracks", params=asked | {"f": "json"})
    assert json.loads(called[1]) == in_json.json()
    for wrong in ("", "alert(1)//", "a b", "1x", "x" * 101):
        refused = client.get("/rest/ping", params={"f": "jsonp", "callback": wrong})
        assert refused.headers["content-type"] == "application/json"
        assert refused.json()["subsonic-response"]["error"]["code"] == 10


@pytest.mark.parametrize(
    ("method", "asked", "code"),
    [
        ("getSonicSimilarTracks", {}, 10),
        ("getSonicSimilarTracks", {"id": "nowhere"}, 70),
        ("getSonicSimilarTracks", {"id": "nd999"}, 70),
        ("getSonicSimilarTracks", {"id": "nd1", "count": "many"}, 0),
        ("findSonicPath", {"startSongId": "nd1"}, 10),
        ("findSonicPath", {"startSongId": "nd1", "endSongId": "nd1"}, 0),
        ("stream", {"id": "nd1"}, 0),
        ("tokenInfo", {}, 10),
    ],
)
def test_failures_are_codes(client: httpx.Client, method: str, asked: dict[str, str], code: int) -> None:
    document = told(client, method, **asked)
    assert (document["status"], document["error"]["code"]) == ("failed", code)


def test_credentials(linked: Path) -> None:
    hashed = hashlib.md5((TOKEN + "salt").encode()).hexdigest()
    with serving(settings_for(linked, token=TOKEN)) as client:
        for asked, code in (
            ({"apiKey": TOKEN}, None),
            ({"u": "me", "t": hashed, "s": "salt"}, None),
            ({"u": "me", "p": TOKEN}, None),
            ({"u": "me", "p": "enc:" + TOKEN.encode().hex()}, None),
            ({}, 10),
            ({"u": "me"}, 10),
            ({"u": "me", "t": hashed}, 10),
            ({"apiKey": "wrong"}, 44),
            ({"apiKey": TOKEN, "u": "me"}, 43),
            ({"u": "me", "t": hashed, "s": "salt", "p": TOKEN}, 43),
            ({"u": "me", "t": "0" * 32, "s": "salt"}, 40),
            ({"u": "me", "p": "wrong"}, 40),
            ({"u": "me", "p": "enc:zz"}, 40),
        ):
            document = told(client, "ping", **asked)
            assert document.get("error", {}).get("code") == code, asked
        assert told(client, "getOpenSubsonicExtensions")["status"] == "ok"
        assert told(client, "tokenInfo", apiKey=TOKEN)["tokenInfo"] == {"username": "moodrec"}
        assert client.get("/api/similar_tracks", params={"item_id": "nd1"}).status_code == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/similar_tracks", params={"item_id": "nd1"}, headers=bearer).status_code == 200


def test_audiomuse_similar_tracks(client: httpx.Client, rec: Recommender) -> None:
    asked: dict[str, Any] = {"item_id": "nd4", "n": 12, "radius_similarity": "true"}
    songs = client.get("/api/similar_tracks", params=asked).json()
    assert [song["item_id"] for song in songs] == [
        one["entry"]["id"] for one in told(client, "getSonicSimilarTracks", id="nd4", count=12)["sonicMatch"]
    ]
    assert songs[0].keys() == {"item_id", "title", "author", "album", "distance"}
    assert all(left["distance"] <= right["distance"] + 1e-6 for left, right in itertools.pairwise(songs))
    few = client.get("/api/similar_tracks", params=asked | {"n": 30, "eliminate_duplicates": "true"}).json()
    artists = [song["author"] for song in few]
    assert max(map(artists.count, artists)) <= 3
    by_name: dict[str, Any] = {"title": "Song 4", "artist": "Band 4", "n": 12}
    assert client.get("/api/similar_tracks", params=by_name).json() == songs
    assert client.get("/api/similar_tracks", params=asked | {"mood_similarity": "true"}).json() != songs
    wrongs: tuple[tuple[dict[str, Any], int], ...] = (
        ({}, 400),
        ({"item_id": "nowhere"}, 404),
        ({"item_id": "nd1", "n": "x"}, 400),
    )
    for wrong, status in wrongs:
        answer = client.get("/api/similar_tracks", params=wrong)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert client.get("/api/similar_tracks", params=asked | {"server": "navidrome"}).json() == songs
    assert client.get("/api/similar_tracks", params=asked | {"server": "plex"}).status_code == 404


def test_audiomuse_paths_artists_alchemy_and_words(client: httpx.Client, rec: Recommender) -> None:
    asked: dict[str, Any] = {"start_song_id": "nd1", "end_song_id": "nd30", "max_steps": 7}
    way = client.get("/api/find_path", params=asked).json()
    ids = [song["item_id"] for song in way["path"]]
    assert (ids[0], ids[-1], len(ids)) == ("nd1", "nd30", 7)
    vectors = rec.index.vectors([our(rec, one) for one in ids])
    assert way["total_distance"] == pytest.approx(
        float((1 - (vectors[1:] * vectors[:-1]).sum(1)).sum()), abs=1e-4
    )
    artists = client.get("/api/similar_artists", params={"artist": "ar3", "n": 4}).json()
    assert len(artists) == 4
    assert {artist["artist_id"] for artist in artists} <= {f"ar{number}" for number in range(10)} - {"ar3"}
    assert artists == client.get("/api/similar_artists", params={"artist": "band 3", "n": 4}).json()
    more: dict[str, Any] = {"artist": "ar3", "n": 1, "include_component_matches": "true"}
    matches = client.get("/api/similar_artists", params=more).json()[0]["component_matches"][0]
    assert len(matches["artist1_representative_songs"]) == 3
    assert client.get("/api/similar_artists", params={"artist": "nobody"}).status_code == 404
    items = [
        {"id": "nd1", "op": "ADD"},
        {"id": "ar3", "op": "ADD", "type": "artist"},
        {"id": "nd9", "op": "SUBTRACT"},
    ]
    mixed = client.post("/api/alchemy", json={"items": items, "n": 9, "temperature": 0.5}).json()["results"]
    assert len(mixed) == 9
    assert not {"nd1", "nd9"} & {song["item_id"] for song in mixed}
    only = [{"id": "nd9", "op": "SUBTRACT"}]
    assert client.post("/api/alchemy", json={"items": only}).status_code == 400
    found = client.get("/api/search_tracks", params={"title": "Song 12", "artist": "Band 2"}).json()
    assert [song["item_id"] for song in found] == ["nd12"]


def test_playlists_are_written_into_the_player(
    client: httpx.Client, player: tuple[str, Behaviour], rec: Recommender
) -> None:
    listed = client.get("/v1/players").json()["players"]
    assert [(one["name"], one["matched"], one["can_send"]) for one in listed] == [("navidrome", N - 6, True)]
    assert client.post("/v1/players/navidrome/test").json()["kind"] == "ours"
    ids = [our(rec, one) for one in ("nd5", "nd3", f"nd{N - 1}")]
    sent = client.post("/v1/players/navidrome/playlists", json={"title": "Evening", "track_ids": ids}).json()
    assert sent == {"playlist_id": "pl-1", "sent": 2, "left_out": 1}
    assert player[1].playlists["pl-1"] == ["nd5", "nd3"]
    body = {"playlist_name": "Night", "track_ids": ["nd7", "nd8"]}
    assert client.post("/api/create_playlist", json=body).json()["playlist_id"] == "pl-1"
    assert player[1].playlists["pl-1"] == ["nd7", "nd8"]
    assert client.post("/v1/players/none/test").status_code == 404


def test_without_a_link_ids_are_ours(sample_folder: Path) -> None:
    with serving(settings_for(sample_folder)) as client:
        found = told(client, "getSonicSimilarTracks", id="t3", count=5)["sonicMatch"]
        assert [match["entry"]["id"] for match in found] == [
            track["track_id"]
            for track in client.get("/v1/similar", params={"seed": "t3", "k": 5}).json()["tracks"]
        ]
        assert client.get("/v1/players").json() == {"players": []}


def test_a_table_links_too_and_mistakes_are_told(library: Path, tmp_path: Path) -> None:
    table = tmp_path / "songs.csv"
    table.write_text("id,title,artist,duration\nx1,Song 1,Band 1,201\nx2,Nothing,Nobody,\n")
    told = run_json("link", "--csv", table, "--library", library, "--name", "table")
    assert (told["matched"], told["by"], told["unmatched"]) == (1, {"names": 1}, ["Nobody - Nothing"])
    assert "1 of 2 songs" in run("link", "--csv", table, "--library", library, "--name", "table").stdout
    (library / "players" / "table.json").unlink()
    assert "letters" in run("link", "--csv", table, "--library", library, "--name", "../x", code=2).stderr
    assert "needs a login" in run("link", "http://127.0.0.1:1", "--library", library, code=2).stderr
    assert "address of a player, or --csv" in run("link", "--library", library, code=2).stderr
    assert "prefix" in run("link", "--csv", table, "--prefix", "x", "--library", library, code=2).stderr


def test_labels_are_stored_and_scores_follow(client: httpx.Client, rec: Recommender) -> None:
    track = our(rec, "nd2")
    before = client.get("/v1/stats").json()["version"]
    done = client.post("/v1/label", json={"track_id": track, "moods": {"calm": 1.0}, "by": "Ann"}).json()
    assert [(one["mood"], one["value"], one["given_by"]) for one in done["written"]] == [("calm", 1.0, "Ann")]
    assert done["version"] != before
    assert client.get(f"/v1/tracks/{track}").json()["moods"]["calm"] == 1.0
    assert [one["name"] for one in client.get("/v1/labels").json()["labels"]] == [done["written"][0]["name"]]
    client.post("/v1/label", json={"track_id": track, "moods": {"calm": None}})
    assert client.get("/v1/labels").json()["labels"] == []
    assert len(client.get("/v1/labels", params={"history": True}).json()["labels"]) == 2
    for wrong, status in (
        ({"moods": {"calm": 1}}, 400),
        ({"track_id": track, "moods": {"clam": 1}}, 400),
        ({"track_id": "none", "moods": {"calm": 1}}, 404),
        ({"track_id": track, "moods": {"calm": 2}}, 422),
    ):
        assert client.post("/v1/label", json=wrong).status_code == status
