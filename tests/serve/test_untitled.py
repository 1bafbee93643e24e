"""Music without tags: it is shown, found, named and played by the names of its files, and nobody sees its folders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS, sample_catalogue
from tests.serve.running import serving, settings_for

if TYPE_CHECKING:
    import httpx

FOLDER = "/secret/place"
N = 40


@pytest.fixture(scope="module")
def untitled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server of tracks of which every fourth has a title; t6 and t7 have files of one name."""
    sample = sample_catalogue(N)
    paths = [f"{FOLDER}/{row}/Take {min(row, 6) if row < 8 else row}.flac" for row in range(N)]
    titles = [f"Title {row}" if row % 4 == 0 else None for row in range(N)]
    table = sample.table.set_column(2, "title", pa.array(titles)).append_column("path", pa.array(paths))
    folder = tmp_path_factory.mktemp("untitled") / "index"
    MoodIndex.build(sample.vectors, table, MOODS).save(folder)
    with serving(settings_for(folder)) as client:
        yield client


@pytest.mark.parametrize("columns", [None, ["title", "file"], ["file"], ["file", "moods"]])
def test_answers_name_the_files(untitled: httpx.Client, columns: list[str] | None) -> None:
    asked: dict[str, Any] = {} if columns is None else {"columns": columns}
    page = untitled.get("/v1/tracks", params={"limit": 12, **asked}).json()["tracks"]
    names = {track["track_id"]: track["file"] for track in page}
    assert (names["t4"], names["t5"], names["t9"]) == (None, "Take 5.flac", "Take 9.flac")
    similar = untitled.get("/v1/similar", params={"seed": "t5", "k": 30, **asked}).json()
    assert similar["seed"]["file"] == "Take 5.flac"
    others = [
        untitled.get("/v1/tracks/t9", params=asked).json(),
        *similar["tracks"],
        *untitled.post("/v1/by-mood", json={"mood": {"calm": 1}, **asked}).json()["tracks"],
        *untitled.post("/v1/playlists/radio", json={"seed": "t9", "n": 5, **asked}).json()["tracks"],
        *untitled.get("/v1/find", params={"q": "calm", "k": 5, **asked}).json()["found"]["tracks"],
    ]
    for track in others:
        number = int(track["track_id"][1:])
        assert track["file"] == (None if number % 4 == 0 else f"Take {6 if number == 7 else number}.flac")
        assert "path" not in track


def test_the_map_names_them_too(untitled: httpx.Client) -> None:
    assert "file" in untitled.get("/v1/stats").json()["columns"]
    named = untitled.get("/v1/map/tracks", params={"columns": ["file", "title"]}).json()
    assert named["file"][4:6] == [None, "Take 5.flac"]
    assert named["title"][4:6] == ["Title 4", None]


def test_they_are_found_by_words_and_by_name(untitled: httpx.Client) -> None:
    def words(text: str) -> list[str]:
        page = untitled.get("/v1/tracks", params={"q": text, "limit": N, "columns": ["track_id"]}).json()
        return [track["track_id"] for track in page["tracks"]]

    assert words("take 13") == ["t13"]
    assert words("take 12") == []  # it has a title
    assert words("secret") == []
    for seed in ("Take 13.flac", "take 13", "t13"):
        assert untitled.get("/v1/similar", params={"seed": seed}).json()["seed"]["track_id"] == "t13"
    assert untitled.get("/v1/similar", params={"seed": "Take 12"}).status_code == 404
    assert untitled.get("/v1/similar", params={"seed": f"{FOLDER}/13/Take 13.flac"}).status_code == 404
    found = untitled.get("/v1/find", params={"q": "like take 13.flac"}).json()
    assert found["seed"] is None or found["seed"]["track_ids"] == ["t13"]
    assert untitled.get("/v1/find", params={"q": "like take 13"}).json()["seed"]["track_ids"] == ["t13"]


def test_where_several_are_called_so_no_folder_is_told(untitled: httpx.Client) -> None:
    answer = untitled.get("/v1/similar", params={"seed": "Take 6"})
    assert answer.status_code == 409
    assert [one["track_id"] for one in answer.json()["matches"]] == ["t6", "t7"]
    assert "secret" not in answer.text


def test_players_and_playlists_call_them_by_their_files(untitled: httpx.Client) -> None:
    asked: dict[str, Any] = {"id": "t5", "count": 30, "f": "json"}
    matches = untitled.get("/rest/getSonicSimilarTracks", params=asked).json()["subsonic-response"][
        "sonicMatch"
    ]
    titles = {one["entry"]["id"]: one["entry"]["title"] for one in matches}
    assert all(title == (f"Title {one[1:]}" if int(one[1:]) % 4 == 0 else f"Take {6 if one == 't7' else one[1:]}")
               for one, title in titles.items())  # fmt: skip
    songs = untitled.get("/api/similar_tracks", params={"item_id": "t5", "n": 5}).json()
    assert all(song["title"].startswith(("Title", "Take")) for song in songs)
    radio = untitled.post("/v1/playlists/radio", json={"seed": "t9", "n": 5}).json()
    assert radio["title"] == "Radio: Take 9"
