"""Scores of any system become logits: no order is lost, and certainty stays finite."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from moodrec.evaluation.context.logits import logits_of_scores

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((500, 3)) * 3


def probabilities(logits: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(logits < 0, np.exp(np.minimum(logits, 0)), 1) / (1 + np.exp(-np.abs(logits))))


@pytest.mark.parametrize(("dtype", "error"), [("f8", 1e-6), ("f4", 1e-3), ("f2", 0.1)])
def test_probabilities_have_their_logits(dtype: str, error: float) -> None:
    rounded = probabilities(LOGITS).astype(dtype).astype(np.float64)
    sure = np.abs(LOGITS) < 5
    assert_allclose(logits_of_scores(rounded)[sure], LOGITS[sure], atol=error)


@pytest.mark.parametrize("beyond", [1 + 1e-7, 1.0005, -1e-9, -0.0005])
def test_rounding_does_not_make_logits_of_probabilities(beyond: float) -> None:
    scores = probabilities(LOGITS)
    scores[7, 1] = beyond
    found = logits_of_scores(scores)
    assert_allclose(found[:7], LOGITS[:7], atol=1e-6)
    assert abs(found[7, 1]) > np.abs(np.delete(found[:, 1], 7)).min()


def test_no_scores_become_equal() -> None:
    """A system that is sure of itself ranks its tracks by probabilities far below a billionth."""
    scores = probabilities(LOGITS * 30 - 60)
    found = logits_of_scores(scores)
    for column in range(3):
        assert_array_equal(
            np.argsort(np.argsort(found[:, column])), np.argsort(np.argsort(scores[:, column]))
        )
        assert len(np.unique(found[:, column])) == len(np.unique(scores[:, column]))


def test_certainty_is_a_little_beyond_the_others() -> None:
    scores = np.column_stack([np.linspace(0, 1, 11), np.repeat([0.0, 1.0], [5, 6]), np.full(11, 0.25)])
    found = logits_of_scores(scores)
    assert np.isfinite(found).all()
    assert found[0, 0] < found[1, 0]
    assert found[0, 0] > -5
    assert_array_equal(found[:, 1] > 0, scores[:, 1] > 0)
    assert len(np.unique(found[:, 2])) == 1


@pytest.mark.parametrize(
    "scores",
    [
        LOGITS * 1e-9,
        LOGITS * 1e300,
        LOGITS + 1e9,
        np.where(np.arange(500)[:, None] == 7, 1e12, LOGITS),
        np.where(np.arange(500)[:, None] == 7, -1e300, LOGITS),
    ],
)
def test_scores_of_any_unit_keep_their_order(scores: np.ndarray) -> None:
    found = logits_of_scores(scores)
    assert 0.1 < found.std() < 10
    assert np.abs(found).max() <= 6
    assert_array_equal(np.argsort(found, axis=0), np.argsort(scores, axis=0))
    others = np.arange(500) != 7
    assert_allclose(np.corrcoef(found[others, 0], LOGITS[others, 0])[0, 1], 1, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.3, 1e9, -1e300, 1e-300])
def test_constant_scores_stay_constant(value: float) -> None:
    found = logits_of_scores(np.column_stack([LOGITS[:, 0], np.full(500, value)]))
    assert len(np.unique(found[:, 1])) == 1
    assert_array_equal(found[:, 0], LOGITS[:, 0])


def test_probabilities_beyond_the_ends_keep_their_order() -> None:
    scores = probabilities(LOGITS)
    scores[:6, 0] = [-2e-9, -1e-9, 0.0, 1.0, 1 + 1e-9, 1 + 2e-9]
    found = logits_of_scores(scores)
    assert_array_equal(np.argsort(found[:, 0]), np.argsort(scores[:, 0]))
    assert (np.diff(found[:6, 0]) > 0).all()


@pytest.mark.parametrize("scores", [LOGITS, np.abs(LOGITS) * 100, LOGITS.clip(-1, 1), LOGITS * 3e-4])
def test_all_else_is_left_alone(scores: np.ndarray) -> None:
    assert_array_equal(logits_of_scores(scores), scores)
