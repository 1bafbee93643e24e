"""Ids of every kind, and tables of every library, in every call that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec.errors import DataError, MoodrecError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.adapters.vectors import ItemVectors, in_kind_of
from moodrec.recommend.playlists.kinds import mix, radio
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender

N = 30
VECTORS = np.random.default_rng(0).standard_normal((N, 8)).astype(np.float32)
TABLE = pa.table({
    "track_id": [str(row) for row in range(N)],
    "calm": np.random.default_rng(1).random(N).astype(np.float32),
})  # fmt: skip
REC: Any = Recommender(MoodIndex.build(VECTORS, TABLE, ["calm"]))
"""Without types, which name text alone for ids."""


class Stream:
    """A table that offers nothing but an Arrow stream, as any library may."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


KINDS: dict[str, Callable[[list[int]], Any]] = {
    "text": lambda ids: [str(one) for one in ids],
    "whole": list,
    "tuple": tuple,
    "numpy scalars": lambda ids: [np.int64(one) for one in ids],
    "numpy": np.array,
    "numpy text": lambda ids: np.array([str(one) for one in ids]),
    "numpy objects": lambda ids: np.array([str(one) for one in ids], object),
    "series": pd.Series,
    "series of text": lambda ids: pd.Series([str(one) for one in ids], index=[9 + one for one in ids]),
    "pandas strings": lambda ids: pd.Series([str(one) for one in ids], dtype="string"),
    "index": lambda ids: pd.Index([str(one) for one in ids]),
    "arrow": lambda ids: pa.array([str(one) for one in ids]),
    "arrow chunks": lambda ids: pa.chunked_array([ids]),
    "arrow scalars": lambda ids: list(pa.array(ids)),
    "uint8": lambda ids: np.array(ids, np.uint8),
}


@pytest.mark.parametrize("kind", KINDS)
def test_collections_of_ids(kind: str) -> None:
    made, ids = KINDS[kind], ["3", "9", "4"]
    given = made([3, 9, 4])
    assert REC.similar(given, k=4).queries == tuple(ids)
    wanted = REC.for_history(ids, k=5).track_ids
    assert REC.for_history(given, k=5).track_ids == wanted
    assert REC.for_history([given, given], k=5).queries == ("0", "1")
    assert set(REC.similar("0", k=3, only=given).track_ids) == set(ids)
    assert not set(REC.similar("0", k=N, exclude=given).track_ids) & set(ids)
    assert REC.rerank(given, mood={"calm": 1.0}, mood_weight=0.0).track_ids == ids
    np.testing.assert_array_equal(REC.index.vectors(given), REC.index.vectors(ids))
    assert REC.index.rows(given)["track_id"].to_pylist() == ids
    assert REC.index.similar_to(given, 2).track_ids.shape == (3, 2)
    assert ItemVectors.of(REC.index, given).item_ids == tuple(ids)
    assert ItemVectors.of(REC.index).rows(given).tolist() == [3, 9, 4]
    assert ItemVectors.from_arrays(given, VECTORS[:3]).item_ids == tuple(ids)
    index = MoodIndex.build(VECTORS, TABLE, ["calm"])
    index.remove(given)
    assert len(index) == N - 3


@pytest.mark.parametrize("one", [5, np.int64(5), np.uint8(5), np.str_("5"), "5"])
def test_single_ids(one: Any) -> None:
    assert REC.similar(one, k=3).seed_id == "5"
    assert REC.resolve(one) == "5"
    assert REC.copies(one) == []
    assert REC.recordings(one) == ()
    assert one in REC.index
    assert REC.index.similar_to(one, 3).track_ids.tolist() == REC.index.similar_to("5", 3).track_ids.tolist()
    assert radio(REC, one, Rules(n=3)).track_ids[0] == "5"
    assert REC.score((one, 7)) == REC.score(("5", "7"))
    assert (
        REC.for_history({one: 1.0, 7: -0.5}, k=3).track_ids
        == REC.for_history({"5": 1, "7": -0.5}, k=3).track_ids
    )
    assert len(mix(REC, {one: 1.0}, Rules(n=3))) == 3
    assert REC.rerank({one: 0.5, 8: 1}, mood={"calm": 1}, mood_weight=0).track_ids == ["8", "5"]


@pytest.mark.parametrize("wrong", [5.0, np.float64(5), None, True, b"5"])
def test_what_is_no_id_is_refused_in_one_sentence(wrong: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: REC.for_history([wrong, wrong], k=2),
        lambda: REC.for_history({wrong: 1.0}, k=2),
        lambda: REC.similar("1", k=2, exclude=[wrong]),
        lambda: REC.similar([1, wrong], k=2),
        lambda: REC.score([(1, wrong)]),
        lambda: REC.index.vectors([wrong]),
        lambda: ItemVectors.of(REC.index, [wrong]),
    ]
    for call in calls:
        with pytest.raises(MoodrecError) as caught:
            call()
        assert "\n" not in str(caught.value)


def tables(frame: pd.DataFrame) -> dict[str, Any]:
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    return {
        "pandas": frame,
        "arrow": arrow,
        "batch": arrow.to_batches()[0],
        "reader": arrow.to_reader(),
        "stream": Stream(arrow),
    }


@pytest.mark.parametrize("kind", ["pandas", "arrow", "batch", "reader", "stream"])
def test_tables_of_every_library(kind: str) -> None:
    pairs = tables(pd.DataFrame({"seed": [1, 2], "track": ["3", "4"]}))[kind]
    np.testing.assert_array_equal(REC.score(pairs), REC.score([("1", "3"), ("2", "4")]))
    candidates = tables(pd.DataFrame({"track_id": [1, 2], "score": [0.1, 0.9]}))[kind]
    assert REC.rerank(candidates, mood={"calm": 1}, mood_weight=0).track_ids == ["2", "1"]
    tracks = tables(TABLE.to_pandas())[kind]
    assert MoodIndex.build(VECTORS, tracks, ["calm"]).track_ids == REC.index.track_ids
    whole = TABLE.append_column("embedding", pa.array(VECTORS.tolist()))
    assert MoodIndex.from_table(tables(whole.to_pandas())[kind], ["calm"]).dim == 8


def test_a_series_of_scores_by_id() -> None:
    scores = pd.Series([0.1, 0.9], index=["3", "4"])
    assert REC.rerank(scores, mood={"calm": 1}, mood_weight=0).track_ids == ["4", "3"]


def test_pairs_in_an_array() -> None:
    np.testing.assert_array_equal(REC.score(np.array([[1, 3], [2, 4]])), REC.score([("1", "3"), ("2", "4")]))
    with pytest.raises(UsageError, match="pairs must be"):
        REC.score("12")
    with pytest.raises(DataError, match="two ids each"):
        REC.score([("1", "2", "3")])


def test_whole_track_ids_of_a_table_are_texts_in_the_index() -> None:
    index = MoodIndex.build(VECTORS, TABLE.to_pandas().assign(track_id=range(N)), ["calm"])
    assert list(index.track_ids[:3]) == ["0", "1", "2"]
    with pytest.raises(DataError, match="tracks must be a table of pandas"):
        MoodIndex.build(VECTORS, cast(Any, {"track_id": ["a"]}), ["calm"])


def test_ids_in_the_kind_of_another_library() -> None:
    assert in_kind_of(["10", "a", "07", "7"], np.array([1, 2])) == [10, 7]
    assert in_kind_of(["10", "a"], np.array(["x"])) == ["10", "a"]
