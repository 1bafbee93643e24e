"""moodrec playlist, from the shell's point of view: on the sample index, and on an index with paths and durations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec.demo.sample import find_sample_index
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.playlists.fingerprint import read_plays
from moodrec.recommend.recommender import Recommender
from tests.catalogues import MOODS, sample_catalogue
from tests.cli.commands import run, run_json


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 tracks with paths beside the index, and durations."""
    folder = tmp_path_factory.mktemp("playlists")
    sample = sample_catalogue(300)
    durations = np.random.default_rng(0).uniform(100, 300, 300).astype(np.float32)
    table = sample.table.append_column("duration", pa.array(durations))
    table = table.append_column("path", pa.array([str(folder / "music" / f"{i}.flac") for i in range(300)]))
    MoodIndex.build(sample.vectors, table, MOODS).save(folder / "index")
    return folder / "index"


def test_radio_writes_every_format(index: Path) -> None:
    folder = index.parent
    outs = [folder / f"out.{suffix}" for suffix in ("m3u8", "xspf", "jspf")]
    options = [part for out in outs for part in ("--out", out)]
    found = run_json("playlist", "radio", "t3", "--minutes", 30, "-l", index, *options)
    assert abs(found["seconds"] - 1800) < 30
    assert found["tracks"][0]["track_id"] == "t3"
    assert set(found) == {"title", "count", "seconds", "tracks", "notes"}
    lines = outs[0].read_text().splitlines()
    assert lines[2] == "music/3.flac"
    assert len(lines) == 1 + 2 * found["count"]
    assert len(json.loads(outs[2].read_text())["playlist"]["track"]) == found["count"]
    run("playlist", "radio", "t3", "-l", index, "--out", folder / "abs.m3u8", "--absolute", "--n", 4)
    assert (folder / "abs.m3u8").read_text().splitlines()[2] == str(folder / "music" / "3.flac")
    run("playlist", "radio", "t3", "-l", index, "--out", folder / "out.pls", code=2)


def test_path_mix_and_arc(index: Path, tmp_path: Path) -> None:
    found = run_json("playlist", "path", "t3", "Title 200", "-n", 8, "-l", index)
    assert [found["tracks"][place]["track_id"] for place in (0, -1)] == ["t3", "t200"]
    mixed = run_json(
        *("playlist", "mix", "--add", "t3", "--subtract", "t9", "--more", "calm", "--less", "happy"),
        *("-n", 6, "-l", index),
    )
    assert mixed["count"] == 6
    assert not {"t3", "t9"} & {track["track_id"] for track in mixed["tracks"]}
    plot = tmp_path / "arc.png"
    text = run(
        "playlist", "arc", "--from", "calm", "--to", "happy=0.9", "-n", 9, "-l", index, "--plot", plot
    ).stdout
    assert text.startswith("From calm to happy 0.9 (9 tracks")
    assert plot.stat().st_size > 10_000
    run("playlist", "arc", "--from", "clam", "--to", "happy", "-l", index, code=2)
    run("playlist", "mix", "-l", index, code=2)
    run("playlist", "path", "nobody", "t3", "-l", index, code=3)


def test_clusters_write_a_file_each(index: Path, tmp_path: Path) -> None:
    options = ("--k", 3, "-n", 5, "-l", index)
    found = run_json("playlist", "clusters", *options, "--out", tmp_path / "moods", "--file-format", "xspf")
    assert len(found["clusters"]) == 3
    assert sum(cluster["share"] for cluster in found["clusters"]) == pytest.approx(1)
    names = sorted(place.name for place in (tmp_path / "moods").iterdir())
    assert names == [f"{i} {cluster['name']}.xspf" for i, cluster in enumerate(found["clusters"], 1)]
    assert "of the library" in run("playlist", "clusters", *options).stdout


def test_a_fingerprint_of_plays(index: Path, tmp_path: Path) -> None:
    plays = tmp_path / "plays.csv"
    frame = pd.DataFrame(
        {"track_id": ["t1", "Title 2", "x"], "played_at": ["2024-01-01", "2024-02-01", "2024-02-02"]}
    )
    frame.to_csv(plays, index=False)
    run("playlist", "fingerprint", plays, "-l", index, code=3)
    found = run("playlist", "fingerprint", plays, "-l", index, "--on-conflict", "ignore", "-n", 5)
    assert "1 of 3 plays left out" in found.stderr
    assert "3 plays of 2 tracks: " in found.stdout
    run("playlist", "fingerprint", tmp_path / "none.csv", "-l", index, code=3)


def test_on_the_find_sample_index() -> None:
    found = run_json(
        "playlist", "arc", "--from", "calm", "--to", "energetic", "-n", 12, "-l", find_sample_index()
    )
    energetic = [track["moods"]["energetic"] for track in found["tracks"]]
    assert np.corrcoef(energetic, np.arange(12))[0, 1] > 0.9
    run("playlist", "radio", "Albian Nocturne", "--minutes", 9, "-l", find_sample_index(), code=2)


def test_the_moods_of_tracks_and_pictures(tmp_path: Path) -> None:
    where = ("-l", find_sample_index())
    found = run_json("moods", "--of", "Albian Nocturne", *where, "--plot", tmp_path / "radar.png")
    assert found["count"] == 1
    assert found["tracks"][0]["moods"]["calm"] > 0.9
    assert "Albian Nocturne" in run("moods", "--of", "Albian Nocturne", *where).stdout
    run("moods", *where, "--plot", tmp_path / "map.svg", "--colour-by", "calm")
    assert all((tmp_path / name).stat().st_size > 10_000 for name in ("radar.png", "map.svg"))
    run("moods", "--of", "nobody", *where, code=3)


@pytest.mark.parametrize("named", ["title", "path", "track_id"])
def test_a_history_names_tracks_in_any_of_three_ways(index: Path, tmp_path: Path, named: str) -> None:
    names = {"title": "Title 7", "path": str(index.parent / "music" / "7.flac"), "track_id": "t7"}
    plays = pd.DataFrame({named: [names[named]] * 2, "played_at": ["2024-01-01", "2024-01-02"]})
    plays.to_csv(tmp_path / "plays.csv", index=False)
    assert (
        "2 plays of 1 track: "
        in run("playlist", "fingerprint", tmp_path / "plays.csv", "-l", index, "-n", 3).stdout
    )
    plays.drop(columns=named).to_csv(tmp_path / "none.csv", index=False)
    assert (
        "nor titles or paths"
        in run("playlist", "fingerprint", tmp_path / "none.csv", "-l", index, code=1).stderr
    )


def test_an_artist_beside_the_title_tells_which_is_meant(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"track_id": ["a", "b", "c"], "title": ["Angel", "Angel", "X"], "artist": ["One", "Two", "Y"]}
    )
    table = table.assign(calm=[0.1, 0.5, 0.9])
    MoodIndex.build(np.eye(3, 4, dtype=np.float32), table, ["calm"]).save(tmp_path / "index")
    plays = pd.DataFrame({"title": ["angel"], "artist": ["two"], "played_at": ["2024-01-01"]})
    plays.to_csv(tmp_path / "plays.csv", index=False)
    recommender = Recommender.open(tmp_path / "index")
    assert list(read_plays(tmp_path / "plays.csv", recommender)["track_id"]) == ["b"]
