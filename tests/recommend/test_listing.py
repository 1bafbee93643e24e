"""Sort keys and the order they give."""

from __future__ import annotations

import pyarrow as pa
import pytest

from moodrec.errors import UsageError
from moodrec.recommend.listing import SortKey, in_order, sort_keys

TABLE = pa.table(
    {
        "track_id": ["a", "b", "c", "d"],
        "calm": pa.array([0.5, float("nan"), 0.9, 0.5], pa.float32()),
        "artist": ["zebra", None, "Abba", "abba"],
        "label": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "my col": [4, 3, 2, 1],
        "genre": [["x"]] * 4,
    }
)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("calm", [SortKey("calm")]),
        ("-calm, year", [SortKey("calm", True), SortKey("year")]),
        ('-"my col"', [SortKey("my col", True)]),
        ("my col", [SortKey("my col")]),
    ],
)
def test_reading_keys(text: str, keys: list[SortKey]) -> None:
    assert sort_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("calm", "adcb"),
        ("-calm", "cadb"),
        ("-calm,-track_id", "cdab"),
        ("artist", "cdab"),
        ("-artist", "acdb"),
        ("label,my col", "cabd"),
        ('"my col"', "dcba"),
    ],
)
def test_unknown_values_come_last_and_ties_keep_their_order(text: str, order: str) -> None:
    assert "".join(in_order(TABLE, sort_keys(text))["track_id"].to_pylist()) == order


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "commas"), ("calm,", "commas"), ("clam", "did you mean 'calm'"), ("genre", "list")],
)
def test_refused_keys(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        in_order(TABLE, sort_keys(text))
