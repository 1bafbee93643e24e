"""Milvus, as Milvus Lite serves it from a file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moodrec.engines.milvus.index import MilvusIndex
from moodrec.errors import DataError, EngineError, FilterError, NotFoundError, UsageError
from moodrec.filters.conditions import Comparison, Field, Like, Membership, Not
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.options import SearchOptions
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.engines.contract import Build, EngineContract, assert_same_rows, with_ids
from tests.filters.generated import as_table, random_condition, random_rows


class TestMilvus(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, milvus_address: str) -> Build:
        return lambda sample, name: MilvusIndex.build(
            milvus_address, sample.vectors, sample.table, MOODS, name
        )

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, milvus_address: str) -> Callable[[str], MilvusIndex]:
        return lambda name: MilvusIndex.open(milvus_address, name)


def one_row_a_value(address: str, table: pa.Table, name: str = "filters") -> MilvusIndex:
    built = MilvusIndex.build(
        address, np.eye(len(table), 64, dtype=np.float32) + 0.1, with_ids(table), (), name
    )
    if "://" not in address:
        return built
    built.close()
    # Nobody writes to it from here on, and a server lets each strong read wait for 200 ms.
    return MilvusIndex.open(f"{address}?consistency=Bounded", name)


def test_random_filters_pass_the_rows_that_they_pass_on_one_machine(milvus_address: str) -> None:
    for seed in range(2):
        rng = random.Random(seed)
        table = as_table(random_rows(rng, 40))
        with one_row_a_value(milvus_address, table) as index:
            for _ in range(100):
                assert_same_rows(index, table, random_condition(rng))
            assert index.table.equals(with_ids(table))


TEXTS = [
    "plain",
    'quo"te',
    "it's",
    "new\nline",
    "back\\slash",
    '\\"',
    "%",
    "_",
    "𝄞 astral",
    "\U0010ffff",
    "\ufffe",
    "\t\r\x01\x7f\x85\u2028",
    "e\u0301",
    "",
    '" or moodrec_seq >= 0 or c_text == "',
    "in [1]",
    "{text}",
]


def test_literals_of_every_kind(milvus_address: str) -> None:
    table = pa.table({"text": [*TEXTS, None], "texts": [*([one, "x"] for one in TEXTS), []]})
    with one_row_a_value(milvus_address, table, "texts") as index:
        for text in TEXTS:
            for operator in ("=", "<>", "<", "<=", ">", ">="):
                assert_same_rows(index, table, Comparison(Field("text"), operator, text))
            assert_same_rows(index, table, Comparison(Field("text"), ">", text + "\0x"))
            assert_same_rows(index, table, Membership(Field("text"), (text, "plain", "other")))
            assert_same_rows(index, table, Not(Membership(Field("texts"), (text, "other"))))
            for pattern in (text, f"{text}%", f"%{text}_"):
                assert_same_rows(index, table, Like(Field("text"), pattern, escape="!"))
                assert_same_rows(index, table, Like(Field("text"), pattern, ignore_case=True))
        with pytest.raises(FilterError, match="no text"):
            index.matching(Comparison(Field("text"), "=", "\ud800"))
        with pytest.raises(FilterError, match="ESCAPE"):
            index.matching(Like(Field("text"), "a!", escape="!"))


def test_numbers_at_the_ends_of_their_types(milvus_address: str) -> None:
    floats = [-3.4e38, -1e-45, -0.0, 1e-45, 0.1, 16777217.0, 3.4028234663852886e38]
    whole = [-(2**63) + 2, -1, 0, 2**53, 2**53 + 1, 2**62, 2**63 - 1]
    table = pa.table(
        {
            "single": pa.array([*floats, None], pa.float32()),
            "double": pa.array([*floats, None], pa.float64()),
            "whole": pa.array([*whole, None], pa.int64()),
            "flag": [True, False, None, True, False, None, True, None],
        }
    )
    with one_row_a_value(milvus_address, table, "numbers") as index:
        for name, values in (("single", floats), ("double", floats), ("whole", whole)):
            for value in values:
                for operator in ("=", "<>", "<", "<=", ">", ">="):
                    assert_same_rows(index, table, Comparison(Field(name), operator, value))
                    assert_same_rows(index, table, Not(Comparison(Field(name), operator, float(value))))
            for other in ("single", "double", "whole"):
                assert_same_rows(index, table, Comparison(Field(name), "<=", Field(other)))
        assert_same_rows(index, table, Not(Comparison(Field("flag"), "=", True)))
        assert index.table.equals(with_ids(table))
    for wrong in (
        pa.array([np.inf]),
        pa.array([-(2**63)]),
        pa.array(["\uffff"]),
        pa.array(["x" * 70_000]),
        pa.array([["x"] * 5_000]),
    ):
        with pytest.raises(DataError, match="'odd'"):
            one_row_a_value(milvus_address, pa.table({"odd": wrong}), "odd")


def test_columns_beyond_what_milvus_has_room_for(milvus_address: str) -> None:
    table = pa.table({f"column {place}": [place, None, -place] for place in range(80)})
    with one_row_a_value(milvus_address, table, "wide") as index:
        for place in (0, 40, 79):
            assert_same_rows(index, table, Comparison(Field(f"column {place}"), "<", 1))
            assert_same_rows(index, table, Not(Comparison(Field(f"column {place}"), "=", place)))
        assert_same_rows(index, table, Comparison(Field("column 3"), "<", Field("column 79")))
        assert index.table.equals(with_ids(table))


@pytest.fixture(scope="module")
def large() -> Sample:
    return sample_catalogue(5_000, 32)


def test_the_graph_finds_the_nearest_under_every_filter(milvus_address: str, large: Sample) -> None:
    truth = MoodIndex.build(large.vectors, large.table, MOODS, "flat")
    with MilvusIndex.build(milvus_address, large.vectors, large.table, MOODS, "large") as index:
        ways = set()
        for where in (None, "calm >= 0.5", "calm < 0.5", "year >= 1990", "happy <= 0.45 AND year < 2000"):
            for mood, weight in ((None, None), ({"calm": 0.9}, 0.5)):
                options = SearchOptions(where=where, mood=mood, mood_weight=weight)
                found = index.search(large.vectors[:3], 10, options)
                expected = truth.search(large.vectors[:3], 10, options)
                pairs = zip(found.track_ids, expected.track_ids, strict=True)
                recall = np.mean([len({*one} & {*other}) / 10 for one, other in pairs])
                assert recall >= 0.97, (where, mood, recall)
                ways.add(found.explanation.path)
        assert ways == {"milvus hnsw", "milvus scan"}


def test_a_build_takes_the_place_of_the_one_before(milvus_address: str) -> None:
    sample = sample_catalogue(60)

    def build(part: Sample) -> MilvusIndex:
        return MilvusIndex.build(milvus_address, part.vectors, part.table, MOODS, "swapped")

    with build(sample.part(0, 20)) as first, MilvusIndex.open(milvus_address, "swapped") as reader:
        assert not reader.refresh()
        with build(sample.part(20, 60)) as second:
            assert (len(first), len(reader), len(second)) == (20, 20, 40)
            assert reader.search(sample.vectors[0], 1).track_ids.tolist() == [["t0"]]
            assert reader.refresh()
            assert (len(reader), reader.moods, "t0" in reader) == (40, MOODS, False)
            second.upsert(sample.vectors[:1], sample.table.slice(0, 1))
            assert reader.track_ids[-1] == "t0"
    with pytest.raises(NotFoundError, match="'never'"):
        MilvusIndex.open(milvus_address, "never")
    with pytest.raises(UsageError, match="small letters"):
        MilvusIndex.open(milvus_address, "No Name")


def test_a_file_that_is_opened_again(tmp_path: Path) -> None:
    sample, address = sample_catalogue(30), str(tmp_path / "again.db")
    with MilvusIndex.build(address, sample.vectors, sample.table, MOODS) as index:
        index.remove(["t3"])
    with MilvusIndex.open(f"milvus://{address}") as index:
        assert len(index) == 29
        assert index.similar_to("t1", 3, where="year > 1900").track_ids.shape == (1, 3)


def test_a_server_that_cannot_be_reached() -> None:
    with pytest.raises(EngineError, match="Milvus"):
        MilvusIndex.open("milvus://127.0.0.1:9")
