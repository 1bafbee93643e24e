"""``audio_only``: every way to search by what the audio alone says."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.playlists.clusters import mood_clusters
from moodrec.recommend.recommender import Recommender

N = 40


def made(preset: str = "flat") -> MoodIndex:
    """Scores in context are the opposite of the audio's."""
    rng = np.random.default_rng(0)
    audio = rng.random(N).astype(np.float32)
    table = pa.table(
        {
            "track_id": [f"t{row}" for row in range(N)],
            "title": [f"T{row}" for row in range(N)],
            "calm": 1 - audio,
            "audio_calm": audio,
        }
    )
    return MoodIndex.build(rng.normal(size=(N, 8)), table, ["calm"], preset)


@pytest.fixture(scope="module", params=["flat", "hnsw"])
def index(request: pytest.FixtureRequest) -> MoodIndex:
    return made(request.param)


def scores(index: MoodIndex, ids: list[str], column: str) -> list[float]:
    return [float(value) for value in index.rows(ids)[column].to_pylist()]


def test_conditions_and_targets_are_those_of_the_audio(index: MoodIndex) -> None:
    rec = Recommender(index)
    for options, column in ((SearchOptions(), "calm"), (SearchOptions(audio_only=True), "audio_calm")):
        best = sorted(range(N), key=lambda row: -scores(index, [f"t{row}"], column)[0])[:3]
        assert rec.by_mood({"calm": 1.0}, 3, options).track_ids == [f"t{row}" for row in best]
        found = index.search(np.ones(8), N, options, where="calm > 0.7")
        assert min(scores(index, [one for one in found.track_ids[0] if one], column)) > 0.7
    plain = index.search(
        np.ones(8), 5, mood={"calm": 1.0}, audio_only=True, where="calm IS NULL OR calm >= 0"
    )
    assert plain.counts[0] == 5


def test_pairs_lists_and_reranking_go_by_the_audio(index: MoodIndex) -> None:
    rec, only = Recommender(index), SearchOptions(audio_only=True)
    (audio,) = scores(index, ["t1"], "audio_calm")
    assert rec.score(("t0", "t1"), {"calm": 1.0}, 1.0, only) == pytest.approx(1 - (1 - audio) ** 2)
    listed = rec.list("calm > 0.5", "-calm", audio_only=True)
    assert listed["audio_calm"].min() > 0.5
    assert listed["audio_calm"].is_monotonic_decreasing
    ids = [f"t{row}" for row in range(5)]
    order = rec.rerank(ids, {"calm": 1.0}, 1.0, options=only).track_ids
    assert scores(index, order, "audio_calm") == sorted(scores(index, ids, "audio_calm"), reverse=True)


def test_clusters_are_those_of_the_audio(index: MoodIndex) -> None:
    found = mood_clusters(Recommender(index), 2, audio_only=True, where="calm > 0.5")
    assert sum(one.size for one in found) == sum(
        value > 0.5 for value in index.table["audio_calm"].to_pylist()
    )
    assert all(one.centre["calm"] > 0.5 for one in found)


def test_an_index_without_a_context_is_searched_as_ever() -> None:
    plain = made()
    plain = MoodIndex.build(
        plain.vectors(plain.track_ids), plain.table.drop_columns(["audio_calm"]), ["calm"]
    )
    one, other = (
        plain.search(np.ones(8), 5, where="calm > 0.3", mood={"calm": 0.9}, audio_only=audio)
        for audio in (True, False)
    )
    assert one.track_ids.tolist() == other.track_ids.tolist()
    assert plain.mood_columns(audio_only=True) == {"calm": "calm"}
