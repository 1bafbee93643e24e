"""Calibration: Platt scaling against an independent fit, percentiles that never fall."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from moodrec.errors import DataError
from moodrec.metrics.calibration import (
    Platt,
    fit_platt,
    fit_temperature,
    percentile,
    quantile_table,
    reliability,
)

Fit = Callable[[list[float], list[float]], Platt]
FINITE = st.floats(-50, 50, width=32)


def smoothed(labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Platt's targets."""
    p, n = labels.sum(), (1 - labels).sum()
    return np.asarray(labels * (p + 1) / (p + 2) + (1 - labels) / (n + 2), float)


def loss(platt: Platt, logits: np.ndarray, labels: np.ndarray) -> float:
    z = platt.slope * logits + platt.intercept
    return float((np.logaddexp(0, z) - smoothed(labels) * z).sum())


@given(
    arrays(np.float64, st.shared(st.integers(2, 40), key="n"), elements=FINITE),
    arrays(np.float64, st.shared(st.integers(2, 40), key="n"), elements=st.floats(0, 1)),
)
def test_no_other_optimiser_finds_better(logits: np.ndarray, labels: np.ndarray) -> None:
    mine = fit_platt(logits, labels)
    assert np.isfinite([mine.slope, mine.intercept]).all()
    theirs = minimize(lambda x: loss(Platt(*x), logits, labels), [0.0, 0.0], method="Nelder-Mead")
    assert loss(mine, logits, labels) <= theirs.fun + 1e-6 * (1 + abs(theirs.fun))


def test_recovers_known_parameters() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=200_000) * 2
    hard = (rng.random(len(logits)) < expit(0.7 * logits - 1.2)).astype(float)
    for labels in (hard, expit(0.7 * logits - 1.2)):
        found = fit_platt(logits, labels)
        assert found.slope == pytest.approx(0.7, abs=0.02)
        assert found.intercept == pytest.approx(-1.2, abs=0.02)


def test_agrees_with_logistic_regression_on_platt_targets() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=500)
    labels = (rng.random(500) < expit(2 * logits)).astype(float)
    targets = smoothed(labels)
    # A soft target t is a positive of weight t and a negative of weight 1 - t.
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.concatenate([logits, logits])[:, None],
        np.repeat([1, 0], 500),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    mine = fit_platt(logits, labels)
    assert mine.slope == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert mine.intercept == pytest.approx(theirs.intercept_[0], rel=1e-4)


def test_separated_classes_stay_finite() -> None:
    found = fit_platt([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    assert 0 < found.slope < 10
    assert found.probabilities([1.5])[0] == pytest.approx(0.75, abs=0.05)


def test_logits_that_say_nothing_give_the_prevalence() -> None:
    found = fit_platt([3.0] * 100, [1] * 20 + [0] * 80)
    assert found.slope == 0
    assert found.probabilities(3.0) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_scale_of_logits_does_not_matter(scale: float) -> None:
    logits = np.random.default_rng(0).normal(size=300)
    labels = (logits + np.random.default_rng(1).normal(size=300) > 0).astype(float)
    small, large = fit_platt(logits, labels), fit_platt(logits * scale, labels)
    np.testing.assert_allclose(large.probabilities(logits * scale), small.probabilities(logits), atol=1e-9)


@given(
    arrays(np.float64, st.shared(st.integers(1, 40), key="n"), elements=FINITE),
    arrays(np.float64, st.shared(st.integers(1, 40), key="n"), elements=st.floats(0, 1)),
)
def test_no_other_temperature_is_better(logits: np.ndarray, labels: np.ndarray) -> None:
    mine = fit_temperature(logits, labels)
    assert np.isfinite(mine.slope)
    assert mine.intercept == 0
    best = loss(mine, logits, labels)
    for other in mine.slope + np.array([-10, -1, -1e-2, -1e-4, 1e-4, 1e-2, 1, 10]):
        assert best <= loss(Platt(other, 0.0), logits, labels) + 1e-6 * (1 + best)


def test_temperature_recovers_the_slope() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=200_000) * 2
    labels = (rng.random(len(logits)) < expit(logits / 2.5)).astype(float)
    assert 1 / fit_temperature(logits, labels).slope == pytest.approx(2.5, abs=0.03)
    assert fit_temperature([0.0, 0.0], [1, 0]) == Platt(1.0, 0.0)


@pytest.mark.parametrize("fit", [fit_platt, fit_temperature])
@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([1.0], [2.0], r"labels must be \(n,\) in \[0, 1\]"),
        ([], [], "at least one"),
        ([np.inf], [1.0], "logits must be finite"),
        ([1.0, 2.0], [1.0], "shapes differ: logits"),
        ([1.0], [np.nan], r"in \[0, 1\]"),
    ],
)
def test_refuses(fit: Fit, logits: list[float], labels: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(logits, labels)


@given(arrays(np.float32, st.integers(1, 50), elements=st.floats(0, 1, width=32)), st.integers(2, 101))
def test_percentiles_rise_and_stay_in_range(values: np.ndarray, n: int) -> None:
    table = quantile_table(values, n)
    assert table.shape == (n,)
    assert (np.diff(table) >= 0).all()
    grid = np.sort(np.concatenate([table, np.linspace(-0.5, 1.5, 41)]))
    found = percentile(grid, table)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()
    assert percentile(table[0] - 1, table) == 0
    assert percentile(table[-1] + 1, table) == 1


def test_percentile_means_the_share_below() -> None:
    values = np.random.default_rng(0).beta(1, 12, size=20_000)
    table = quantile_table(values, 101)
    for value in (0.01, 0.05, 0.2):
        assert percentile(value, table) == pytest.approx((values < value).mean(), abs=0.005)
    assert percentile(np.median(values), table) == pytest.approx(0.5, abs=1e-9)


def test_shared_values_get_the_middle_of_their_stretch() -> None:
    assert percentile(0.0, quantile_table([0.0] * 60 + [1.0] * 41, 101)) == pytest.approx(0.295)
    assert percentile([0.3, 0.5, 0.7], [0.5, 0.5]).tolist() == [0.0, 0.5, 1.0]


def test_percentile_keeps_shape_and_refuses_a_falling_table() -> None:
    assert percentile(np.zeros((2, 3)), [0, 1]).shape == (2, 3)
    with pytest.raises(DataError, match="do not fall"):
        percentile(0.5, [1.0, 0.0])


@pytest.mark.parametrize(("values", "n"), [([], 5), ([1.0], 1), ([np.nan], 5)])
def test_quantile_table_refuses(values: list[float], n: int) -> None:
    with pytest.raises(DataError, match="quantile table"):
        quantile_table(values, n)


def test_reliability_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(2000)
    labels = (rng.random(2000) < predicted**2).astype(float)
    mine = reliability(predicted, labels, 10)
    observed, theirs = calibration_curve(labels, predicted, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(mine.predicted, theirs, atol=2e-3)
    np.testing.assert_allclose(mine.observed, observed, atol=8e-3)
    assert mine.counts.sum() == 2000
    assert mine.error == pytest.approx(1 / 6, abs=0.02)


def test_reliability_of_equal_probabilities_is_one_bin() -> None:
    found = reliability([0.3] * 10, [1.0] * 3 + [0.0] * 7)
    assert found.counts.tolist() == [10]
    assert found.error == pytest.approx(0, abs=1e-12)
    with pytest.raises(DataError, match="bins must be at least 1"):
        reliability([0.5], [1.0], bins=0)
    with pytest.raises(DataError, match="probabilities must be"):
        reliability([1.5], [1.0])
