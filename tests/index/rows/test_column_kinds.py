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
import pytest

from moodrec import MoodIndex
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
    "unsigned": (pa.array([1, 2, 3, 1 << 63], pa.uint64()), "what > 3", ["t3"]),
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
    "UUIDs": pa.ExtensionArray.from_storage(pa.uuid(), UUIDS),
}


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


def test_a_message_does_not_grow_with_the_type() -> None:
    wide = pa.array([{f"field {i}": i for i in range(1000)}] * N)
    with pytest.raises(DataError) as raised:
        built(wide)
    assert len(str(raised.value)) < 400
