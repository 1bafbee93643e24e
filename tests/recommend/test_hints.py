"""Advice on conditions that pass nearly nothing or nearly everything."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.hints import hints_on

N = 100


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    """A hundred tracks: hardly any is joyful, nearly all are dreamy."""
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "track_id": [f"t{i}" for i in range(N)],
            "title": [f"Title {i}" for i in range(N)],
            "genre": pa.array([["Heavy Metal"] if i % 3 else [] for i in range(N)], pa.list_(pa.string())),
            "label": pa.array(["Ninja Tune" if i % 2 else None for i in range(N)]).dictionary_encode(),
            "year": pa.array([None if i < 5 else 1990 + i % 10 for i in range(N)], pa.int32()),
            "live": [i % 4 == 0 for i in range(N)],
            "added": [dt.date(2024, 1, 1 + i % 20) for i in range(N)],
            "joyful": pa.array([np.nan, *np.linspace(0.1, 0.82, N - 1)], pa.float32()),
            "dreamy": pa.array(np.linspace(0.6, 1.0, N), pa.float32()),
        }
    )
    return MoodIndex.build(rng.normal(size=(N, 8)).astype(np.float32), table, ["joyful", "dreamy"])


def hints(index: MoodIndex, where: str) -> list[str]:
    return hints_on(index, where, len(index.matching(where)))


@pytest.mark.parametrize(
    ("where", "offered"),
    [
        ("joyful >= 0.81", "pct(joyful) >= 0.81"),
        ("joyful > 0.9", "pct(joyful) > 0.9"),
        ("dreamy >= 0.61", "pct(dreamy) >= 0.61"),
        ("dreamy < 0.61", "pct(dreamy) < 0.61"),
        ("dreamy BETWEEN 0.1 AND 0.3", "pct(dreamy) BETWEEN 0.1 AND 0.3"),
        ("year > 1991 AND (joyful >= 0.9 OR NOT dreamy >= 0.7)", "pct(joyful) >= 0.9"),
    ],
)
def test_the_librarys_own_scale_is_offered(index: MoodIndex, where: str, offered: str) -> None:
    (hint,) = hints(index, where)
    assert hint.endswith(f"Within this library: {offered}")
    assert len(index.matching(offered)) >= 0  # what is offered can be read


@pytest.mark.parametrize(
    "where",
    [
        "dreamy >= 0.8",
        "pct(joyful) >= 0.99",
        "year >= 1999",
        "dreamy >= 0",  # meant to pass all that are known
        "joyful <= 1",
        "dreamy IS NOT NULL",
        "dreamy > joyful",
        "genre = 'Heavy Metal'",
    ],
)
def test_other_conditions_are_left_alone(index: MoodIndex, where: str) -> None:
    assert hints(index, where) == []


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("genre = 'Metal'", "no track has genre = 'Metal'; there is 'Heavy Metal' (66)"),
        ("genre = 'heavy metal'", "there is 'Heavy Metal' (66)"),
        ("label IN ('ninja', 'Warp')", "no track has label = 'ninja'; there is 'Ninja Tune' (50)"),
        ("title = 'Titel 7'", "there is 'Title 7' (1)"),
        ("genre = 'polka' AND year > 1900", "no track has genre = 'polka'; moodrec columns"),
    ],
)
def test_values_that_occur_nowhere_are_named_with_those_like_them(
    index: MoodIndex, where: str, told: str
) -> None:
    assert any(told in hint for hint in hints(index, where))


def test_without_a_condition_there_is_no_advice(index: MoodIndex) -> None:
    assert hints_on(index, None, N) == []


def test_accents_that_are_encoded_in_two_ways_are_one_value() -> None:
    names = ["Bj\u00f6rk", "Bjo\u0308rk", "Bj\u00f6rk", "Air"]
    table = pa.table({"track_id": list("abcd"), "artist": names, "calm": pa.array([0.5] * 4, pa.float32())})
    index = MoodIndex.build(np.eye(4, 8, dtype=np.float32), table, ["calm"])
    (hint,) = hints(index, "artist = 'bj\u00f6rk'")
    assert "there is 'Bj\u00f6rk' (3);" in hint
    assert hints(index, "artist = 'Bjo\u0308rk' AND calm > 0.9") == []
