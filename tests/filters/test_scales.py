"""Numbers beyond the scale of a score are noticed."""

from __future__ import annotations

import pytest

from moodrec.filters.parse import parse
from moodrec.filters.scales import beyond_scale


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("calm > 80", "calm > 0.8"),
        ("year > 1990 AND (happy < .5 OR NOT calm <= 20)", "calm <= 0.2"),
        ("calm BETWEEN 20 AND 80", "calm BETWEEN 0.2 AND 0.8"),
        ("calm IN (50, 60)", "calm IN (0.5, 0.6)"),
        ("prob(calm) >= 70", "prob(calm) >= 0.7"),
        ("pct(year) >= 90", "pct(year) >= 0.9"),
    ],
)
def test_per_cent_are_noticed(text: str, meant: str) -> None:
    (sentence,) = beyond_scale(parse(text), ["calm", "happy"])
    assert sentence.endswith(f"lies in [0, 1]; did you mean {meant}?")


def test_what_no_score_can_be_is_noticed() -> None:
    assert beyond_scale(parse("calm > 800"), ["calm"]) == ["calm > 800: calm lies in [0, 1]"]
    assert beyond_scale(parse("calm < -1"), ["calm"]) == ["calm < -1: calm lies in [0, 1]"]


@pytest.mark.parametrize(
    "text", ["calm > .8", "calm >= 1", "calm BETWEEN 0 AND 1", "year > 80", "title = '80'", "calm IS NULL"]
)
def test_other_tests_are_left_alone(text: str) -> None:
    assert beyond_scale(parse(text), ["calm"]) == []
