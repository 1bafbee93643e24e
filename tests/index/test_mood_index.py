"""The index's arguments: what is refused, and in which words; what explanations say; exported names.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moodrec.index
from moodrec.arguments import IGNORE
from moodrec.errors import (
    DataError,
    DuplicateIdError,
    FilterError,
    ModelMismatchError,
    NotFoundError,
    UsageError,
)
from moodrec.index import Explanation, Hits, MoodIndex
from moodrec.index.rows.track_ids import TrackIds
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import assert_same
from tests.oracles import blend_scores

SAMPLE = sample_catalogue(200)
QUERY = SAMPLE.vectors[0]


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    return MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, model_fingerprint="a")


def test_exported_names() -> None:
    assert set(moodrec.index.__all__) == {"Explanation", "Hits", "MoodIndex"}
    for name in moodrec.index.__all__:
        assert getattr(moodrec.index, name).__module__.startswith("moodrec.index.")
    with pytest.raises(AttributeError):
        moodrec.index.nothing  # noqa: B018


def test_searching_needs_no_torch() -> None:
    program = (
        "import sys; from moodrec.index import MoodIndex; from tests.catalogues import *\n"
        "s = sample_catalogue(50); MoodIndex.build(s.vectors, s.table, MOODS).search(s.vectors, where='calm > 0.5')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_hits_hold(index: MoodIndex) -> None:
    hits = index.search(SAMPLE.vectors[:3], k=4, where="year > 1990")
    assert isinstance(hits, Hits)
    assert isinstance(hits.explanation, Explanation)
    assert len(hits) == 3
    kinds = (hits.track_ids.dtype, hits.scores.dtype, hits.counts.dtype)
    assert kinds == (np.dtype(object), np.dtype(np.float32), np.dtype(np.int64))
    assert (hits.track_ids.shape, hits.scores.shape, hits.counts.shape) == ((3, 4), (3, 4), (3,))
    assert all(type(track_id) is str for track_id in hits.track_ids.ravel())


def test_scores_are_the_documented_blend(index: MoodIndex) -> None:
    for weight in (0.0, 0.25, 1.0):
        hits = index.search(QUERY, k=200, mood={"calm": 0.3}, mood_weight=weight)
        rows = [int(track_id[1:]) for track_id in hits.track_ids[0]]
        moods = SAMPLE.table["calm"].to_numpy()[rows, None]
        expected = blend_scores(SAMPLE.vectors[rows], QUERY, moods, [0.3], weight)
        np.testing.assert_allclose(hits.scores[0], expected, atol=1e-6)


def test_a_target_alone_weighs_one_half(index: MoodIndex) -> None:
    default = index.search(QUERY, mood={"calm": 0.3})
    assert_same(default, index.search(QUERY, mood={"calm": 0.3}, mood_weight=0.5))


def test_a_track_without_the_mood_cannot_meet_its_target(index: MoodIndex) -> None:
    unknown = set(index.frame["track_id"][index.frame["happy"].isna()])
    assert unknown
    hits = index.search(QUERY, k=200, mood={"happy": 0.5}, mood_weight=0.0)
    assert set(hits.track_ids[0]) - {None} == set(index.track_ids) - unknown
    assert f"mood target: no score for happy drops {len(unknown)}" in hits.explain()


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"k": 0}, "1 or more"),
        ({"mood_weight": 0.5}, "without a mood target"),
        ({"mood_weight": 0.0}, "without a mood target"),
        ({"mood": {}, "mood_weight": 0.5}, "without a mood target"),
        ({"mood": {"clam": 0.5}}, "did you mean 'calm'"),
        ({"mood": {"year": 0.5}}, "unknown mood 'year'"),
        ({"mood": {"calm": 1.5}}, r"\[0, 1\]"),
        ({"mood": {"calm": float("nan")}}, r"\[0, 1\]"),
        ({"mood": {"calm": 0.5}, "mood_weight": -0.1}, "mood_weight is -0.1"),
        ({"mood": {"calm": 0.5}, "mood_weight": float("nan")}, "mood_weight is nan"),
        ({"max_per_artist": 0}, "max_per_artist is 0"),
        ({"exclude": [3.5]}, "exclude takes track ids as text or whole numbers, not 3.5"),
        ({"where": "clam > 0.5"}, "did you mean 'calm'"),
    ],
)
def test_arguments_that_make_no_sense(index: MoodIndex, conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        index.search(QUERY, **conditions)


def test_caps_and_exclusions_need_artists() -> None:
    bare = MoodIndex.build(SAMPLE.vectors, SAMPLE.table.select(["track_id"]))
    for conditions in ({"max_per_artist": 1}, {"exclude_artist": ["x"]}):
        with pytest.raises(UsageError, match="needs a column 'artist'"):
            bare.search(QUERY, **conditions)
    assert bare.search(QUERY).counts.tolist() == [10]


def test_one_name_may_stand_for_a_list(index: MoodIndex) -> None:
    assert_same(index.search(QUERY, exclude="t1"), index.search(QUERY, exclude=["t1"]))
    assert_same(
        index.search(QUERY, exclude_artist="artist 1"), index.search(QUERY, exclude_artist=["ARTIST 1"])
    )
    assert_same(index.search(QUERY, exclude=["t1", "no such track"]), index.search(QUERY, exclude=["t1"]))


def test_excluded_artists_are_known_whatever_their_case(index: MoodIndex) -> None:
    frame = index.frame
    shouted = [f" {artist.upper()} " for artist in frame["artist"].dropna().unique()]
    hits = index.search(QUERY, k=200, exclude_artist=shouted)
    assert {*hits.track_ids[0]} - {None} == {*frame["track_id"][frame["artist"].isna()]}


def test_many_exclusions_are_one_condition(index: MoodIndex) -> None:
    many = [f"t{row}" for row in range(150)]
    hits = index.search(QUERY, k=60, exclude=many)
    assert hits.counts.tolist() == [50]
    assert not {*hits.track_ids[0]} & {*many}
    assert "exclude (150 tracks) drops 150" in hits.explain()


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (np.zeros(16), "rows 0 are zero"),
        (np.full((2, 16), np.nan), "rows 0, 1 hold NaN"),
        (np.r_[np.ones(15), np.inf], "rows 0 hold NaN or infinite"),
        (np.ones(15), "15 dimensions, the index has 16"),
        (np.ones((2, 2, 16)), r"not \(2, 2, 16\)"),
        ([["a"] * 16], "not numbers"),
        ([[1.0], [1.0, 2.0]], "not all of one length"),
        (np.ones(16, complex), "not numbers"),
    ],
)
def test_wrong_queries(index: MoodIndex, queries: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        index.search(queries)


def test_queries_of_any_length_and_type_are_scaled(index: MoodIndex) -> None:
    truth = index.search(QUERY)
    for scaled in (
        QUERY * 3.7,
        QUERY.astype(np.float64) * 1e-30,
        QUERY.astype(np.float64) * 1e200,
        QUERY.tolist(),
    ):
        assert index.search(scaled).track_ids.tolist() == truth.track_ids.tolist()
    assert index.search(np.empty((0, 16), np.float32)).track_ids.shape == (0, 10)


def table(**columns: Any) -> pa.Table:
    return pa.table({"track_id": ["a", "b", "c"], "calm": [0.1, 0.2, 0.3], **columns})


def frame(value: object) -> pd.DataFrame:
    """A table of pandas with a column of one value."""
    return pd.DataFrame(
        {"track_id": ["a", "b", "c"], "calm": [0.1] * 3, "x": pd.Series([value] * 3, dtype=object)}
    )


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        (table().drop_columns(["track_id"]), "no column 'track_id'"),
        (table().drop_columns(["calm"]), "no column 'calm'"),
        (table(track_id=[1.0, 2.0, 3.0]), "ids are texts or whole numbers"),
        (table(track_id=["a", None, ""]), "empty in rows 1, 2"),
        (table(calm=[0.1, 1.5, -1.0]), r"outside \[0, 1\] in rows 1, 2"),
        (table(calm=["high", "low", "low"]), "mood scores are numbers"),
        (table().slice(0, 2), "3 vectors were given for 2 tracks"),
        (pd.DataFrame({"track_id": ["a", "b", "c"], "calm": [0.1] * 3, "x": [1, "a", None]}), "mixed values"),
        (pd.DataFrame({"track_id": [1, "b", "c"], "calm": [0.1] * 3}), "mixed values"),
        (frame(2**70), "whole number of more than 64 bits"),
        (frame("\ud800"), "a text that is no Unicode: "),
        (frame(1j), "mixed values"),
        (frame(0).assign(x=pd.arrays.SparseArray([0, 1, 0])), "cannot be read: Sparse"),
        (table(track_id=pa.array([2**63, 1, 2], pa.uint64())), "above 9223372036854775807"),
        (table(track_id=[1, None, 3]), "empty in rows 1"),
        ([{"track_id": "a"}], "must be a table of pandas, Arrow, polars"),
    ],
)
def test_wrong_tables(tracks: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MoodIndex.build(np.eye(3), tracks, ["calm"])


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.uint64(), "dictionary"])
def test_whole_numbers_are_ids(kind: Any) -> None:
    """They are texts in the index, and one may ask by either."""
    numbers = pa.array([7, 8, 9], pa.int64())
    ids = numbers.dictionary_encode() if kind == "dictionary" else numbers.cast(kind)
    seven: Any = [7, np.int64(9)]
    index: Any = MoodIndex.build(np.eye(3), table(track_id=ids), ["calm"])
    assert index.track_ids == ["7", "8", "9"]
    assert index.search(np.eye(3)[1], 3, only=[8, "9"]).track_ids.tolist() == [["8", "9", None]]
    changes = pa.table({"track_id": pa.array([9, 10]), "calm": [0.5, 0.6]})
    index.upsert(np.eye(3)[:2], changes)
    index.update(pa.table({"track_id": pa.array([7]), "calm": [0.9]}))
    index.remove([8])
    assert sorted(index.track_ids) == ["10", "7", "9"]
    assert index.rows(seven)["calm"].to_pylist() == pytest.approx([0.9, 0.5])
    with pytest.raises(DuplicateIdError, match="'9'"):
        index.add(np.eye(3)[:1], changes.slice(0, 1))


def test_ids_that_occur_twice_are_listed() -> None:
    with pytest.raises(DuplicateIdError, match="'a'"):
        MoodIndex.build(np.eye(3), table(track_id=["a", "b", "a"]))


def test_wrong_vectors_are_named_with_their_tracks() -> None:
    vectors = np.eye(3)
    vectors[1] = 0
    with pytest.raises(DataError, match=r"rows 1 \(b\) are zero"):
        MoodIndex.build(vectors, table())
    with pytest.raises(DataError, match=r"mood.* must be different"):
        MoodIndex.build(np.eye(3), table(), ["calm", "calm"])


def test_the_callers_array_is_left_alone_and_not_kept() -> None:
    vectors = np.full((3, 4), 2, np.float32)
    index = MoodIndex.build(vectors, table(), ["calm"])
    assert (vectors == 2).all()
    vectors[:] = -1
    np.testing.assert_allclose(index.vectors(["a"]), [[0.5] * 4])


def test_a_failed_addition_changes_nothing(index: MoodIndex) -> None:
    before = index.search(SAMPLE.vectors[:5])
    new = SAMPLE.table.slice(0, 2).set_column(0, "track_id", pa.array(["n1", "n2"]))
    for wrong in (np.ones((2, 3)), np.zeros((2, 16)), np.ones((1, 16))):
        with pytest.raises(DataError):
            index.add(wrong, new)
    with pytest.raises(DataError, match="of the new tracks holds"):
        index.add(np.ones((2, 16)), new.set_column(3, "year", pa.array(["x", "y"])))
    with pytest.raises(ModelMismatchError, match=r"model a.*model b"):
        index.add(np.ones((2, 16)), new, model_fingerprint="b")
    assert len(index) == 200
    assert_same(index.search(SAMPLE.vectors[:5]), before)


def test_columns_may_come_and_be_missing_when_tracks_are_added() -> None:
    index = MoodIndex.build(SAMPLE.vectors[:2], SAMPLE.table.slice(0, 2), MOODS)
    new = pa.table({"track_id": ["n"], "calm": [0.5], "happy": [None], "label": ["Warp"]})
    index.add(np.ones((1, 16)), new)
    assert index.search(QUERY, where="label = 'Warp' AND year IS NULL AND happy IS NULL").counts.tolist() == [
        1
    ]
    assert index.search(QUERY, where="label IS NULL").counts.tolist() == [2]


def test_reading_an_index(index: MoodIndex) -> None:
    assert "t3" in index
    assert "zzz" not in index
    assert index.track_ids[:2] == ["t0", "t1"]
    np.testing.assert_array_equal(index.vectors(["t5", "t2"]), SAMPLE_UNIT[[5, 2]])
    assert index.tracks(["t5", "t2"])["title"].tolist() == ["Title 5", "Title 2"]
    assert index.frame["year"].dtype == "Int32"
    assert index.frame["genre"][1] == ["rock"]
    with pytest.raises(NotFoundError, match="'zzz'"):
        index.vectors(["zzz"])
    info = index.info()
    assert (info.tracks, info.dim, info.preset, info.kind, info.moods) == (200, 16, "auto", "flat", MOODS)


@pytest.mark.parametrize("tail", [False, True])
def test_rows_vectors_and_cosines_of_chosen_tracks(tail: bool) -> None:
    index = MoodIndex.build(SAMPLE.vectors[:150], SAMPLE.table.slice(0, 150), MOODS)
    index.add(SAMPLE.vectors[150:], SAMPLE.table.slice(150))
    if not tail:
        index.compact()
    wanted = ["t170", "gone", "t2", "t170"]
    assert index.contains(wanted).tolist() == [True, False, True, True]
    rows = index.rows(wanted, ["year", "track_id"], on_conflict=IGNORE)
    assert rows.equals(
        SAMPLE.table.select(["year", "track_id"]).take(pa.array([170, 2, 170])).combine_chunks()
    )
    assert index.tracks(["t2"], "title").to_dict("list") == {"title": ["Title 2"]}
    vectors = index.vectors(wanted, on_conflict=IGNORE)
    np.testing.assert_array_equal(vectors[[0, 2, 3]], SAMPLE_UNIT[[170, 2, 170]])
    assert np.isnan(vectors[1]).all()
    cosines = index.cosines(wanted, ["t2", "t2", "gone", "t3"], on_conflict=IGNORE)
    wide = SAMPLE_UNIT.astype(np.float64)
    np.testing.assert_allclose(
        cosines, [wide[170] @ wide[2], np.nan, np.nan, wide[170] @ wide[3]], rtol=1e-12
    )
    assert index.cosines([], []).shape == (0,)
    for call in (index.rows, index.vectors, lambda ids: index.cosines(ids, ids)):
        with pytest.raises(NotFoundError, match="'gone'"):
            call(wanted)
    with pytest.raises(UsageError, match="no such column: 'yaer'; did you mean 'year'"):
        index.rows(["t2"], ["yaer"])
    with pytest.raises(UsageError, match="twice"):
        index.rows(["t2"], ["year", "year"])
    with pytest.raises(UsageError, match="1 first tracks and 2 second ones"):
        index.cosines(["t2"], ["t2", "t3"])
    with pytest.raises(UsageError, match="must be 'error' or 'ignore'"):
        index.vectors(["t2"], on_conflict="drop")  # type: ignore[arg-type]


SAMPLE_UNIT = MoodIndex.build(SAMPLE.vectors, SAMPLE.table)._catalogue.base.segment.vectors


def test_an_index_from_a_table_with_vectors_in_a_column(index: MoodIndex) -> None:
    lists = list(SAMPLE.vectors)
    frame = SAMPLE.table.to_pandas()
    frame["vector"] = lists
    flat = pa.array(SAMPLE.vectors.ravel())
    arrow = SAMPLE.table.append_column("vector", pa.FixedSizeListArray.from_arrays(flat, 16))
    for given_table in (frame, arrow):
        other = MoodIndex.from_table(given_table, MOODS, embedding="vector")
        assert_same(other.search(SAMPLE.vectors[:9]), index.search(SAMPLE.vectors[:9]))
        assert "vector" not in other.info().columns
    with pytest.raises(DataError, match="did you mean 'vector'"):
        MoodIndex.from_table(arrow, embedding="vectr")
    with pytest.raises(DataError, match="rows 1, 2 are missing or of another length"):
        MoodIndex.from_table(table(embedding=[[1.0, 2.0], [1.0], None]))


def test_an_empty_index() -> None:
    empty = SAMPLE.part(0, 0)
    index = MoodIndex.build(empty.vectors, empty.table, MOODS)
    hits = index.search(QUERY, k=3, where="calm > 0.5", mood={"calm": 1.0}, max_per_artist=1)
    assert hits.track_ids.tolist() == [[None] * 3]
    index.add(SAMPLE.vectors, SAMPLE.table)
    assert index.search(QUERY, k=1).track_ids.tolist() == [["t0"]]


def test_the_explanation_says_what_dropped_how_many(index: MoodIndex) -> None:
    hits = index.similar_to("t0", k=50, where="calm >= 0.5 AND year < 1965", exclude=["t1"], max_per_artist=1)
    account = hits.explanation.as_dict()
    frame = index.frame
    years = [drop["rows"] for drop in account["dropped"] if drop["condition"] == "year < 1965"]
    assert years == [int((~(frame["year"] < 1965).fillna(False)).sum())]
    assert account["path"] == "exact"
    assert account["passed"] == int(((frame["calm"] >= 0.5) & (frame["year"] < 1965).fillna(False)).sum())
    assert "fewer than k=50" in hits.explain()
    assert "max_per_artist=1 leaves" in hits.explain()


@settings(max_examples=40)
@given(
    share=st.floats(0, 1),
    k=st.integers(1, 30),
    cap=st.one_of(st.none(), st.integers(1, 3)),
    excluded=st.sets(st.integers(0, 199), max_size=90),
)
def test_k_rows_come_back_whenever_k_rows_qualify(
    index: MoodIndex, share: float, k: int, cap: int | None, excluded: set[int]
) -> None:
    where, ids = f"calm <= {share}", [f"t{row}" for row in excluded]
    hits = index.search(QUERY, k, where=where, max_per_artist=cap, exclude=ids)
    rows = index.frame[(index.frame["calm"] <= np.float32(share)) & ~index.frame["track_id"].isin(ids)]
    known = rows["artist"].dropna().value_counts()
    qualify = (
        len(rows) if cap is None else int(known.clip(upper=cap).sum()) + int(rows["artist"].isna().sum())
    )
    assert hits.counts.tolist() == [min(k, qualify)]
    assert {*hits.track_ids[0]} - {None} <= {*rows["track_id"]}


def test_filters_may_be_given_parsed(index: MoodIndex) -> None:
    from moodrec.filters.parse import parse

    assert_same(index.search(QUERY, where=parse("calm > 0.5")), index.search(QUERY, where="calm > 0.5"))
    with pytest.raises(FilterError):
        index.search(QUERY, where="calm >")


def test_threads_come_from_the_environment() -> None:
    program = "from moodrec.index.runtime import max_threads; print(max_threads())"
    for value, expected in (("1", "1\n"), ("three", "")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"MOODREC_THREADS": value},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == expected
        assert ("is not a number of threads" in done.stderr) == (not expected)


def test_ids_of_a_large_index_are_found_in_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moodrec.index.rows.segment.LARGE", 100)
    monkeypatch.setattr("moodrec.index.storage.format.LARGE", 100)
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS)
    index.remove(["t7", "t9"])
    index.add(SAMPLE.vectors[7:8], SAMPLE.table.slice(7, 1))
    index.save(tmp_path / "index")
    for opened in (index, MoodIndex.open(tmp_path / "index")):
        # passes over all, then bisection one by one, then blocks, then passes again
        for most, few, passes in ((4, 50, 20), (99, 1, 0), (0, 1, 0), (0, 10**6, 0)):
            monkeypatch.setattr("moodrec.index.rows.track_ids._MOST_BY_ONE", most)
            monkeypatch.setattr("moodrec.index.rows.track_ids._ROWS_AN_ID", few)
            monkeypatch.setattr("moodrec.index.rows.track_ids._MOST_PASSES", passes)
            assert "t3" in opened
            assert "t7" in opened
            assert "t9" not in opened
            assert "nobody" not in opened
            assert 3 not in opened
            assert "\udcff" not in opened  # of a file name that is no UTF-8
            np.testing.assert_array_equal(opened.vectors(["t7", "t2", "t7"]), SAMPLE_UNIT[[7, 2, 7]])
            with pytest.raises(NotFoundError, match="'nobody'"):
                opened.vectors(["t2", "nobody"])


WAYS: Any = {"one by one": (1000, 1, 0), "by blocks": (0, 1, 0), "by a pass": (0, 10**6, 0)}


@pytest.mark.parametrize("way", WAYS)
@given(ids=st.lists(st.text(max_size=3), max_size=80), data=st.data())
def test_track_ids_in_a_dictionary_and_without(way: str, ids: list[str], data: st.DataObject) -> None:
    ids = [*ids, *data.draw(st.sampled_from([[], ["a"] * 40, ["a"] * 70 + ["b"]]))]
    alive = np.zeros(len(ids), bool)
    known: dict[str, int] = {}
    for row in data.draw(st.permutations(range(len(ids)))):  # of an id, at most one row is alive
        if ids[row] not in known and data.draw(st.booleans()):
            known[ids[row]], alive[row] = row, True
    wanted = [*ids, "\udcff", *data.draw(st.lists(st.text(max_size=5), max_size=5)), *ids[:3]]
    expected = [known.get(track_id, -1) for track_id in wanted]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("_MOST_BY_ONE", "_ROWS_AN_ID", "_MOST_PASSES"), WAYS[way], strict=True):
            patch.setattr(f"moodrec.index.rows.track_ids.{name}", value)
        found = TrackIds(pa.array(ids, pa.string()))
        assert found.rows_of(wanted, alive).tolist() == expected
        assert len(found.in_order) == len(ids)
        assert found.rows_of(wanted, alive).tolist() == expected
        assert [found.rows_of([one], alive).tolist()[0] for one in wanted[:5]] == expected[:5]
    assert found.at(np.arange(len(ids))).tolist() == ids


@given(ids=st.lists(st.text(max_size=3), max_size=80), later=st.lists(st.text(max_size=3), max_size=20))
def test_the_order_of_ids_that_some_follow_is_that_of_all(ids: list[str], later: list[str]) -> None:
    whole = TrackIds(pa.array([*ids, *later], pa.string()))
    known, new = (TrackIds(pa.array(some, pa.string())) for some in (ids, later))
    np.testing.assert_array_equal(known.in_order_with(new), whole.in_order)
    assert known.in_order_with(new).dtype == np.int32
