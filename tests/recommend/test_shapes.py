"""What recommender engineers hand over and take out: Arrow of any library, options by query, pages, hits, threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.errors import DataError, MoodrecError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.hits import Hit, Hits
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.recommender import Recommender
from tests.catalogues import MOODS
from tests.recommend.sample import sample_recommender

TYPED, SAMPLE = sample_recommender()
REC: Any = TYPED
"""Without types, which name fewer forms than are taken."""
IDS = [f"t{row}" for row in range(400)]


class OfStream:
    """Data that offers nothing but an Arrow stream."""

    def __init__(self, data: Any) -> None:
        self._data = pa.chunked_array(data) if isinstance(data, pa.Array) else data

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._data.__arrow_c_stream__(requested_schema)


class OfArray:
    """Data that offers nothing but an Arrow array."""

    def __init__(self, data: Any) -> None:
        self._data = data.to_batches()[0] if isinstance(data, pa.Table) else data

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._data.__arrow_c_array__(requested_schema)


def as_polars(data: Any) -> Any:
    polars = pytest.importorskip("polars")
    return polars.from_arrow(data)


OTHERS: dict[str, Callable[[Any], Any]] = {"stream": OfStream, "array": OfArray, "polars": as_polars}


@pytest.mark.parametrize("library", OTHERS)
def test_ids_vectors_scores_and_tables_of_any_library(library: str) -> None:
    made = OTHERS[library]
    ids = ["t3", "t9", "t4"]
    own = made(pa.array(ids))
    assert REC.similar(own, k=2).queries == tuple(ids)
    assert set(REC.similar("t0", k=3, only=made(pa.array(ids))).track_ids) == set(ids)
    assert REC.for_history(made(pa.array(ids)), k=3).track_ids == REC.for_history(ids, k=3).track_ids
    assert REC.index.rows(made(pa.array(ids)))["track_id"].to_pylist() == ids
    table = pa.table({"track_id": ids, "score": [0.1, 0.9, 0.5], "weight": [2.0, 1.0, -0.5]})
    assert REC.rerank(made(table), {"calm": 1}, 0).track_ids == ["t9", "t4", "t3"]
    weights = dict(zip(ids, [2.0, 1.0, -0.5], strict=True))
    assert REC.for_history(made(table), k=4).track_ids == REC.for_history(weights, k=4).track_ids
    assert set(REC.similar("t0", k=3, only=made(table)).track_ids) == set(ids)
    pairs = made(pa.table({"left": ids, "right": ids[::-1]}))
    np.testing.assert_array_equal(REC.score(pairs), REC.score(list(zip(ids, ids[::-1], strict=True))))
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(SAMPLE.vectors[:5].ravel()), 16)
    wanted = REC.index.search(SAMPLE.vectors[:5], 4).track_ids.tolist()
    assert REC.index.search(made(vectors), 4).track_ids.tolist() == wanted
    columns = pa.table({str(place): SAMPLE.vectors[:5, place] for place in range(16)})
    assert REC.index.search(made(columns), 4).track_ids.tolist() == wanted
    built = MoodIndex.build(made(vectors), made(SAMPLE.table.slice(0, 5).drop_columns("genre")), MOODS)
    np.testing.assert_allclose(built.vectors(built.track_ids), SAMPLE.vectors[:5], atol=1e-6)
    built.upsert(made(vectors), made(SAMPLE.table.slice(0, 5).drop_columns("genre")))
    assert len(built) == 5


def test_vectors_in_series_lists_and_tensors() -> None:
    wanted = REC.index.search(SAMPLE.vectors[:5], 4).track_ids.tolist()
    rows: list[Any] = [
        pd.Series(list(SAMPLE.vectors[:5])),
        [list(map(float, row)) for row in SAMPLE.vectors[:5]],
        pd.DataFrame(SAMPLE.vectors[:5]),
        pa.array(SAMPLE.vectors[:5].tolist()),
        pa.chunked_array([SAMPLE.vectors[:2].tolist(), SAMPLE.vectors[2:5].tolist()]),
        SAMPLE.vectors[:5].astype(object),
    ]
    for given_rows in rows:
        assert REC.index.search(given_rows, 4).track_ids.tolist() == wanted
    for one in (SAMPLE.vectors[0], pa.array(SAMPLE.vectors[0]), pd.Series(SAMPLE.vectors[0])):
        assert REC.index.search(one, 4).track_ids.tolist() == wanted[:1]
    bad: list[Any] = [[[1.0] * 16, [1.0]], pd.Series([[1.0] * 16, [1.0]]), pa.array([[1.0] * 16, [1.0]]),
                      pa.array([[1.0] * 16, None]), pa.array(["a"]), "abc", None, {"a": 1},
                      pd.DataFrame({"a": [1.0], "b": ["x"]})]  # fmt: skip
    for wrong in bad:
        with pytest.raises(DataError):
            REC.index.search(wrong, 4)


def test_tensors_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    wanted = REC.index.search(SAMPLE.vectors[:5], 4).track_ids.tolist()
    for tensor in (
        torch.tensor(SAMPLE.vectors[:5], requires_grad=True),
        torch.tensor(SAMPLE.vectors[:5]).double(),
    ):
        assert REC.index.search(tensor, 4).track_ids.tolist() == wanted
    assert REC.index.search(torch.tensor(SAMPLE.vectors[0]), 4).track_ids.tolist() == wanted[:1]
    REC.index.search(torch.tensor(SAMPLE.vectors[:5]).bfloat16(), 4)


def test_numbers_by_id_in_a_series() -> None:
    plays = pd.Series(["t1", "t2", "t1", "t7"]).value_counts()
    weights = {"t1": 2.0, "t2": 1.0, "t7": 1.0}
    for form in (
        plays,
        plays.astype(float),
        plays.reset_index(name="weight").rename(columns={"index": "track_id"}),
    ):
        assert REC.for_history(form, k=5).track_ids == REC.for_history(weights, k=5).track_ids
    assert REC.for_history([plays, plays], k=5)[1].track_ids == REC.for_history(weights, k=5).track_ids
    assert REC.rerank(plays, {"calm": 1}, 0).track_ids[0] == "t1"


def test_ids_in_a_frame_of_their_own() -> None:
    frame = pd.DataFrame({"track_id": ["t3", "t9"], "title": ["a", "b"]})
    assert set(REC.similar("t0", k=2, only=frame).track_ids) == {"t3", "t9"}
    assert REC.similar(frame[["track_id"]].rename(columns={"track_id": "id"}), k=2).queries == ("t3", "t9")
    with pytest.raises(UsageError, match=r"of a table give the column, such as table\['track_id'\]"):
        REC.similar("t0", exclude=frame.rename(columns={"track_id": "id"}))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_options_of_each_query_are_those_of_its_own_call(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 5))
    some = st.lists(st.sampled_from(IDS[:60]), min_size=1, max_size=30)
    given_options: dict[str, list[Any]] = {}
    for name, values in (
        ("where", st.sampled_from([None, "calm >= 0.5", "year < 1990"])),
        ("only", st.none() | some),
        ("exclude", some),
        ("exclude_artist", st.lists(st.sampled_from(["Artist 1", "artist 2"]), min_size=1)),
    ):
        if data.draw(st.booleans()):
            given_options[name] = data.draw(st.lists(values, min_size=n, max_size=n))
    if not any(given_options.get("only", [])):
        given_options.pop("only", None)
    mood = {"calm": data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))}
    seeds = data.draw(st.lists(st.sampled_from(IDS), min_size=n, max_size=n))
    own = [{name: values[query] for name, values in given_options.items()} for query in range(n)]
    found = REC.similar(seeds, 6, mood=mood, **given_options)
    for query, seed in enumerate(seeds):
        asked = {key: value for key, value in own[query].items() if value is not None}
        alone = REC.similar(seed, 6, mood={"calm": mood["calm"][query]}, **asked)
        assert found[query].track_ids == alone.track_ids
        history = REC.for_history([[seed, "t5"]], 6, **{key: [value] for key, value in asked.items()})
        assert history[0].track_ids == REC.for_history([seed, "t5"], 6, **asked).track_ids
    targets = [{"calm": one} if place % 2 else {"happy": one} for place, one in enumerate(mood["calm"])]
    batch = REC.by_mood(targets, 4, **given_options)
    for query, target in enumerate(targets):
        asked = {key: value for key, value in own[query].items() if value is not None}
        assert batch[query].track_ids == REC.by_mood(target, 4, **asked).track_ids


def test_options_by_query_that_do_not_fit_are_refused_in_a_sentence() -> None:
    for wrong, message in (
        (
            {"where": ["calm > 0"]},
            "where holds 1 entry for 2 queries; give one for each query, or one for all",
        ),
        ({"only": [["t1"], ["t2"], None]}, "only holds 3 entries for 2 queries"),
        ({"options": [SearchOptions()]}, "options holds 1 entry for 2 queries"),
        (
            {"options": ["calm > 0"]},
            "a list of options holds SearchOptions, one for each query, not 'calm > 0'",
        ),
        ({"only": [["t1"], "t2"]}, None),
        ({"only": [["t1"], [None]]}, "takes track ids as text"),
        ({"mood": {"calm": [0.1, 0.2, 0.3]}, "where": [None, None]}, "3 numbers"),
    ):
        if message is None:  # one id alone stands for a collection of one
            assert REC.similar(["t5", "t6"], 2, **wrong)[1].track_ids == ["t2"]
            continue
        with pytest.raises(UsageError, match=message):
            REC.similar(["t5", "t6"], **wrong)
    with pytest.raises(UsageError, match="holds 2 entries for 1 query"):
        REC.similar("t5", where=["calm > 0", None])
    found = REC.similar(["t5", "gone", "t6"], 3, only=[["t1"], ["t2"], ["t3"]], on_conflict="ignore")
    assert [one.track_ids for one in found] == [["t1"], ["t3"]]
    assert len(REC.similar(["gone"], 3, only=[["t1"]], on_conflict="ignore")) == 0


@pytest.mark.parametrize("preset", ["flat", "ivf-sq8", "hnsw"])
def test_pages_make_up_the_long_answer(preset: str) -> None:
    rec: Any = Recommender(MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, preset))
    asked: list[dict[str, Any]] = [{}, {"where": "calm >= 0.3"}, {"mood": {"calm": 0.9}}, {"max_per_artist": 1},
                                   {"distinct": True, "exclude": IDS[:50]}]  # fmt: skip
    calls: list[Callable[..., Any]] = [
        lambda **keywords: rec.similar("t7", **keywords),
        lambda **keywords: rec.for_history(["t7", "t9"], **keywords),
        lambda **keywords: rec.similar(["t7", "t9"], **keywords)[1],
    ]
    for call in calls:
        for options in asked:
            whole = call(k=60, exact=True, **options)
            pages = [call(k=20, offset=start, **options) for start in (0, 20, 40)]
            assert [one for page in pages for one in page.track_ids] == whole.track_ids
            assert (
                pd.concat([page.tracks for page in pages])["rank"].tolist() == whole.tracks["rank"].tolist()
            )
    beyond = rec.similar("t7", k=20, offset=390)
    assert len(beyond) == 9
    assert len(rec.similar("t7", k=20, offset=10**7)) == 0
    assert (
        rec.by_mood({"calm": 0.5}, k=5, offset=5).track_ids == rec.by_mood({"calm": 0.5}, k=10).track_ids[5:]
    )
    with pytest.raises(UsageError, match="offset is -1; it must be a whole number"):
        rec.similar("t7", offset=-1)
    with pytest.raises(UsageError, match="diversity is a choice among all tracks"):
        rec.similar("t7", offset=20, diversity=0.5)


def test_pages_of_a_list_make_up_the_list() -> None:
    whole = REC.list("calm >= 0.3", "-calm,year")
    pages = [
        REC.list("calm >= 0.3", "-calm,year", 37, offset=start) for start in range(0, len(whole) + 37, 37)
    ]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), whole)
    with pytest.raises(UsageError, match="offset is 'x'"):
        REC.list(offset="x")


def test_hits_are_a_sequence_of_sequences() -> None:
    hits = REC.index.similar_to(["t1", "t2", "t3"], 4, where="calm >= 0.5")
    assert len(hits) == 3
    assert [len(found) for found in hits] == hits.counts.tolist()
    assert hits[1][0] == Hit(hits.track_ids[1, 0], float(hits.scores[1, 0]))
    assert [hit.track_id for hit in hits[-1]] == hits.track_ids[-1].tolist()
    assert hits[1][:2].track_ids == hits.track_ids[1, :2].tolist()
    part = hits[1:]
    assert isinstance(part, Hits)
    assert part.track_ids.tolist() == hits.track_ids[1:].tolist()
    for place in (3, -4):
        with pytest.raises(IndexError):
            hits[place]
    table = hits.to_arrow(["title", "calm"])
    assert table.column_names == ["query", "rank", "track_id", "score", "title", "calm"]
    assert table["track_id"].to_pylist() == hits.track_ids.ravel().tolist()
    titles = dict(zip(SAMPLE.table["track_id"].to_pylist(), SAMPLE.table["title"].to_pylist(), strict=True))
    assert table["title"].to_pylist() == [titles[one] for one in table["track_id"].to_pylist()]
    assert hits.to_pandas("year").columns.tolist() == ["query", "rank", "track_id", "score", "year"]
    few = REC.index.similar_to(["t1", "t2"], 4, only=[["t5"], ["t6", "t7"]])
    assert few.to_arrow()["query"].to_pylist() == [0, 1, 1]
    assert [len(found) for found in few] == [1, 2]
    for call in (hits.to_arrow, REC.similar("t1").to_arrow, REC.similar(["t1"]).to_pandas):
        with pytest.raises(UsageError, match="no such column: 'titel'; did you mean 'title'"):
            call(["titel"])


def test_hits_keep_the_version_that_was_searched() -> None:
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS)
    hits = index.similar_to("t1", 3)
    before = hits.to_arrow(["title"])
    index.remove(hits.track_ids[0].tolist())
    assert hits.to_arrow(["title"]).equals(before)


def test_results_with_chosen_columns() -> None:
    found = REC.similar("t1", 5)
    assert found.to_arrow(["title", "score"]).column_names == ["title", "score"]
    assert found.to_pandas(["calm"])["calm"].tolist() == found.tracks["calm"].tolist()
    assert found.to_pandas() is found.tracks
    assert [hit.track_id for hit in found] == found.track_ids
    assert found[0] == (found.track_ids[0], float(found.scores[0]))
    assert found[-2:].track_ids == found.track_ids[-2:]
    batch = REC.similar(["t1", "t2"], 5)
    frame = batch.to_pandas(["title", "query"])
    assert frame.columns.tolist() == ["query", "rank", "track_id", "score", "title"]
    assert frame[frame["query"] == "t1"]["title"].tolist() == found.tracks["title"].tolist()
    again = REC.rerank([["t1", "t2"], ["t3"]], {"calm": 1.0}).to_arrow(["year"])
    assert again.num_rows == 3
    assert again["query"].to_pylist() == ["0", "0", "1"]


def test_what_they_show() -> None:
    assert (
        repr(REC.index) == "<MoodIndex of 400 tracks, 16 dimensions, preset 'auto', moods: calm, happy (2)>"
    )
    assert repr(REC) == f"<Recommender over {REC.index!r}>"
    lines = repr(REC.similar("t1", 12)).splitlines()
    assert lines[0].startswith("SimilarTracks: Like Title 1")
    assert lines[1].startswith("   1  0.")
    assert len(lines) == 12
    assert repr(REC.similar("t1", 2, offset=20)).splitlines()[1].startswith("  21  0.")
    assert repr(REC.similar(["t1", "t2"], 1)).startswith("Batch of 2 queries over 400 tracks\n  t1: t")
    assert repr(REC.index.similar_to("t1", 5)).startswith("Hits of 1 query, up to 5 each\n  0: t")
    assert repr(REC.index.similar_to("t1", 5, only=[])) == "Hits of 1 query, up to 5 each\n  0: no hits"
    assert max(map(len, repr(REC.similar(IDS, 30)).splitlines())) < 100


def test_many_coroutines_are_answered_from_threads_while_the_index_changes() -> None:
    """The recipe of docs/tour-recommender.md: a pool of threads, and a snapshot for calls that belong together."""
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS)
    rec: Any = Recommender(index)
    expected = {seed: rec.similar(seed, 10).track_ids for seed in IDS[:40]}
    running = most = 0

    async def answer(pool: ThreadPoolExecutor, seed: str) -> list[str]:
        nonlocal running, most
        loop = asyncio.get_running_loop()
        running += 1
        most = max(most, running)
        view = rec.snapshot()
        found = await loop.run_in_executor(pool, view.similar, seed, 10)
        again = await loop.run_in_executor(pool, view.similar, seed, 10)
        running -= 1
        assert found.track_ids == again.track_ids
        await asyncio.sleep(0)
        return [one for one in found.track_ids if not one.startswith("new")]

    async def change(pool: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        for row in range(30):
            new = SAMPLE.table.slice(row, 1).set_column(0, "track_id", pa.array([f"new {row}"]))
            far = -SAMPLE.vectors[row : row + 1]
            await loop.run_in_executor(pool, index.add, far, new)

    async def main() -> list[Any]:
        with ThreadPoolExecutor(4) as pool:
            asked = [answer(pool, seed) for seed in expected for _ in range(3)]
            return await asyncio.gather(change(pool), *asked)

    _, *found = asyncio.run(main())
    assert most > 4
    assert len(index) == 430
    # What is added points away from all seeds, so no answer changes while it is added.
    for seed, ids in zip([seed for seed in expected for _ in range(3)], found, strict=True):
        assert ids == expected[seed]


@pytest.mark.parametrize("wrong", [b"ab", 3.5, object()])
def test_what_is_no_collection_of_ids_is_refused(wrong: Any) -> None:
    calls: list[Callable[[], Any]] = [lambda: REC.similar("t1", only=wrong), lambda: REC.for_history(wrong)]
    for call in calls:
        with pytest.raises(MoodrecError):
            call()


def test_what_is_called_otherwise_elsewhere_is_named() -> None:
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: REC.similar("t1", include=["t2"]), "no search option 'include'; did you mean 'only'"),
        (lambda: REC.similar(["t1"], filter="calm > 0"), "did you mean 'where'"),
        (lambda: REC.index.search(SAMPLE.vectors[0], top_k=3), "did you mean 'k'"),
        (lambda: REC.similar(SAMPLE.vectors[0], 3), "vectors go to MoodIndex.search"),
        (lambda: REC.similar(SAMPLE.vectors[:2], 3), "vectors go to MoodIndex.search"),
        (lambda: REC.index.search("t1", 3), "MoodIndex.similar_to takes ids"),
        (lambda: REC.index.search(["t1", "t2"], 3), "MoodIndex.similar_to takes ids"),
        (lambda: REC.by_mood("calm"), "targets by name, such as .'calm': 0.8., not 'calm'"),
        (lambda: REC.score(["t1", "t2"], ["t3", "t4"]), "mood takes targets by name"),
    ]
    for call, message in calls:
        with pytest.raises(MoodrecError, match=message):
            call()


@pytest.mark.parametrize("column", [["t1", 2], [2**70, 1], [1j, 2j], pd.arrays.SparseArray([1, 2])])
def test_tables_that_arrow_cannot_hold_are_one_sentence(column: Any) -> None:
    table = pd.DataFrame({"track_id": column, "score": [0.5, 0.6]})
    calls: dict[str, Callable[[], object]] = {
        "candidates": lambda: REC.rerank(table, mood={MOODS[0]: 0.9}, mood_weight=0.5),
        "the history": lambda: REC.for_history(table),
        "the table of pairs": lambda: REC.score(table),
        "the table of vectors": lambda: REC.index.search(table, 3),
    }
    for name, call in calls.items():
        with pytest.raises(DataError, match=rf"{name}.* (cannot be read|mixed values|64 bits)"):
            call()
