"""Hits that depend on other hits, mixtures of seeds, and a mood target for each query: against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.errors import NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import assert_same

PRESETS = ("flat", "ivf", "ivf-sq8", "hnsw")


def sample() -> Sample:
    """Tracks of which some are copies, and others share artist and title alone."""
    made = sample_catalogue(400)
    rng = np.random.default_rng(1)
    vectors = made.vectors.copy()
    vectors[200:240] = vectors[0:40] + 0.001 * rng.standard_normal((40, vectors.shape[1]))
    titles = [f"Title {row % 300}" for row in range(400)]
    albums = [None if row % 9 == 0 else f"Album {row % 7}" for row in range(400)]
    table = made.table.set_column(2, "title", pa.array(titles)).append_column("album", pa.array(albums))
    return Sample(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), table)


SAMPLE = sample()
ROWS = SAMPLE.table.to_pylist()


@pytest.fixture(scope="module", params=PRESETS)
def index(request: pytest.FixtureRequest) -> MoodIndex:
    return MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, request.param)


def rows_of(ids: np.ndarray) -> list[int]:
    return [int(track_id[1:]) for track_id in ids if track_id is not None]


def folded(row: int, name: str) -> str | None:
    return None if ROWS[row][name] is None else ROWS[row][name].casefold()


def test_albums_of_one_title_by_other_artists_are_other_albums(index: MoodIndex) -> None:
    hits = index.search(SAMPLE.vectors[3], 150, max_per_album=1)
    albums = [(folded(row, "album"), folded(row, "artist")) for row in rows_of(hits.track_ids[0])]
    known = [pair for pair in albums if pair[0] is not None]
    assert len(set(known)) == len(known)
    assert len({title for title, _ in known}) < len(known)
    assert sum(pair[0] is None for pair in albums) > 1


def test_album_artists_hold_a_compilation_together() -> None:
    table = SAMPLE.table.append_column("album_artist", pa.array(["Various"] * 400))
    index = MoodIndex.build(SAMPLE.vectors, table, MOODS)
    hits = index.search(SAMPLE.vectors[3], 100, where="album IS NOT NULL", max_per_album=1)
    assert hits.counts.tolist() == [7]
    assert "max_per_album=1 leaves 7" in hits.explain()


def test_distinct_hits_are_no_copies_of_each_other_or_of_the_seed(index: MoodIndex) -> None:
    plain = rows_of(index.similar_to("t5", 3).track_ids[0])
    assert plain[0] == 205
    rows = [5, *rows_of(index.similar_to("t5", 60, distinct=True).track_ids[0])]
    vectors = SAMPLE.vectors[rows]
    assert np.max(vectors @ vectors.T - 2 * np.eye(len(rows))) < 0.99


def test_a_query_that_is_no_track_may_find_its_twin(index: MoodIndex) -> None:
    assert rows_of(index.search(SAMPLE.vectors[5], 1, distinct=True).track_ids[0]) == [5]


def test_diversity_is_maximal_marginal_relevance_among_the_best_hundred(index: MoodIndex) -> None:
    best = index.search(SAMPLE.vectors[8], 100)
    rows, scores = rows_of(best.track_ids[0]), best.scores[0].astype(np.float64)
    chosen = [0]
    while len(chosen) < 8:
        near = (SAMPLE.vectors[rows] @ SAMPLE.vectors[[rows[i] for i in chosen]].T).max(axis=1)
        worth = 0.6 * scores - 0.4 * near
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
    hits = index.search(SAMPLE.vectors[8], 8, diversity=0.4)
    assert rows_of(hits.track_ids[0]) == [rows[i] for i in chosen]
    np.testing.assert_array_equal(hits.scores[0], best.scores[0][chosen])
    assert rows_of(index.search(SAMPLE.vectors[8], 8, diversity=0.0).track_ids[0]) == rows[:8]


@settings(max_examples=25)
@given(
    k=st.integers(1, 40),
    artists=st.one_of(st.none(), st.integers(1, 3)),
    albums=st.one_of(st.none(), st.integers(1, 3)),
    distinct=st.booleans(),
    diversity=st.sampled_from([0.0, 0.5]),
    where=st.sampled_from([None, "calm >= 0.5", "year < 1965"]),
    mood=st.sampled_from([None, {"calm": 0.9}]),
)
def test_every_way_of_searching_chooses_the_same(index: MoodIndex, **wanted: Any) -> None:
    conditions = {
        "max_per_artist": wanted.pop("artists"),
        "max_per_album": wanted.pop("albums"),
        **{name: value for name, value in wanted.items() if name != "k"},
    }
    found = index.search(SAMPLE.vectors[11], wanted["k"], **conditions)
    truth = index.search(SAMPLE.vectors[11], wanted["k"], exact=True, **conditions)
    assert found.counts.tolist() == truth.counts.tolist()
    same = len(set(rows_of(found.track_ids[0])) & set(rows_of(truth.track_ids[0])))
    assert same >= 0.85 * truth.counts[0] - 1
    if found.explanation.path == "exact":
        assert_same(found, truth)


def test_a_mixture_is_the_weighted_sum_of_its_tracks(index: MoodIndex) -> None:
    weights = {"t3": 1.0, "t90": 0.5, "t7": -0.8}
    total = sum(weight * SAMPLE.vectors[int(name[1:])] for name, weight in weights.items())
    hits = index.similar_to_mix(weights, 5, where="calm >= 0.2", exclude=["t4"])
    assert_same(hits, index.search(total, 5, where="calm >= 0.2", exclude=["t4", *weights]))
    assert not {*hits.track_ids[0]} & {*weights, "t4"}


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({}, UsageError, "finite weights"),
        ({"t1": float("nan")}, UsageError, "must be a finite number"),
        ({"t1": 0.0}, UsageError, "cancel each other"),
        ({"t1": 1.0, "nobody": 1.0}, NotFoundError, "'nobody'"),
    ],
)
def test_mixtures_that_make_no_sense(
    index: MoodIndex, weights: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        index.similar_to_mix(weights)


def test_each_query_may_have_a_target_and_a_weight_of_its_own(index: MoodIndex) -> None:
    targets, weights = [0.1, 0.5, 0.9], [0.2, 0.5, 1.0]
    batch = index.search(SAMPLE.vectors[:3], 6, mood={"calm": targets, "happy": 0.5}, mood_weight=weights)
    for i in range(3):
        alone = index.search(
            SAMPLE.vectors[i], 6, mood={"calm": targets[i], "happy": 0.5}, mood_weight=weights[i]
        )
        assert batch.track_ids[i].tolist() == alone.track_ids[0].tolist()
        np.testing.assert_array_equal(batch.scores[i], alone.scores[0])


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"mood": {"calm": [0.1, 0.2]}}, "2 numbers for 3 queries"),
        ({"mood": {"calm": [0.1, 0.2, 1.2]}}, r"1.2; it must lie in \[0, 1\]"),
        ({"mood": {"calm": "high"}}, "one for each query"),
        ({"mood": {"calm": 0.2}, "mood_weight": [0.5]}, "1 numbers for 3 queries"),
        ({"diversity": 1.5}, "diversity is 1.5"),
        ({"max_per_album": 0}, "max_per_album is 0"),
    ],
)
def test_choices_that_make_no_sense(index: MoodIndex, conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        index.search(SAMPLE.vectors[:3], **conditions)


def test_one_artist_that_fills_the_neighbourhood_does_not_cut_the_list_short() -> None:
    """Twelve hundred tracks of one artist lie between the seed and everybody else."""
    rng = np.random.default_rng(0)
    near = np.eye(16)[0] + 0.05 * rng.standard_normal((1200, 16))
    vectors = np.concatenate([near, rng.standard_normal((2000, 16))])
    artists = ["One"] * 1200 + [f"Other {i}" for i in range(2000)]
    table = pa.table({"track_id": [f"t{i}" for i in range(3200)], "artist": artists})
    for preset in ("flat", "ivf-sq8"):
        index = MoodIndex.build(vectors, table, preset=preset)
        hits = index.search(np.eye(16)[0], 10, max_per_artist=1)
        assert_same(hits, index.search(np.eye(16)[0], 10, max_per_artist=1, exact=True))
        assert hits.counts.tolist() == [10]
