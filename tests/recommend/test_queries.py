"""The recommender engineer's questions, checked against plain NumPy over the same vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec.errors import DataError, DuplicateIdError, NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.results import Batch, Recommendations
from tests.recommend.sample import sample_recommender

REC, SAMPLE = sample_recommender()
IDS = [f"t{row}" for row in range(400)]
CALM = SAMPLE.table["calm"].to_numpy().astype(np.float64)


def nearest(query: np.ndarray, k: int, without: list[int]) -> list[str]:
    scores = SAMPLE.vectors.astype(np.float64) @ query
    scores[without] = -np.inf
    return [IDS[row] for row in np.argsort(-scores, kind="stable")[:k]]


def test_a_batch_of_seeds_is_each_seed_by_itself() -> None:
    batch = REC.similar(["t3", "t9"], k=4, where="calm >= 0.4")
    assert isinstance(batch, Batch)
    assert len(batch) == 2
    for seed, found in zip(("t3", "t9"), batch, strict=True):
        alone = REC.similar(seed, k=4, where="calm >= 0.4")
        pd.testing.assert_frame_equal(found.tracks, alone.tracks)
        rows = batch.frame[batch.frame["query"] == seed]
        assert rows["track_id"].tolist() == alone.track_ids
        assert rows["rank"].tolist() == [1, 2, 3, 4]
    assert batch.to_arrow().schema.names == ["query", "rank", "track_id", "score"]
    assert [found.track_ids for found in batch[:2]] == [found.track_ids for found in batch]
    with pytest.raises(IndexError):
        batch[2]


def test_unknown_ids_are_listed_or_left_out() -> None:
    with pytest.raises(NotFoundError, match="2 of 3 tracks are not in the index: 'x', 'y'"):
        REC.similar(["x", "t1", "y"])
    dropped = REC.similar(["x", "t1", "y"], k=2, on_conflict="ignore")
    assert dropped.queries == ("t1",)
    assert dropped[0].track_ids == REC.similar("t1", k=2).track_ids
    with pytest.raises(NotFoundError, match="'x'"):
        REC.for_history({"x": 1.0, "t1": 1.0})
    with pytest.raises(NotFoundError, match="'x'"):
        REC.rerank(["t1", "x"], {"calm": 1.0})
    with pytest.raises(NotFoundError, match="'x'"):
        REC.score([("t1", "x")])
    with pytest.raises(UsageError, match="must be 'error' or 'ignore'"):
        REC.similar(["t1"], on_conflict="drop")  # type: ignore[call-overload]


def test_by_mood_goes_by_the_mood_alone() -> None:
    found = REC.by_mood({"calm": 0.9}, k=7)
    affinity = 1 - (CALM - 0.9) ** 2
    np.testing.assert_allclose(found.scores, np.sort(affinity)[::-1][:7], atol=1e-6)
    batch = REC.by_mood([{"calm": 0.9}, {"calm": 0.1}], k=7)
    assert batch[0].track_ids == found.track_ids
    assert batch[1].tracks["calm"].mean() < 0.3
    mixed = REC.by_mood([{"calm": 0.9}, {"happy": 0.2, "calm": 0.1}], k=7)
    assert mixed[0].track_ids == found.track_ids
    assert mixed[1].track_ids == REC.by_mood({"happy": 0.2, "calm": 0.1}, k=7).track_ids
    with pytest.raises(UsageError, match="own mood target alone"):
        REC.by_mood({"calm": 0.9}, mood={"happy": 1.0})
    with pytest.raises(UsageError, match="without a mood target"):
        REC.by_mood({"calm": 0.9}, mood_weight=0.3)
    with pytest.raises(UsageError, match="mood target"):
        REC.by_mood({})


def test_a_history_is_a_weighted_sum() -> None:
    weights = {"t1": 2.0, "t2": 1.0, "t3": -1.5}
    query = 2 * SAMPLE.vectors[1] + SAMPLE.vectors[2] - 1.5 * SAMPLE.vectors[3].astype(np.float64)
    found = REC.for_history(weights, k=10)
    assert found.track_ids == nearest(query, 10, [1, 2, 3])
    assert (
        REC.for_history(["t1", "t1", "t2"], k=5).track_ids
        == REC.for_history({"t1": 2, "t2": 1}, k=5).track_ids
    )
    batch = REC.for_history([weights, ["t7"]], k=10)
    assert batch[0].track_ids == found.track_ids
    assert batch[1].track_ids == REC.similar("t7", k=10).track_ids
    assert REC.for_history({"x": 1.0, "t7": 1.0}, k=10, on_conflict="ignore").track_ids == batch[1].track_ids


def test_what_a_history_says_of_one_track_adds_up() -> None:
    """A log of plays names tracks again and again, in whatever form it comes."""
    wanted = REC.for_history({"t1": 3.0, "t2": 1.0}, k=5)
    plays: list[Any] = [
        pd.Series([2.0, 1.0, 1.0], index=["t1", "t2", "t1"]),
        pd.DataFrame({"track_id": ["t1", "t2", "t1"], "weight": [2.0, 1.0, 1.0]}),
        pa.table({"track_id": ["t1", "t1", "t2", "t1"]}),
        ["t1", "t1", "t2", "t1"],
    ]
    for history in plays:
        np.testing.assert_array_equal(REC.for_history(history, k=5).scores, wanted.scores)
    rec = type(REC)(MoodIndex.build(np.eye(3), pa.table({"track_id": [7, 8, 9]})))
    both: Any = {7: 1.0, "7": 2.0, 8: 1.0}
    assert rec.for_history(both, k=1).scores == rec.for_history({"7": 3.0, "8": 1.0}, k=1).scores


def test_no_seed_is_a_mistake_and_no_seeds_are_not() -> None:
    nothing: Any = None
    with pytest.raises(UsageError, match="seed is None"):
        REC.similar(nothing)
    assert len(REC.similar([])) == 0


def test_scores_of_any_size_are_scaled() -> None:
    candidates = {"t1": 1e308, "t2": -1e308, "t3": 0.0}
    found = REC.rerank(candidates, mood={REC.moods[0]: 0.5}, mood_weight=0.0)
    assert dict(zip(found.track_ids, found.scores, strict=True)) == {"t1": 1.0, "t3": 0.5, "t2": 0.0}


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({}, "nothing to start from"),
        ({"t1": 0.0}, "nothing to start from"),
        ({"t1": float("nan")}, "must be a finite number"),
        ([], "nothing to start from"),
        ({1.5: 1.0}, "history takes track ids as text or whole numbers, not 1.5"),
    ],
)
def test_histories_that_say_nothing(history: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        REC.for_history(history)


def test_a_history_that_cancels_out() -> None:
    table = pa.table({"track_id": ["a", "b", "c"], "calm": [0.1, 0.2, 0.3]})
    rec = type(REC)(MoodIndex.build(np.array([[1.0, 0], [1, 0], [0, 1]]), table, ["calm"]))
    with pytest.raises(UsageError, match="cancel each other"):
        rec.for_history({"a": 1.0, "b": -1.0})


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e308])
def test_only_the_proportions_of_weights_count(scale: float) -> None:
    expected = REC.for_history({"t1": 1.0, "t2": -0.5}, 5)
    found = REC.for_history({"t1": scale, "t2": -0.5 * scale}, 5)
    assert found.track_ids == expected.track_ids


def test_reranking_weighs_their_score_against_the_mood() -> None:
    theirs = {"t1": 10.0, "t2": 5.0, "t3": 0.0}
    affinity = 1 - (CALM[[1, 2, 3]] - 1) ** 2
    expected = 0.3 * np.array([1, 0.5, 0]) + 0.7 * affinity
    found = REC.rerank(theirs, {"calm": 1.0}, mood_weight=0.7)
    assert isinstance(found, Recommendations)
    assert found.track_ids == [IDS[1 + row] for row in np.argsort(-expected)]
    np.testing.assert_allclose(found.scores, np.sort(expected)[::-1], rtol=1e-6)
    assert REC.rerank(theirs, {"calm": 1.0}, mood_weight=0).track_ids == ["t1", "t2", "t3"]
    assert REC.rerank(theirs, {"calm": 1.0}, 0.7, k=1).track_ids == found.track_ids[:1]
    assert len(REC.rerank([], {"calm": 1.0})) == 0


def test_candidates_come_in_several_forms() -> None:
    frame = pd.DataFrame({"track_id": ["t1", "t2", "t3"], "score": [1.0, 0.5, 0.0]})
    forms: list[Any] = [frame, pa.Table.from_pandas(frame), ["t1", "t2", "t3"], {"t1": 2, "t2": 1, "t3": 0}]
    orders = [REC.rerank(form, {"happy": 0.9}, 0.4).track_ids for form in forms]
    assert all(order == orders[0] for order in orders)
    batch = REC.rerank(forms, {"happy": 0.9}, 0.4)
    assert [found.track_ids for found in batch] == orders
    with pytest.raises(DataError, match="no column 'score'"):
        REC.rerank(frame[["track_id"]], {"happy": 0.9})
    with pytest.raises(DuplicateIdError, match="'t1'"):
        REC.rerank(["t1", "t1"], {"happy": 0.9})
    with pytest.raises(DataError, match="not finite: 't2'"):
        REC.rerank({"t1": 1.0, "t2": float("inf")}, {"happy": 0.9})
    with pytest.raises(UsageError, match="unknown mood"):
        REC.rerank(["t1"], {"hapy": 0.9})
    with pytest.raises(UsageError, match=r"must lie in \[0, 1\]"):
        REC.rerank(["t1"], {"happy": 0.9}, mood_weight=1.5)


def test_candidates_without_a_mood_score_come_last() -> None:
    happy = SAMPLE.table["happy"].to_numpy(zero_copy_only=False)
    unknown = IDS[int(np.flatnonzero(np.isnan(happy))[0])]
    found = REC.rerank({unknown: 9.0, "t1": 1.0, "t2": 0.5}, {"happy": 1.0})
    assert found.track_ids[-1] == unknown
    assert np.isnan(found.scores[-1])


def test_a_score_is_what_a_search_gives() -> None:
    mood = {"calm": 0.8}
    found = REC.similar("t5", k=6, mood=mood, mood_weight=0.4)
    pairs = [("t5", track_id) for track_id in found.track_ids]
    np.testing.assert_allclose(REC.score(pairs, mood, 0.4), found.scores, atol=1e-6)
    np.testing.assert_allclose(REC.score(pd.DataFrame(pairs), mood, 0.4), found.scores, atol=1e-6)
    single = REC.score(("t5", "t6"))
    assert isinstance(single, float)
    assert single == pytest.approx(float(SAMPLE.vectors[5] @ SAMPLE.vectors[6]), abs=1e-6)
    kept = REC.score([("t5", "t6"), ("x", "t6"), ("t5", "t5")], on_conflict="ignore")
    assert np.isnan(kept).tolist() == [False, True, False]
    with pytest.raises(UsageError, match="without a mood target"):
        REC.score(("t5", "t6"), mood_weight=0.5)
    with pytest.raises(DataError, match="two ids"):
        REC.score([("t5",)])


def test_a_score_does_not_depend_on_the_pairs_beside_it() -> None:
    moods = SAMPLE.table.select(["calm", "happy"]).to_pandas().to_numpy(np.float64)
    wide = REC.index.vectors(IDS).astype(np.float64)
    rows = np.random.default_rng(0).integers(0, 400, (1500, 2))
    pairs = [(IDS[left], IDS[right]) for left, right in rows]
    cosines = np.array([wide[left] @ wide[right] for left, right in rows])
    affinity = 1 - np.mean((moods[rows[:, 1]] - [0.8, 0.1]) ** 2, axis=1)
    for mood, expected in ((None, cosines), ({"calm": 0.8, "happy": 0.1}, 0.7 * cosines + 0.3 * affinity)):
        weight = None if mood is None else 0.3
        scores = REC.score(pairs, mood, weight)
        np.testing.assert_allclose(scores, expected, atol=1e-7)
        order = np.random.default_rng(1).permutation(len(pairs))
        again = REC.score([pairs[place] for place in order], mood, weight)
        np.testing.assert_array_equal(again, scores[order])
        assert REC.score(pairs[7], mood, weight) == scores[7]


def test_a_batch_to_rerank_is_each_list_by_itself() -> None:
    rng = np.random.default_rng(3)
    lists = [[*rng.permutation(IDS)[: rng.integers(0, 30)].tolist(), f"gone {i}"] for i in range(12)]
    given: list[dict[str, float]] = [
        dict(zip(one, rng.random(len(one)).tolist(), strict=True)) for one in lists
    ]
    rerank: Any = REC.rerank
    batch = rerank(given, {"calm": 0.9, "happy": 0.2}, 0.6, k=9, on_conflict="ignore")
    for one, found in zip(given, batch, strict=True):
        alone = REC.rerank(one, {"calm": 0.9, "happy": 0.2}, 0.6, k=9, on_conflict="ignore")
        pd.testing.assert_frame_equal(found.tracks, alone.tracks)
        known = {track_id: score for track_id, score in one.items() if track_id in REC.index}
        low, high = min(known.values(), default=0.0), max(known.values(), default=1.0)
        moods = SAMPLE.table.select(["calm", "happy"]).to_pandas().to_numpy(np.float64)
        new = {
            track_id: 0.4 * ((score - low) / (high - low) if high > low else 1.0)
            + 0.6 * (1 - float(np.mean((moods[int(track_id[1:])] - [0.9, 0.2]) ** 2)))
            for track_id, score in known.items()
        }
        best = sorted(new, key=lambda name: np.inf if np.isnan(new[name]) else -new[name])
        assert found.track_ids == best[:9]


def test_results_as_tables_and_as_html() -> None:
    found = REC.similar("t5", k=3)
    assert found.to_arrow().column_names == list(found.tracks.columns)
    assert found.to_arrow()["track_id"].to_pylist() == found.track_ids
    html = found._repr_html_()
    assert html.count("<tr>") == 4
    assert "Like Title 5" in html
    assert "<table" in REC.similar(["t1"], k=2)._repr_html_()


def test_html_escapes_names() -> None:
    table = pa.table({"track_id": ["a", "b"], "title": ["<script>", "<b>&"], "calm": [0.1, float("nan")]})
    rec = type(REC)(MoodIndex.build(np.eye(2), table, ["calm"]))
    html = rec.similar("a")._repr_html_()
    assert "<script>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_a_recommender_shows_itself() -> None:
    html = REC._repr_html_()
    assert "400 tracks" in html
    assert all(mood in html for mood in REC.moods)
