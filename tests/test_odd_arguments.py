"""Odd values for every argument of an index and of a recommender: one of moodrec's errors, or an answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec import MoodIndex, Recommender, SearchOptions
from moodrec.catalog.parquet_tracks import ParquetTracks
from tests.odd import faults, faults_of_methods, samples

SAMPLE = Path(__file__).parents[1] / "indexes" / "open-game-music"
NOT_TRIED = ("open", "save", "build_into", "refresh", "verify", "close", "settle")


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    return MoodIndex.open(SAMPLE)


def test_search_options(index: MoodIndex) -> None:
    names = [field.name for field in dataclasses.fields(SearchOptions)]
    query = index.vectors(index.track_ids[:1])
    found = faults("SearchOptions", SearchOptions, {}, names)
    found += faults("search", index.snapshot().search, {"queries": query, "k": 3}, names)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", ["index", "recommender"])
def test_methods(kind: str, index: MoodIndex) -> None:
    given = samples(index)
    holder: Any = index.snapshot() if kind == "index" else Recommender.open(SAMPLE)
    found = faults_of_methods(holder, given, NOT_TRIED)
    assert not found, "\n".join(found)


def test_streamed_builds(index: MoodIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # texts are folders
    table = index.table.select(["track_id", "artist", *index.moods]).slice(0, 40)
    vectors = index.vectors(index.track_ids[:40])
    embeddings = pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1])
    pq.write_table(table.append_column("embedding", embeddings), tmp_path / "tracks.parquet")
    needed: dict[str, Any] = {
        "path": tmp_path / "index",
        "source": ParquetTracks(tmp_path / "tracks.parquet"),
        "moods": index.moods,
        "preset": "flat",
    }
    assert len(MoodIndex.build_into(**needed)) == 40
    found = faults("build_into", MoodIndex.build_into, needed)
    assert not found, "\n".join(found)
