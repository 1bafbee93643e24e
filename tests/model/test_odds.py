"""Targets that are told by the odds of exclusive others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import ValidationError
from scipy.special import logit, softmax

from moodrec.embedding.mood_model import MoodModel
from moodrec.model.odds import all_with_odds, with_odds
from moodrec.model.spec import HeadSpec, Odds
from tests.cli.commands import write_tone

QUADRANTS = ("a:q1", "a:q2", "a:q3", "a:q4")
PLEASANT = Odds(of=("a:q1", "a:q4"), against=("a:q2", "a:q3"))
HEAD = HeadSpec(kind="multi_label", labels=(*QUADRANTS, "a:valence", "a:word"), odds={"a:valence": PLEASANT})


@given(arrays.arrays(np.float32, (5, 6), elements=st.floats(-30, 30, width=32)))
def test_the_logit_is_that_of_the_share_of_a_softmax(logits: np.ndarray) -> None:
    before = logits.copy()
    found = with_odds(HEAD, logits)
    shares = softmax(logits[:, :4].astype(np.float64), axis=1)
    pleasant, rest = shares[:, 0] + shares[:, 3], shares[:, 1] + shares[:, 2]
    np.testing.assert_allclose(found[:, 4], np.log(pleasant) - np.log(rest), atol=1e-5)
    assert np.array_equal(np.delete(found, 4, axis=1), np.delete(logits, 4, axis=1))
    assert found.dtype == np.float32
    assert np.array_equal(logits, before)
    assert np.array_equal(with_odds(HEAD, found), found)  # what it reads it does not change
    assert np.array_equal(with_odds(HEAD, logits[0]), found[0])


def test_heads_without_odds_keep_their_logits() -> None:
    plain = HeadSpec(kind="multi_label", labels=HEAD.labels)
    logits = np.zeros((2, 6), np.float32)
    assert with_odds(plain, logits) is logits
    assert "odds" not in plain.model_dump()  # or the fingerprints of older models would change
    assert HeadSpec.model_validate(HEAD.model_dump()) == HEAD
    found = all_with_odds({"mood": HEAD}, {"mood": logits + np.arange(6), "artist": logits})
    assert found["artist"] is logits
    assert found["mood"][0, 4] != 4


def test_odds_of_what_is_not_there_are_refused() -> None:
    with pytest.raises(ValidationError, match="odds of a:valence: there is no a:q9"):
        HeadSpec(
            kind="multi_label", labels=HEAD.labels, odds={"a:valence": Odds(of=("a:q9",), against=("a:q2",))}
        )
    with pytest.raises(ValidationError, match="a:q2 is told by odds itself"):
        HeadSpec(kind="multi_label", labels=HEAD.labels, odds={"a:valence": PLEASANT, "a:q2": PLEASANT})
    with pytest.raises(ValidationError, match="against"):
        Odds(of=("a:q1",), against=())


def test_the_packaged_model_tells_valence_and_arousal_by_its_quadrants(tmp_path: Path) -> None:
    model, path = MoodModel.load(), write_tone(tmp_path / "tone.wav", 440)
    targets = logit(model.predict_targets(path).astype(np.float64))
    place = {name: column for column, name in enumerate(model.target_names)}
    q1, q2, q3, q4 = (targets[place[f"mood4q:q{number}"]] for number in (1, 2, 3, 4))
    valence, arousal = (targets[place[f"mood4q:{axis}"]] for axis in ("valence", "arousal"))
    assert valence == pytest.approx(np.logaddexp(q1, q4) - np.logaddexp(q2, q3), abs=1e-4)
    assert arousal == pytest.approx(np.logaddexp(q1, q2) - np.logaddexp(q3, q4), abs=1e-4)
