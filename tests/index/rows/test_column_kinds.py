"""Columns of every kind that Arrow has: what has a meaning is stored and filtered on, the rest is refused by name."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from moodrec import MoodIndex
from moodrec.catalog.parquet_tracks import ParquetTracks
from moodrec.errors import DataError, FilterError
from moodrec.filters.columns import ColumnTable

N = 4
VECTORS = np.eye(N, dtype=np.float32)
IDS = pa.array([f"t{row}" for row in range(N)])
WORDS = ["a", "b", None, "a"]
UUIDS = pa.array([bytes(range(16))] * N, pa.binary(16))


def built(column: pa.Array | pa.ChunkedArray) -> MoodIndex:
    return MoodIndex.build(VECTORS, pa.table({"track_id": IDS, "what": column}))


def found(index: MoodIndex, where: str) -> list[str]:
    return [str(one) for one in index.matching(where)["track_id"].to_pylist()]


SECONDS = pa.array([90_000, 500, None, 90_000], pa.int64())
KINDS: dict[str, tuple[Any, str, list[str]]] = {
    "views": (pa.array(WORDS, pa.string_view()), "what = 'a'", ["t0", "t3"]),
    "large texts": (pa.array(WORDS, pa.large_string()), "what = 'a'", ["t0", "t3"]),
    "runs": (pc.run_end_encode(pa.array(["a", "a", "b", None])), "what = 'a'", ["t0", "t1"]),
    "runs of numbers": (pc.run_end_encode(pa.array([1, 1, 2, None])), "what < 2", ["t0", "t1"]),
    "dictionary": (pa.array(WORDS).dictionary_encode(), "what = 'a'", ["t0", "t3"]),
    "dictionary of numbers": (pa.array([5, 6, None, 5]).dictionary_encode(), "what = 5", ["t0", "t3"]),
    "dictionary of views": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array(["a", "b"], pa.string_view())),
        "what = 'a'",
        ["t0", "t3"],
    ),
    "dictionary of dates": (
        pa.array([datetime.date(1990, 1, day + 1) for day in range(N)]).dictionary_encode(),
        "what > '1990-01-02'",
        ["t2", "t3"],
    ),
    "dictionary of lists": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1]), pa.array([["a"], ["b"]])),
        "what = 'b'",
        ["t1", "t3"],
    ),
    "decimals": (
        pa.array([decimal.Decimal("1.5"), None, decimal.Decimal(2), None]),
        "what > 1.7",
        ["t2"],
    ),
    "lengths of time": (SECONDS.cast(pa.duration("ms")), "what >= 90", ["t0", "t3"]),
    "times": (pa.array([datetime.time(hour) for hour in range(N)]), "what > '01:30'", ["t2", "t3"]),
    "nothing": (pa.nulls(N), "what IS NULL", ["t0", "t1", "t2", "t3"]),
    "half floats": (pa.array(np.arange(N, dtype=np.float16)), "what > 1.5", ["t2", "t3"]),
    "unsigned": (pa.array([1, 2, 3, (1 << 63) - 1], pa.uint64()), "what > 3", ["t3"]),
    "list views": (
        pa.array([["a"], [], None, ["b", "a"]], pa.list_view(pa.string())),
        "what = 'a'",
        ["t0", "t3"],
    ),
    "lists of views": (
        pa.array([["a"], [], None, ["b", "a"]], pa.list_(pa.string_view())),
        "what = 'a'",
        ["t0", "t3"],
    ),
    "lists of one length": (
        pa.array([[1, 2]] * 3 + [None], pa.list_(pa.int8(), 2)),
        "what = 2",
        ["t0", "t1", "t2"],
    ),
    "runs of lists": (
        pa.RunEndEncodedArray.from_arrays(pa.array([2, 4, 6], pa.int32()), pa.array([["z"], ["a"], ["b"]]))[
            2:
        ],
        "what = 'a'",
        ["t0", "t1"],
    ),
    "runs of dictionaries of views": (
        pa.RunEndEncodedArray.from_arrays(
            pa.array([1, 4], pa.int32()), pa.array(["b", "a"], pa.string_view()).dictionary_encode()
        ),
        "what = 'a'",
        ["t1", "t2", "t3"],
    ),
    "dictionary with NULL": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None]), pa.array(["a", None, "b"])),
        "what IS NULL",
        ["t1", "t3"],
    ),
    "dictionary that repeats": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None]), pa.array(["a", "a", "b"])),
        "what = 'a'",
        ["t0", "t1"],
    ),
    "dictionary of half floats": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None]), pa.array([1, 2], pa.float16())),
        "what = 1",
        ["t0", "t2"],
    ),
    "ordered dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, None]), pa.array(["low", "high"]), ordered=True),
        "what = 'high'",
        ["t1", "t2"],
    ),
    "dictionary of dictionaries": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None]), pa.array(["a", "b"]).dictionary_encode()),
        "what = 'a'",
        ["t0", "t2"],
    ),
    "dictionaries too large for one": (
        pa.chunked_array(
            [
                pa.DictionaryArray.from_arrays(
                    pa.array([0, 99], pa.int8()), pa.array([f"{part}{i}" for i in range(100)])
                )
                for part in "ab"
            ]
        ),
        "what = 'b99'",
        ["t3"],
    ),
    "whole numbers beyond floating ones": (
        pa.array([1 << 62, (1 << 62) + 1, None, 5], pa.uint64()),
        f"what = {(1 << 62) + 1}",
        ["t1"],
    ),
    "wide decimals": (
        pa.array([decimal.Decimal("1.5"), None, decimal.Decimal(2), None], pa.decimal256(60, 5)),
        "what = 1.5",
        ["t0"],
    ),
    "fine decimals": (
        pa.array([decimal.Decimal("1.7"), None, decimal.Decimal(2), None], pa.decimal128(38, 30)),
        "what = 1.7",
        ["t0"],
    ),
    "moments": (
        pa.array([0, 500_000_000, 250_000_000, 10_000_000_000], pa.timestamp("ns")),
        "what > '1970-01-01 00:00:00.25'",
        ["t1", "t3"],
    ),
    "whole seconds in a fine unit": (
        pa.array([0, 10_000_000, None, -1], pa.timestamp("us")),
        "what = '1970-01-01 00:00:10'",
        ["t1"],
    ),
    "moments with a zone": (
        pa.array([0, 3600, None, 7200], pa.timestamp("s", "Europe/Berlin")),
        "what IN ('1970-01-01 01:00:00')",
        ["t1"],
    ),
    "days in milliseconds": (
        pa.array([datetime.date(1990, 1, day + 1) for day in range(N)], pa.date64()),
        "what = '1990-01-02'",
        ["t1"],
    ),
    "lists of lengths of time": (
        pa.array([[9], [1], [], None, [2]], pa.list_(pa.duration("s")))[1:],
        "what IN (1, 2)",
        ["t0", "t3"],
    ),
    "lists of JSON": (
        pa.ListArray.from_arrays(
            pa.array(range(N + 1), pa.int32()), pa.ExtensionArray.from_storage(pa.json_(), pa.array(WORDS))
        ),
        "what = 'a'",
        ["t0", "t3"],
    ),
    "lists of no length": (
        pa.array([[], None, [], []], pa.list_(pa.string(), 0)),
        "what IS NULL",
        ["t0", "t1", "t2", "t3"],
    ),
    "truth values in bytes": (
        pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None, 5], pa.int8())),
        "what",
        ["t0", "t3"],
    ),
    "empty parts": (
        pa.chunked_array([pa.array(part, pa.string_view()) for part in ([], WORDS[:2], [], WORDS[2:])]),
        "what = 'a'",
        ["t0", "t3"],
    ),
    "JSON": (pa.ExtensionArray.from_storage(pa.json_(), pa.array(WORDS)), "what = 'b'", ["t1"]),
}
REFUSED: dict[str, Any] = {
    "lists of lists": pa.array([[["a"]]] * N),
    "structs": pa.array([{"a": 1}] * N),
    "lists of structs": pa.array([[{"a": 1}]] * N),
    "maps": pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int8())),
    "intervals": pa.array([(1, 2, 3)] * N, pa.month_day_nano_interval()),
    "unions": pa.UnionArray.from_sparse(pa.array([0] * N, pa.int8()), [pa.array([1] * N)]),
    "list views of structs": pa.array([[{"a": 1}]] * N, pa.list_view(pa.struct([("a", pa.int8())]))),
    "lists of bytes": pa.array([[b"a"]] * N, pa.list_(pa.binary_view())),
    "runs of structs": pa.RunEndEncodedArray.from_arrays(pa.array([N], pa.int32()), pa.array([{"a": 1}])),
    "tensors": pa.FixedShapeTensorArray.from_numpy_ndarray(np.ones((N, 2, 2), np.float32)),
    "UUIDs": pa.ExtensionArray.from_storage(pa.uuid(), UUIDS),
}


NOT_UTF8 = pa.Array.from_buffers(pa.string(), N, pa.array([b"a", b"\xff", b"c", b"d"]).buffers())
VALUES: dict[str, tuple[Any, str]] = {
    "not UTF-8": (NOT_UTF8, "is damaged"),
    "a dictionary not UTF-8": (pa.DictionaryArray.from_arrays(pa.array(range(N)), NOT_UTF8), "is damaged"),
    "lists not UTF-8": (pa.ListArray.from_arrays(pa.array(range(N + 1), pa.int32()), NOT_UTF8), "is damaged"),
    "times beyond a day": (pa.array([10**8] * N, pa.int32()).view(pa.time32("s")), "is damaged"),
    "days beyond a calendar": (pa.array([0, 2_932_897, 0, 0], pa.date32()), "after 9999"),
    "moments before a calendar": (pa.array([None, -62_135_596_801, 0, 0], pa.timestamp("s")), "year 1"),
    "no such zone": (pa.array([0] * N, pa.timestamp("us", "Nowhere/Else")), "zone 'Nowhere/Else'.*UTC"),
    "beyond whole numbers": (pa.array([1 << 63] * N, pa.uint64()), "above 9223372036854775807"),
    "lists beyond": (pa.array([[1 << 63]] * N, pa.list_(pa.uint64())), "above 9223372036854775807"),
    "a dictionary beyond": (pa.array([1 << 63] * N, pa.uint64()).dictionary_encode(), "above 922"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_that_no_filter_reads(kind: str) -> None:
    column, why = VALUES[kind]
    with pytest.raises(DataError, match=f"column 'what' .*{why}"):
        built(column)


def test_the_ends_of_the_calendar() -> None:
    assert found(built(pa.array([-719_162, 2_932_896, None, 0], pa.date32())), "what < '0001-01-02'") == [
        "t0"
    ]
    ends = pa.array([-62_135_596_800, 253_402_300_799, None, 0], pa.timestamp("s"))
    assert found(built(ends), "what > '9999'") == ["t1"]


@pytest.mark.parametrize(
    "kind", ["dictionary", "lengths of time", "list views", "lists of JSON", "tensors", "UUIDs"]
)
def test_files_read_in_parts(kind: str, tmp_path: Path) -> None:
    column = REFUSED[kind] if kind in REFUSED else KINDS[kind][0]
    vectors = pa.array(VECTORS.tolist(), pa.list_view(pa.float32()))
    pq.write_table(pa.table({"track_id": IDS, "what": column, "embedding": vectors}), tmp_path / "t.parquet")
    if kind in REFUSED:
        with pytest.raises(DataError, match=r"column 'what' holds .* which no filter can read"):
            MoodIndex.build_into(tmp_path / "index", ParquetTracks(tmp_path / "t.parquet"))
        return
    index = MoodIndex.build_into(tmp_path / "index", ParquetTracks(tmp_path / "t.parquet"))
    _, where, wanted = KINDS[kind]
    assert found(index, where) == wanted


def test_ids_in_files_that_are_not_utf8(tmp_path: Path) -> None:
    vectors = pa.array(VECTORS.tolist(), pa.list_(pa.float32()))
    pq.write_table(pa.table({"track_id": NOT_UTF8, "embedding": vectors}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"column 'track_id' is damaged"):
        MoodIndex.build_into(tmp_path / "index", ParquetTracks(tmp_path / "t.parquet"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_a_meaning(kind: str, tmp_path: Path) -> None:
    column, where, wanted = KINDS[kind]
    index = built(column)
    assert found(index, where) == wanted
    index.save(tmp_path / "index")
    again = MoodIndex.open(tmp_path / "index")
    assert found(again, where) == wanted
    again.add(VECTORS, pa.table({"track_id": [f"n{row}" for row in range(N)], "what": column}))
    assert found(again, where) == [*wanted, *(f"n{one[1:]}" for one in wanted)]
    assert len(index.frame) == N


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_none(kind: str) -> None:
    with pytest.raises(DataError, match=r"column 'what' holds .* which no filter can read"):
        built(REFUSED[kind])
    table = ColumnTable(pa.table({"what": REFUSED[kind]}))
    with pytest.raises(FilterError, match="cannot be filtered on"):
        table.column("what")


def test_bytes_are_kept_and_not_filtered_on() -> None:
    index = built(pa.array([b"\x00"] * N))
    assert index.rows(["t1"])["what"].to_pylist() == [b"\x00"]
    with pytest.raises(FilterError, match="cannot be filtered on"):
        index.matching("what = 'a'")


@pytest.mark.parametrize(
    "values", [pd.Series([{"a": 1}] * N), pd.Series(pd.interval_range(0, N)), [[["a"]]] * N]
)
def test_frames_of_pandas(values: Any) -> None:
    with pytest.raises(DataError, match="'what'"):
        MoodIndex.build(VECTORS, pd.DataFrame({"track_id": IDS.to_pylist(), "what": values}))


TWICE = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None]), pa.array(["a", "a", "b"]))
PAIRS = {
    "a dictionary, then texts": (pa.array(WORDS).dictionary_encode(), pa.array(WORDS)),
    "texts, then a dictionary": (pa.array(WORDS), pa.array(WORDS).dictionary_encode()),
    "a dictionary, then one that repeats": (pa.array(WORDS).dictionary_encode(), TWICE),
    "a dictionary that repeats, then one": (TWICE, pa.array(WORDS).dictionary_encode()),
    "a dictionary, then nothing": (pa.array(WORDS).dictionary_encode(), pa.nulls(N)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_kinds_for_the_same_values(pair: str) -> None:
    first, then = PAIRS[pair]
    index = built(first)
    index.add(VECTORS, pa.table({"track_id": [f"n{row}" for row in range(N)], "what": then}))
    assert index.rows(["t0", "t1", "t2", "t3"])["what"].to_pylist() == first.to_pylist()
    assert index.rows(["n0", "n1", "n2", "n3"])["what"].to_pylist() == then.to_pylist()
    wanted = [
        f"{name}{i}"
        for name, column in (("t", first), ("n", then))
        for i in range(N)
        if column[i].as_py() == "a"
    ]
    assert found(index, "what = 'a'") == wanted


@pytest.mark.parametrize(
    "then", [pa.array([["a"]] * N), pa.array([1] * N), pa.array([1] * N, pa.timestamp("s", "UTC"))]
)
def test_kinds_that_do_not_fit(then: pa.Array) -> None:
    index = built(pa.array(WORDS))
    with pytest.raises(
        DataError, match=r"column 'what' of the new tracks holds .*, and that of the index string: "
    ):
        index.add(VECTORS, pa.table({"track_id": [f"n{row}" for row in range(N)], "what": then}))
    assert len(index) == N


def test_unknown_lists_stay_unknown() -> None:
    index = built(pa.array([["a"], None, [], ["b"]], pa.list_view(pa.string())))
    assert index.rows(["t0", "t1", "t2", "t3"])["what"].to_pylist() == [["a"], None, [], ["b"]]
    index = built(pa.array([[90], None, [], [5]], pa.list_(pa.duration("s"))))
    assert index.rows(["t0", "t1", "t2", "t3"])["what"].to_pylist() == [[90.0], None, [], [5.0]]


def test_a_message_does_not_grow_with_the_type() -> None:
    wide = pa.array([{f"field {i}": i for i in range(1000)}] * N)
    with pytest.raises(DataError) as raised:
        built(wide)
    assert len(str(raised.value)) < 400
