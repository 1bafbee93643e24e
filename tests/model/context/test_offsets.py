"""Offsets against sums written out by hand, and against what is known of their distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from moodrec.model.context.offsets import (
    NO_GROUPS,
    RHO_RANGE,
    label_correlation,
    label_offset,
    shrunken_mean,
    sums_of_others,
    variance_ratio,
)

codes_strategy = st.lists(st.integers(-1, 4), min_size=1, max_size=20)


@given(codes_strategy, st.integers(0, 100))
def test_sums_of_others_leave_the_row_itself_out(codes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((len(codes), 2))
    values[rng.random(values.shape) < 0.2] = np.nan
    found = sums_of_others(values, np.array(codes))
    for row, code in enumerate(codes):
        others = [i for i, other in enumerate(codes) if other == code and i != row and code >= 0]
        mine = values[others]
        assert_allclose(found.sums[row], np.nansum(mine, axis=0), atol=1e-12)
        assert_allclose(found.counts[row], (~np.isnan(mine)).sum(axis=0))


@given(codes_strategy, st.integers(0, 100))
def test_a_finer_group_may_be_left_out(codes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((len(codes), 2))
    coarse = np.array(codes)
    fine = np.where(coarse < 0, -1, coarse * 2 + rng.integers(2, size=len(codes)))
    found = sums_of_others(values, coarse).minus(sums_of_others(values, fine))
    for row, code in enumerate(codes):
        others = [i for i, other in enumerate(codes) if other == code and code >= 0 and fine[i] != fine[row]]
        assert_allclose(found.sums[row], values[others].sum(axis=0), atol=1e-12)
        assert_allclose(found.counts[row], len(others))


def test_the_variance_ratio_is_found_again() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(400), rng.integers(1, 12, 400))
    between, within = np.array([1.0, 0.5, 0.0]), np.array([1.0, 2.0, 1.0])
    values = between * rng.standard_normal((400, 3))[groups] + within * rng.standard_normal((len(groups), 3))
    ratio = variance_ratio(values, groups)
    assert ratio[0] == pytest.approx(1.0, rel=0.15)
    assert ratio[1] == pytest.approx(16.0, rel=0.4)
    assert ratio[2] > 100


def test_groups_of_one_tell_nothing() -> None:
    values = np.random.default_rng(0).standard_normal((5, 2))
    assert (variance_ratio(values, np.arange(5)) == NO_GROUPS).all()
    assert (variance_ratio(values, np.full(5, -1)) == NO_GROUPS).all()
    assert (variance_ratio(values, np.zeros(5, np.int64)) == NO_GROUPS).all()


def test_the_shrunken_mean_is_the_best_guess_of_a_group() -> None:
    """Of all shrinkages, the estimated one predicts the row itself best."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(1000), rng.integers(2, 8, 1000))
    values = rng.standard_normal((1000, 1))[groups] + 1.5 * rng.standard_normal((len(groups), 1))
    others, ratio = sums_of_others(values, groups), variance_ratio(values, groups)

    def error(factor: float) -> float:
        return float(((values - shrunken_mean(others, factor * ratio)) ** 2).mean())

    assert error(1.0) < min(error(0.3), error(3.0))


def test_label_offsets_are_the_beta_binomials() -> None:
    labels = np.array([[1.0], [1.0], [0.0], [np.nan], [1.0]])
    expected = np.array([[0.2], [0.4], [0.3], [0.9], [0.1]])
    codes = np.array([0, 0, 0, 0, 1])
    rho = np.array([0.25])
    masked = np.where(np.isnan(labels), np.nan, expected)
    found = label_offset(sums_of_others(labels, codes), sums_of_others(masked, codes), rho)
    weight = 0.75 / 0.25
    for row, others in enumerate(([1, 2], [0, 2], [0, 1], [0, 1, 2])):
        prior = expected[others].mean()
        rate = (labels[others].sum() + weight * prior) / (len(others) + weight)
        shift = np.log(rate / (1 - rate)) - np.log(prior / (1 - prior))
        assert found[row, 0] == pytest.approx(shift, abs=1e-12)
    assert found[4, 0] == 0, "nobody else"


def test_the_correlation_of_labels_is_found_again() -> None:
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(2000), 6)
    p, rho = 0.2, np.array([0.1, 0.4])
    rates = rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, size=(2000, 2))
    labels = (rng.random((len(groups), 2)) < rates[groups]).astype(np.float64)
    found = label_correlation(labels, np.full(labels.shape, p), groups)
    # Each is drawn halfway to that of both together.
    assert_allclose(found, (rho + rho.mean()) / 2, atol=0.03)
    independent = (rng.random((len(groups), 2)) < p).astype(np.float64)
    assert (label_correlation(independent, np.full(labels.shape, p), groups) <= 0.01).all()
    assert (label_correlation(labels, np.full(labels.shape, p), np.arange(len(groups))) == RHO_RANGE[0]).all()
