"""The regressions against scikit-learn and against numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, Ridge

from moodrec.model.context.regression import (
    calibrated_losses,
    deviations,
    fit_common,
    has_both,
    ridge_map,
    sigmoid,
)


def made(seed: int = 0, n: int = 300, moods: int = 3, k: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, moods, k))
    logits = features @ np.array([1.0, 0.5][:k]) + np.array([-1.0, 0.0, 1.0])[:moods]
    return features, (rng.random(logits.shape) < sigmoid(logits)).astype(np.float64)


def test_common_weights_are_those_of_one_large_regression() -> None:
    features, labels = made()
    labels[:50, 0] = np.nan
    fit = fit_common(features, labels)
    known = ~np.isnan(labels)
    rows = np.concatenate(
        [np.column_stack([features[:, m], np.tile(np.eye(3)[m], (300, 1))]) for m in range(3)]
    )
    keep = known.T.ravel()
    oracle = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-10, max_iter=5000)
    oracle.fit(rows[keep], labels.T.ravel()[keep])
    assert_allclose(np.append(fit.weights, fit.intercepts), oracle.coef_[0], atol=1e-3)
    assert_allclose(fit.logits(features), fit.intercepts + features @ fit.weights)


def test_negative_weights_are_zero_and_the_rest_is_fitted_without_them() -> None:
    features, labels = made()
    features[:, :, 1] *= -1
    fit = fit_common(features, labels)
    assert fit.weights[1] == 0
    assert_allclose(fit.weights[0], fit_common(features[:, :, :1], labels).weights[0])


def test_scores_that_mislead_leave_intercepts_alone() -> None:
    features, labels = made()
    fit = fit_common(-features, labels)
    assert (fit.weights == 0).all()
    assert_allclose(sigmoid(fit.intercepts), labels.mean(0), atol=0.01)


def test_moods_of_one_class_count_for_nothing() -> None:
    features, labels = made()
    more = np.column_stack([labels, np.zeros(300), np.ones(300), np.full(300, np.nan)])
    wide = np.concatenate([features, np.random.default_rng(5).standard_normal((300, 3, 2))], axis=1)
    assert list(has_both(more)) == [True, True, True, False, False, False]
    assert_allclose(fit_common(wide, more).weights, fit_common(features, labels).weights)
    assert (fit_common(wide, np.zeros((300, 6))).weights == 0).all()


@pytest.mark.parametrize("penalty", [5.0, 500.0])
def test_a_step_solves_the_local_ridge_problem(penalty: float) -> None:
    """The gradient of the penalised second-order expansion is zero at the step, by numerical derivatives."""
    features, labels = made(n=120, moods=1)
    rng = np.random.default_rng(1)
    descriptors = rng.standard_normal((120, 3))
    start = np.full((120, 1), -0.3)
    grid = np.full((1, 5), penalty)
    step = deviations(features, descriptors, start, labels, grid)[0, 0]
    inputs = np.column_stack([np.ones(120), features[:, 0], descriptors])

    def loss(beta: np.ndarray) -> float:
        z = start[:, 0] + inputs @ beta
        return float((np.logaddexp(0, z) - labels[:, 0] * z).sum())

    h = 1e-3
    eye = np.eye(6) * h
    zero = np.zeros(6)
    gradient = np.array([(loss(e) - loss(-e)) / (2 * h) for e in eye])
    hessian = np.array(
        [[(loss(a + b) - loss(a - b) - loss(b - a) + loss(-a - b)) / (4 * h * h) for b in eye] for a in eye]
    )
    left = hessian + np.diag([0, *[penalty] * 5])
    assert_allclose(step, np.linalg.solve(left, -gradient), rtol=1e-3, atol=1e-5)
    assert loss(zero + step) < loss(zero)


def test_infinite_penalties_leave_weights_where_they_are() -> None:
    features, labels = made()
    descriptors = np.random.default_rng(1).standard_normal((300, 3))
    grid = np.array([[np.inf] * 5, [1.0, 1.0, np.inf, np.inf, np.inf]])
    steps = deviations(features, descriptors, np.zeros((300, 3)), labels, grid)
    assert (steps[0, :, 1:] == 0).all()
    assert (steps[1, :, 3:] == 0).all()
    assert (steps[1, :, 1:3] != 0).all()


def test_the_map_is_a_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((50, 4)), rng.standard_normal((50, 2))
    inputs -= inputs.mean(0)
    oracle = Ridge(alpha=3.0).fit(inputs, targets)
    assert_allclose(ridge_map(inputs, targets, 3.0), oracle.coef_.T, atol=1e-10)


def test_calibrated_losses_are_those_of_platt_scaling() -> None:
    features, labels = made(n=400)
    scores = 3 * features[:, :, 0] + 7
    labels[:30, 1] = np.nan
    found = calibrated_losses(scores, labels)
    assert (found[:30, 1] == 0).all()
    for mood in range(3):
        known = ~np.isnan(labels[:, mood])
        x, y = scores[known, mood, None], labels[known, mood]
        p = LogisticRegression(C=1e6, tol=1e-10).fit(x, y).predict_proba(x)[:, 1]
        oracle = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
        assert found[:, mood].sum() == pytest.approx(oracle, rel=1e-5)


def test_calibrated_losses_of_separated_and_constant_scores_are_finite() -> None:
    labels = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    scores = np.array([[0.0, 2.0, 1.0], [1.0, 2.0, 2.0], [2.0, 2.0, 3.0], [3.0, 2.0, 4.0]])
    found = calibrated_losses(scores, labels)
    assert np.isfinite(found).all()
    assert found[:, 0].sum() < 0.05
    assert found[:, 1].sum() == pytest.approx(4 * np.log(2))
