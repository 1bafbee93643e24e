"""Cells of other people's tables, whatever their type: ids, numbers and lists of names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from moodrec.data.cells import listed, names_of, number_of, numbers_of_column, text_of

DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  a ", "a"),
        ("", None),
        ("   ", None),
        (None, None),
        (pd.NA, None),
        (pd.NaT, None),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (np.float32("nan"), None),
        ("nan", None),
        ("<NA>", None),
        ("NA", "NA"),
        ("Nan", "Nan"),
        (7, "7"),
        (7.0, "7"),
        (np.float32(7), "7"),
        (Decimal("7.00"), "7"),
        (7.5, "7.5"),
        (2**60 + 1, str(2**60 + 1)),
        (Decimal(2**60 + 1), str(2**60 + 1)),
        (float("inf"), "inf"),
        ("007", "007"),
        (b"caf\xc3\xa9", "café"),
        (date(1998, 5, 1), "1998-05-01"),
    ],
)
def test_texts(cell: object, text: str | None) -> None:
    assert text_of(cell) == text


@pytest.mark.parametrize(
    ("cell", "number"),
    [(1, 1.0), (True, 1.0), (np.bool_(False), 0.0), ("true", 1.0), ("FALSE", 0.0), (" 2.5 ", 2.5),
     (Decimal("0.1"), 0.1), ("x", None), (date(1998, 5, 1), None), ([1.0], None), ("-inf", -np.inf)],
)  # fmt: skip
def test_numbers(cell: object, number: float | None) -> None:
    assert number_of(cell) == number


@pytest.mark.parametrize("cell", [None, "", "nan", pd.NA, float("nan"), "NA", " n/a", "#N/A", b"NA"])
def test_empty_cells_are_no_number(cell: object) -> None:
    found = number_of(cell)
    assert found is not None
    assert np.isnan(found)


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        (pd.Series([1, 2], dtype="int8"), [1, 2]),
        (pd.Series([True, None, False], dtype=object), [1, np.nan, 0]),
        (pd.Series(["0.5", "", "1e-3"]), [0.5, np.nan, 0.001]),
        (pd.Series([Decimal("0.5"), None]), [0.5, np.nan]),
        (pd.Series(["0.5", "NA", "#N/A"]), [0.5, np.nan, np.nan]),
        (pd.Series(["NA", "N/A"]), None),
        (pd.Series(pd.Categorical(["1", "0"])), [1, 0]),
        (pd.Series([np.nan, np.nan]), [np.nan, np.nan]),
        (pd.Series(["", ""]), None),
        (pd.Series([None, None], dtype=object), None),
        (pd.Series(["0.5", "high"]), None),
    ],
)
def test_columns_of_numbers(column: pd.Series, numbers: list[float] | None) -> None:
    found = numbers_of_column(column)
    if numbers is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_array_equal(found, numbers)


@pytest.mark.parametrize(
    "cell",
    [
        ["rock", "hip hop"],
        ("rock", "hip hop"),
        np.array(["rock", "hip hop"]),
        np.array(["rock", None, "hip hop"], dtype=object),
        "rock; hip hop",
        "rock,hip hop",
        "rock|hip hop",
        "rock\thip hop",
        '["rock", "hip hop"]',
        "['rock', 'hip hop']",
        "('rock', 'hip hop')",
        "['rock' 'hip hop']",
        "['rock'\n 'hip hop']",
        [{"id": 3, "name": "rock"}, {"id": 4, "name": "hip hop"}],
        '[{"id": 3, "name": "rock"}, {"id": 4, "name": "hip hop"}]',
        {"rock": 0.9, "hip hop": 0.1, "jazz": 0},
        [("rock", 0.9), ("hip hop", 0.1), ("jazz", 0.0)],
        [["rock"], ["hip hop"]],
        [b"rock", b"hip hop"],
    ],
)
def test_names_of_every_kind_of_list(cell: object) -> None:
    assert names_of(cell) == ("rock", "hip hop")


@pytest.mark.parametrize(
    ("cell", "names"),
    [(None, ()), ("", ()), ([], ()), ("[]", ()), ("[live] rock", ("[live] rock",)), ("[live]", ("[live]",)),
     (float("nan"), ()), ([None], ()), ("Drum'n'Bass", ("Drum'n'Bass",)), (DEEP, (DEEP,))],
)  # fmt: skip
def test_names_at_the_edges(cell: object, names: tuple[str, ...]) -> None:
    assert names_of(cell) == names


def test_a_list_of_artists_is_not_divided() -> None:
    assert listed(["Earth, Wind & Fire", "Emotions"]) == ("Earth, Wind & Fire", "Emotions")
    assert listed('["Earth, Wind & Fire"]') == ("Earth, Wind & Fire",)
    assert listed("Earth, Wind & Fire") is None
