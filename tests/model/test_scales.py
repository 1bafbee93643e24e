"""From logits to probabilities and scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from moodrec.model import scales
from tests.small_model import small_spec

SPEC = small_spec()


def test_a_published_mood_is_the_mean_logit_of_its_targets() -> None:
    logits = np.array([[1.0, 2.0, 6.0]], np.float32)
    assert scales.published_logits(SPEC, logits).tolist() == [[1.0, 4.0]]


def test_platt_scaling() -> None:
    probability = scales.probabilities(SPEC, np.array([0.25, 0.0], np.float32))
    np.testing.assert_allclose(probability, [0.5, 0.5], atol=1e-7)


def test_the_score_is_the_percentile_in_the_reference_set() -> None:
    scores = scales.mood_scores(SPEC, np.array([[0.1, 0.5], [0.9, 0.3], [0.0, 1.0]], np.float32))
    np.testing.assert_allclose(scores, [[0.0, 0.5], [1.0, 0.25], [0.0, 1.0]], atol=1e-6)


@given(st.lists(st.floats(-40, 40), min_size=2, max_size=20))
def test_scores_keep_the_order_of_logits(values: list[float]) -> None:
    logits = np.sort(np.array(values, np.float32))
    scores = scales.mood_scores(SPEC, scales.probabilities(SPEC, np.stack([logits, logits], 1)))
    assert (np.diff(scores, axis=0) >= 0).all()
    assert ((scores >= 0) & (scores <= 1)).all()
