"""Label tables to targets: vocabularies from seen rows, unknown stays unknown."""

from __future__ import annotations

import numpy as np
import pytest

from moodrec.data.labels import LabelTable
from moodrec.training.labels import artist_keys, encode_labels, year_edges, year_ranges
from moodrec.training.tasks import ClassTask, GenreTask, TasksConfig, YearTask


@pytest.fixture
def table() -> LabelTable:
    first = LabelTable.build(
        "one",
        {
            "track_id": ["a", "b", "c", "d"],
            "artist": ["X", "x", "Y", None],
            "album": ["Best", "Best", "Best", "Best"],
            "year": [1990, 1995, np.nan, 2005],
            "genre": [["rock"], ["rock", "pop"], ["pop"], []],
        },
        {"one:calm": np.array([0.2, 1.0, np.nan, 0.0], np.float32)},
    )
    second = LabelTable.build(
        "two", {"track_id": ["a", "b"], "artist": ["Y", "Z"], "genre": [["rock"], ["rock"]]}, {}
    )
    return LabelTable.concat([first, second])


def encode(table: LabelTable, seen: list[bool]) -> tuple[dict[str, tuple[str, ...]], dict[str, list]]:  # type: ignore[type-arg]
    labels = encode_labels(table, TasksConfig(genre=GenreTask(min_count=1)), np.array(seen))
    return {t: h.labels for t, h in labels.heads.items()}, {t: v.tolist() for t, v in labels.targets.items()}


def test_artists_are_compared_without_case_across_datasets(table: LabelTable) -> None:
    heads, targets = encode(table, [True] * 6)
    assert heads["artist"] == ("x", "y")
    assert targets["artist"] == [0, 0, 1, -1, 1, -1]


def test_an_artist_in_two_unicode_forms_is_one_class() -> None:
    table = LabelTable.build(
        "one",
        {"track_id": list("abcd"), "artist": ["Bj\u00f6rk", "BJO\u0308RK", " bjo\u0308rk ", "Bjork"]},
        {"one:calm": np.array([0.2, 1.0, 0.5, 0.0], np.float32)},
    )
    assert artist_keys(table) == ["bj\u00f6rk"] * 3 + ["bjork"]


def test_albums_of_one_name_by_two_artists_differ(table: LabelTable) -> None:
    heads, _ = encode(table, [True] * 6)
    assert "album" not in heads


def test_classes_come_from_seen_rows_only(table: LabelTable) -> None:
    heads, _ = encode(table, [True, False, True, True, True, True])
    assert "artist" not in heads


def test_genres_of_one_dataset_are_unknown_in_the_other(table: LabelTable) -> None:
    heads, targets = encode(table, [True] * 6)
    assert heads["genre"] == ("one:pop", "one:rock", "two:rock")
    expected = [
        [0, 1, np.nan],
        [1, 1, np.nan],
        [1, 0, np.nan],
        [np.nan] * 3,
        [np.nan, np.nan, 1],
        [np.nan, np.nan, 1],
    ]
    np.testing.assert_array_equal(targets["genre"], expected)


def test_moods_unknown_to_a_dataset_are_nan(table: LabelTable) -> None:
    _, targets = encode(table, [True] * 6)
    np.testing.assert_allclose(np.ravel(targets["mood"]), [0.2, 1, np.nan, 0, np.nan, np.nan], rtol=1e-6)


def test_year_ranges(table: LabelTable) -> None:
    assert year_ranges(table, np.ones(6, bool), 2) == ["<= 1995", "<= 1995", None, "> 1995", None, None]


def test_weight_zero_leaves_a_head_out(table: LabelTable) -> None:
    tasks = TasksConfig.model_validate(
        {t: {"weight": 0} for t in ("mood", "artist", "album", "year", "genre")}
    )
    assert encode_labels(table, tasks, np.ones(6, bool)).heads == {}


def test_ordinal_years_ask_at_each_edge(table: LabelTable) -> None:
    tasks = TasksConfig(year=YearTask(kind="ordinal", bins=5))
    labels = encode_labels(table, tasks, np.ones(6, bool))
    assert labels.heads["year"].kind == "ordinal"
    assert labels.heads["year"].labels == ("> 1990", "> 1995")
    unknown = [np.nan] * 2
    expected = [[0, 0], [1, 0], unknown, [1, 1], unknown, unknown]
    np.testing.assert_array_equal(labels.targets["year"], expected)


def test_year_edges_come_from_seen_rows_and_part_them(table: LabelTable) -> None:
    assert year_edges(table, np.array([True, True] + [False] * 4), 5).tolist() == [1990]
    for seen in ([True] + [False] * 5, [False] * 6):
        assert not year_edges(table, np.array(seen), 5).size
        for kind in ("classes", "ordinal"):
            tasks = TasksConfig.model_validate({"year": {"kind": kind}})
            assert "year" not in encode_labels(table, tasks, np.array(seen)).heads


def test_contrastive_artists_have_targets_and_no_head(table: LabelTable) -> None:
    labels = encode_labels(table, TasksConfig(artist=ClassTask(kind="contrastive")), np.ones(6, bool))
    assert labels.paired == ["artist"]
    assert labels.targets["artist"].tolist() == [0, 0, 1, -1, 1, -1]


def test_cosine_artists_have_a_cosine_head(table: LabelTable) -> None:
    labels = encode_labels(table, TasksConfig(artist=ClassTask(kind="cosine")), np.ones(6, bool))
    assert (labels.heads["artist"].kind, labels.heads["artist"].labels, labels.paired) == (
        "cosine",
        ("x", "y"),
        [],
    )


def test_rows_with_a_mood(table: LabelTable) -> None:
    labels = encode_labels(table, TasksConfig(), np.ones(6, bool))
    assert labels.with_mood(np.array([1, 2, 3, 4])).tolist() == [True, False, True, False]
