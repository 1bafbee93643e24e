"""``audio(mood)`` in conditions: what the audio alone says, beside the score in context."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import FilterError
from moodrec.filters.audio import on_audio
from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.parse import parse

BOTH = pa.table(
    {
        "calm": pa.array([0.9, 0.1, None], pa.float32()),
        "audio_calm": pa.array([0.2, 0.8, 0.5], pa.float32()),
        "prob_calm": pa.array([0.5, 0.5, 0.5], pa.float32()),
        "audio_prob_calm": pa.array([0.1, 0.2, 0.3], pa.float32()),
        "year": [1990, 1991, 1992],
        "title": ["a", "b", "c"],
    }
)
PLAIN = BOTH.drop_columns(["audio_calm", "audio_prob_calm"])


def rows(text: str, table: pa.Table = BOTH) -> list[int]:
    return [int(row) for row in np.flatnonzero(row_mask(parse(text), ColumnTable(table)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("audio(calm) >= 0.5", [1, 2]),
        ("AUDIO(calm) >= 0.5 AND calm < 0.5", [1]),
        ("prob(audio(calm)) > 0.15", [1, 2]),
        ("pct(audio(calm)) > 0.5", [1]),
        ("audio(calm) > calm", [1]),
        ("calm > audio(calm)", [0]),
        ("calm IS NULL AND audio(calm) BETWEEN 0.4 AND 0.6", [2]),
        ("NOT audio(calm) IN (0.2, 0.8)", [2]),
    ],
)
def test_audio_reads_what_the_audio_says(text: str, expected: list[int]) -> None:
    assert rows(text) == expected
    assert parse(str(parse(text))) == parse(text)


def test_without_a_context_the_score_is_what_the_audio_says() -> None:
    for text in ("calm > 0.5", "prob(calm) > 0.4", "pct(calm) > 0.5"):
        assert rows(str(on_audio(parse(text), ["calm"])), PLAIN) == rows(text, PLAIN)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("audio(year) > 1990", "audio takes a mood"),
        ("audio(title) = 'a'", "audio takes a mood"),
        ("audio(clam) > 0.5", "did you mean 'calm'"),
        ("audio(prob(calm)) > 0.5", "stands where a column name should"),
        ("audio(audio(calm)) > 0.5", "stands where a column name should"),
        ("prob(pct(calm)) > 0.5", "stands where a column name should"),
        ("audio(calm, 1) > 0.5", "audio takes one column"),
    ],
)
def test_what_audio_has_no_meaning_for_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(FilterError, match=complaint):
        rows(text)


def test_every_mood_of_a_condition_is_put_on_the_audio() -> None:
    before = parse("(calm > 0.5 OR NOT prob(calm) < 0.1) AND pct(calm) > happy AND year > 1990")
    after = "(audio(calm) > 0.5 OR NOT (prob(audio(calm)) < 0.1)) AND pct(audio(calm)) > audio(happy) AND year > 1990"
    assert str(on_audio(before, ["calm", "happy"])) == after
