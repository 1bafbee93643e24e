"""Row masks against SQLite, against plain Python, and against answers worked out by hand."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.errors import FilterError
from moodrec.filters import selection
from moodrec.filters.artist_column import ArtistColumn
from moodrec.filters.columns import ColumnTable, parts_of, row_mask
from moodrec.filters.parse import parse
from tests.filters.generated import as_table, random_condition, random_rows, sqlite_text
from tests.oracles import Sqlite, sql_truth

SMALL = pa.table(
    {
        "calm": pa.array([0.1, 0.6, 0.9, None, float("nan")], pa.float32()),
        "year": pa.array([1990, 1999, None, 2001, 1990], pa.int32()),
        "artist": ["Moby", "moby", None, "X", "Ünder"],
        "live": [True, False, None, True, False],
        "genre": pa.array([["rock", "pop"], [], None, ["jazz"], [None]], pa.list_(pa.string())),
        "released": pa.array([date(1990, 1, 31), None, date(2001, 5, 5), None, None]),
        "price": pa.array([Decimal("1.10"), None, None, None, None], pa.decimal128(5, 2)),
        "shelf": pa.array(["a", "b", "a", None, "a"]).dictionary_encode(),
        "nothing": pa.nulls(5),
        "blob": pa.array([b"x"] * 5),
        "my col": pa.array([1, 2, 3, 4, 5], pa.uint8()),
    }
)


def rows_where(text: str, table: pa.Table | pd.DataFrame = SMALL) -> list[int]:
    return list(np.flatnonzero(row_mask(parse(text), ColumnTable.from_frame(table))))


def test_random_filters_agree_with_sqlite() -> None:
    for seed in range(50):
        rng = random.Random(seed)
        rows = random_rows(rng, 60)
        columns = ColumnTable(as_table(rows))
        oracle = Sqlite(rows, [name for name in columns.names if name not in ("genre", "codes")])
        for _ in range(100):
            condition = random_condition(rng, lists=False)
            found = list(np.flatnonzero(row_mask(parse(str(condition)), columns)))
            assert found == oracle.select(sqlite_text(condition)), str(condition)
        oracle.close()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_random_filters_with_lists_agree_with_plain_python(seed: int) -> None:
    rng = random.Random(seed)
    rows = random_rows(rng, 25)
    columns = ColumnTable(as_table(rows))
    for _ in range(20):
        condition = random_condition(rng)
        assert parse(str(condition)) == condition
        expected = [sql_truth(condition, row) is True for row in rows]
        assert row_mask(condition, columns).tolist() == expected, str(condition)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("calm >= 0.6", [1, 2]),
        ("calm > 0.6", [2]),
        ("calm = 0.1", [0]),
        ("calm <> 0.1", [1, 2]),
        ("NOT calm > 0.6", [0, 1]),
        ("calm IS NULL", [3, 4]),
        ("calm < 1e300", [0, 1, 2]),
        ("calm IN (0.1, 0.9)", [0, 2]),
        ("artist = 'Moby'", [0]),
        ("artist ILIKE 'MOBY'", [0, 1]),
        ("artist ILIKE 'ü%'", [4]),
        ("artist <> 'X'", [0, 1, 4]),
        ("artist IS NULL OR artist <> 'X'", [0, 1, 2, 4]),
        ("artist > 'Y'", [1, 4]),
        ("year >= 1990.5", [1, 3]),
        ("year IN (1990.0, 1999.5, 99999999999999999999)", [0, 4]),
        ("year < 99999999999999999999", [0, 1, 3, 4]),
        ("year NOT IN (1990)", [1, 3]),
        ("year BETWEEN 1990 AND 1999", [0, 1, 4]),
        ("live", [0, 3]),
        ("live <> TRUE", [1, 4]),
        ("live IN (TRUE, FALSE)", [0, 1, 3, 4]),
        ("genre = 'pop'", [0]),
        ("genre <> 'pop'", [3]),
        ("NOT genre = 'pop'", [3]),
        ("NOT genre <> 'pop'", [0]),
        ("genre IN ('jazz', 'pop')", [0, 3]),
        ("genre LIKE '_azz'", [3]),
        ("genre IS NULL", [1, 2, 4]),
        ("released < '1990-02-01'", [0]),
        ("price <= 1.1", [0]),
        ("shelf = 'a'", [0, 2, 4]),
        ("nothing = 3", []),
        ("nothing <> 'x' OR nothing IS NULL", [0, 1, 2, 3, 4]),
        ('"my col" >= 4', [3, 4]),
        ("pct(calm) > 0.5", [2]),
        ("pct(calm) = 0.5", [1]),
        ("pct(year) <= 0.25", [0, 4]),
    ],
)
def test_meaning(text: str, rows: list[int]) -> None:
    assert rows_where(text) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clam > 1", "did you mean 'calm'"),
        ("Calm > 1", "did you mean 'calm'"),
        ("zzz > 1", "columns: calm, year"),
        ("prob(calm) > 1", "no column prob_calm"),
        ("calm = 'high'", "calm holds numbers"),
        ("calm LIKE 'a'", "calm holds numbers"),
        ("calm = TRUE", "calm holds numbers"),
        ("year IN (1, 'a')", "year holds numbers"),
        ("artist > 3", "artist holds text"),
        ("artist IN ('a', 3)", "artist holds text"),
        ("artist", "artist holds text"),
        ("live = 1", "live holds TRUE and FALSE"),
        ("live > FALSE", "live holds TRUE and FALSE"),
        ("live LIKE 'a'", "live holds TRUE and FALSE"),
        ("genre > 'a'", "genre holds lists"),
        ("genre = 3", "genre holds text"),
        ("pct(artist) > 0.5", "needs a column of numbers"),
        ("calm > artist", "no numbers"),
        ('artist = "Moby"', "single quotes: 'Moby'"),
        ("blob = 'x'", "cannot be filtered on"),
        ("artist LIKE 'a!' ESCAPE '!'", "ESCAPE"),
    ],
)
def test_refuses_unknown_columns_and_wrong_types(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message.replace("(", r"\(")):
        rows_where(text)


def test_a_pandas_table_means_the_same() -> None:
    frame = pd.DataFrame(
        {"year": [1990, None], "artist": ["a", None], "genre": [["x"], []], "live": [True, False]},
        index=[7, 3],
    )
    for text in ("year = 1990", "artist = 'a'", "genre = 'x'", "live", "NOT year IS NULL"):
        assert rows_where(text, frame) == [0]
    assert rows_where("artist <> 'b' OR genre <> 'y'", frame) == [0]


def test_a_literal_is_rounded_to_the_type_of_the_column() -> None:
    stored = pa.table({"x": pa.array([0.6], pa.float32()), "y": pa.array([0.6], pa.float64())})
    assert rows_where(
        "x = 0.6 AND x >= 0.6 AND x <= 0.6 AND x IN (0.6) AND x BETWEEN 0.6 AND 0.6", stored
    ) == [0]
    assert rows_where("y = 0.6", stored) == [0]


def test_a_numeric_list_column_and_slices_of_a_table() -> None:
    table = pa.table(
        {"codes": pa.array([[1, 2], None, [3]], pa.list_(pa.int32())), "x": ["a", None, "b"]}
    ).slice(1)
    assert rows_where("codes = 3", table) == [1]
    assert rows_where("codes IS NULL AND x IS NULL", table) == [0]


def test_percentiles_count_only_rows_that_are_alive() -> None:
    columns = ColumnTable(pa.table({"calm": [0.1, 0.2, 0.3, 0.4]}))
    alive = np.array([True, True, False, False])
    fewer = columns.with_counted(lambda name: np.sort(columns.known_values(name, alive)))
    top = parse("pct(calm) > 0.5")
    assert row_mask(top, columns).tolist() == [False, False, True, True]
    assert row_mask(top, fewer)[:2].tolist() == [False, True]
    assert fewer.column("calm") is columns.column("calm")


def test_parts_joined_by_and() -> None:
    assert [str(part) for part in parts_of(parse("calm >= 0.6 AND artist = 'moby'"))] == [
        "calm >= 0.6",
        "artist = 'moby'",
    ]
    assert [str(part) for part in parts_of(parse("calm >= 0.6"))] == ["calm >= 0.6"]


def test_names_folded_to_keys() -> None:
    artists = ["Moby", "MOBY ", None, "", "  ", "Straße", "STRASSE"]
    column = ColumnTable(pa.table({"artist": artists})).column("artist")
    assert isinstance(column, ArtistColumn)
    assert column.folded_keys.tolist() == [0, 0, -1, -1, -1, 1, 1]
    others = selection.row_mask(column.not_credited_among({"moby"}), len(artists))
    assert others.tolist() == [False, False] + [True] * 5


def test_numbers_as_float32() -> None:
    columns = ColumnTable(SMALL)
    np.testing.assert_array_equal(
        columns.numbers("year"), np.array([1990, 1999, np.nan, 2001, 1990], np.float32)
    )
    with pytest.raises(FilterError, match="does not hold numbers"):
        columns.numbers("artist")


def test_an_empty_table() -> None:
    assert (
        rows_where("calm > 0.5 AND genre = 'x' AND pct(calm) > 0.1 AND artist <> 'a'", SMALL.slice(0, 0))
        == []
    )


COMPOSED, DECOMPOSED = "Bj\u00f6rk", "Bjo\u0308rk"
ACCENTS = pa.table(
    {
        "artist": [COMPOSED, DECOMPOSED, "Bjork", None, "\u212bsa"],
        "genre": pa.array([[COMPOSED], ["x", DECOMPOSED], [], None, ["A\u030asa"]], pa.list_(pa.string())),
    }
)


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("artist = '{}'", [0, 1]),
        ("artist <> '{}'", [2, 4]),
        ("artist IN ('{}', 'x')", [0, 1]),
        ("artist LIKE '{}'", [0, 1]),
        ("artist LIKE 'Bj_rk'", [0, 1, 2]),
        ("artist ILIKE '%{}%'", [0, 1]),
        ("artist >= '{}'", [0, 1, 4]),
        ("genre = '{}'", [0, 1]),
        ("genre = '\u00c5sa'", [4]),
        ("artist = 'A\u030asa'", [4]),
    ],
)
def test_accents_may_be_encoded_in_two_ways(name: str, text: str, expected: list[int]) -> None:
    assert rows_where(text.format(name), ACCENTS) == expected
