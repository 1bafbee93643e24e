"""The label table refuses what would poison a training run, and joins datasets without leaking artists."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moodrec.data.labels import TRACK_COLUMNS, LabelTable, describe_rows
from moodrec.errors import DataError, DuplicateIdError


def table(
    name: str = "set", artists: tuple[str | None, ...] = ("A", "B", "A"), **columns: list[Any]
) -> LabelTable:
    ids = [f"t{i}" for i in range(len(artists))]
    groups = [f"artist:{a.casefold()}" if a else f"track:{i}" for a, i in zip(artists, ids, strict=True)]
    given: dict[str, list[Any]] = {"track_id": ids, "artist": list(artists), "group": groups, **columns}
    return LabelTable.build(name, given, {f"{name}:calm": np.linspace(0, 1, len(ids)).astype(np.float32)})


def test_build_fills_in_what_is_unknown() -> None:
    made = LabelTable.build("x", {"track_id": ["a", "b"]}, {})
    row = made.tracks.iloc[0]
    assert tuple(made.tracks.columns) == TRACK_COLUMNS
    assert (row["audio"], row["artist"], row["split"], row["fold"], row["genre"]) == ("", None, None, -1, [])
    assert np.isnan(row["year"])
    assert made.tracks["group"].tolist() == ["track:a", "track:b"]
    assert made.targets.shape == (2, 0)


def test_column_types() -> None:
    made = table()
    assert made.tracks.dtypes[["year", "fold"]].tolist() == [np.float64, np.int64]
    assert all(made.tracks[column].dtype == object for column in set(TRACK_COLUMNS) - {"year", "fold"})
    assert (made.targets.dtypes == np.float32).all()


@pytest.mark.parametrize(
    ("columns", "targets", "message"),
    [
        ({"track_id": ["a", "a"]}, {}, "occur more than once"),
        ({"track_id": ["a", ""]}, {}, "empty track_id in row 1"),
        ({"track_id": ["a", "b"], "split": ["train", "dev"]}, {}, "see row 1"),
        ({"track_id": ["a", "b"], "title": ["x"]}, {}, "'title' has 1 values for 2"),
        ({"track_id": ["a", "b"]}, {"x:m": [0.0, 1.5]}, "x:m must be in [0, 1]; it is not in row 1"),
        ({"track_id": ["a", "b"]}, {"x:m": [0.0, -0.1]}, "not in row 1"),
        ({"track_id": ["a", "b"]}, {"calm": [0.0, 1.0]}, "dataset:mood"),
        (
            {"track_id": ["a", "b"], "group": ["g", "g"], "split": ["train", "test"]},
            {},
            "more than one split",
        ),
        ({"track_id": ["a", "b"], "group": ["g", "g"], "fold": [0, 1]}, {}, "more than one fold"),
        ({"track_id": ["a", "b"], "audio": ["x.wav", None]}, {}, "audio must be text in row 1"),
    ],
)
def test_refuses(columns: dict[str, list[object]], targets: dict[str, list[float]], message: str) -> None:
    values = {name: np.array(value, np.float32) for name, value in targets.items()}
    with pytest.raises(DataError, match=re.escape(message)):
        LabelTable.build("x", columns, values)


def test_refuses_duplicate_ids_by_their_own_class() -> None:
    with pytest.raises(DuplicateIdError, match="'a'"):
        LabelTable.build("x", {"track_id": ["a", "a"]}, {})


def test_refuses_other_columns() -> None:
    good = table()
    with pytest.raises(DataError, match="track columns are"):
        dataclasses.replace(good, tracks=good.tracks.assign(extra=1))
    with pytest.raises(DataError, match="2 rows of targets"):
        dataclasses.replace(good, targets=good.targets.iloc[:2])


def test_unknown_targets_are_allowed() -> None:
    made = LabelTable.build("x", {"track_id": ["a"]}, {"x:m": np.array([np.nan], np.float32)})
    assert made.targets.isna().all(axis=None)


def test_select_renumbers_and_keeps_order() -> None:
    chosen = table().select(np.array([True, False, True]))
    assert chosen.tracks["track_id"].tolist() == ["t0", "t2"]
    assert chosen.tracks.index.equals(pd.RangeIndex(2))
    assert chosen.targets["set:calm"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("mask", [np.array([0, 2]), np.array([True]), np.array([0, 1, 1])])
def test_select_refuses_what_is_no_mask(mask: np.ndarray) -> None:
    with pytest.raises(DataError, match="a mask of 3 booleans"):
        table().select(mask)


class TestConcat:
    def test_ids_targets_and_order(self) -> None:
        both = LabelTable.concat([table("one"), table("two")])
        assert both.tracks["track_id"].tolist() == [
            f"{name}/t{i}" for name in ("one", "two") for i in range(3)
        ]
        assert both.targets.loc[:2, "two:calm"].isna().all()
        assert both.targets.loc[3:, "two:calm"].tolist() == [0.0, 0.5, 1.0]
        assert (both.targets.dtypes == np.float32).all()
        assert both.tracks["group"].dtype == object

    def test_artists_join_across_tables_however_they_are_written(self) -> None:
        both = LabelTable.concat([table("one", ("The  Band", None)), table("two", ("the band", "Other"))])
        group = both.tracks["group"]
        assert group[0] == group[2]
        assert len(set(group)) == 3

    def test_a_test_artist_is_not_trained_on_elsewhere(self) -> None:
        one = table("one", ("A", "B"), split=["test", "train"])
        two = table("two", ("a", "C"), split=["train", "train"])
        both = LabelTable.concat([one, two])
        assert both.tracks["split"].tolist() == ["test", "train", None, "train"]

    def test_folds_that_contradict_are_refused(self) -> None:
        with pytest.raises(DataError, match="more than one fold"):
            LabelTable.concat([table("one", ("A",), fold=[0]), table("two", ("A",), fold=[1])])

    def test_needs_different_names(self) -> None:
        with pytest.raises(DataError, match="different names"):
            LabelTable.concat([table(), table()])
        with pytest.raises(DataError, match="no label tables"):
            LabelTable.concat([])

    def test_leaves_its_input_alone(self) -> None:
        one = table("one")
        before = one.tracks.copy()
        LabelTable.concat([one, table("two")])
        pd.testing.assert_frame_equal(one.tracks, before)


def test_describe_rows() -> None:
    assert describe_rows([3]) == "row 3"
    assert describe_rows(list(range(8))) == "rows 0, 1, 2, 3, 4 and 3 more"
