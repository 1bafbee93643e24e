"""Bootstrap intervals: reproducible, of the right width, honest about groups, and fast enough."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap as scipy_bootstrap

from moodrec.errors import DataError
from moodrec.metrics.bootstrap import (
    Interval,
    bootstrap_difference,
    bootstrap_interval,
    difference_of,
    interval_of,
    resamples,
    weighted_bootstrap,
)
from moodrec.metrics.ranked import RankedLabels

VALUES = np.random.default_rng(0).gamma(2, size=120)


def mean_of(rows: np.ndarray) -> float:
    return float(VALUES[rows].mean())


def test_seeded() -> None:
    first = bootstrap_interval(mean_of, 120, n_resamples=50, seed=3)
    assert first == bootstrap_interval(mean_of, 120, n_resamples=50, seed=3)
    assert first != bootstrap_interval(mean_of, 120, n_resamples=50, seed=4)


@pytest.mark.parametrize(("method", "corrected"), [("percentile", False), ("BCa", True)])
def test_agrees_with_scipy(method: str, corrected: bool) -> None:
    """scipy corrects for bias and skewness, here only bias: for a mean the two are close."""
    theirs = scipy_bootstrap((VALUES,), np.mean, method=method, n_resamples=4000, rng=1).confidence_interval
    draws = weighted_bootstrap(lambda w: w @ VALUES / w.sum(axis=1), 120, n_resamples=4000)
    mine = interval_of(draws, estimate=VALUES.mean() if corrected else None)
    width = theirs.high - theirs.low
    assert mine.low == pytest.approx(theirs.low, abs=0.08 * width)
    assert mine.high == pytest.approx(theirs.high, abs=0.08 * width)


def test_weights_and_rows_are_the_same_resamples() -> None:
    draws = weighted_bootstrap(lambda w: w @ VALUES / w.sum(axis=1), 120, n_resamples=300, seed=5)
    by_rows = bootstrap_interval(mean_of, 120, n_resamples=300, seed=5)
    assert interval_of(draws).low == pytest.approx(by_rows.low, rel=1e-6)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(0, 9))
def test_groups_are_drawn_whole(groups: list[str], seed: int) -> None:
    (block,) = resamples(len(groups), groups, 5, seed)
    assert block.shape == (5, len(groups))
    for counts in block:
        per_group = {
            group: {float(c) for c, g in zip(counts, groups, strict=True) if g == group} for group in groups
        }
        assert all(len(values) == 1 for values in per_group.values())
        assert sum(values.pop() for values in per_group.values()) == len(set(groups))


def test_groups_widen_the_interval() -> None:
    """Twelve tracks of one artist that all agree are one piece of evidence."""
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=40), 12)
    groups = [str(i) for i in np.repeat(np.arange(40), 12)]
    alone = bootstrap_interval(lambda rows: float(values[rows].mean()), len(values), n_resamples=400)
    whole = bootstrap_interval(lambda rows: float(values[rows].mean()), len(values), groups, n_resamples=400)
    assert (whole.high - whole.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(12), rel=0.25)


def test_bias_correction_shifts_towards_the_estimate() -> None:
    values = np.linspace(0, 1, 1001)
    plain, low = interval_of(values), interval_of(values, estimate=0.3)
    assert low.low < plain.low
    assert low.high < plain.high
    assert interval_of(values, estimate=0.5).low == pytest.approx(plain.low, abs=1e-9)
    assert interval_of(np.full(10, 2.0), estimate=2.0) == Interval(2.0, 2.0)


def test_bias_correction_covers_better_where_resampling_is_biased() -> None:
    """Lower ends of average-precision intervals lie above the truth less often."""
    rng = np.random.default_rng(1)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.random(n) < 0.05
        labels[0] = True
        return labels, rng.normal(size=n) + 0.6 * labels

    truth = RankedLabels(*draw(200_000)).average_precision()[0]
    too_high = {"percentile": 0, "corrected": 0}
    for seed in range(60):
        ranked = RankedLabels(*draw(400))
        draws = weighted_bootstrap(ranked.average_precision, 400, n_resamples=200, seed=seed)
        too_high["percentile"] += interval_of(draws).low > truth
        too_high["corrected"] += interval_of(draws, estimate=ranked.average_precision()[0]).low > truth
    assert too_high["corrected"] < too_high["percentile"]


def test_paired_difference_is_narrower_than_two_intervals() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(size=300)
    first, second = hard + 0.1 + 0.1 * rng.normal(size=300), hard + 0.1 * rng.normal(size=300)
    found = bootstrap_difference(
        lambda rows: float(first[rows].mean()), lambda rows: float(second[rows].mean()), 300, n_resamples=500
    )
    assert found.estimate == pytest.approx(first.mean() - second.mean())
    assert 0 < found.interval.low < found.estimate < found.interval.high < 0.2
    assert found.p_value < 0.01


def test_no_difference_is_not_significant() -> None:
    found = bootstrap_difference(mean_of, mean_of, 120, n_resamples=100)
    assert (found.estimate, found.interval, found.p_value) == (0.0, Interval(0.0, 0.0), 1.0)
    assert difference_of(0.0, np.linspace(-1, 1, 101)).p_value == pytest.approx(1.0)


def test_resamples_without_a_value_are_left_out() -> None:
    assert interval_of(np.array([1.0, np.nan, 1.0])) == Interval(1.0, 1.0)
    assert np.isnan(interval_of(np.array([np.nan])).low)


@pytest.mark.parametrize(
    ("n", "groups", "n_resamples", "message"),
    [
        (0, None, 10, "needs rows"),
        (3, None, 0, "needs rows and resamples"),
        (3, ["a"], 10, "1 groups for 3 rows"),
    ],
)
def test_refuses(n: int, groups: list[str] | None, n_resamples: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        bootstrap_interval(mean_of, n, groups, n_resamples)


def test_level_must_be_a_share() -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        interval_of(np.zeros(3), level=95)


def test_many_resamples_of_a_large_set_take_seconds() -> None:
    """56 tags of 4,231 tracks with 1,000 resamples have a minute; an eighth of the tags has an eighth of it."""
    rng = np.random.default_rng(0)
    tags = [RankedLabels(rng.random(4231) < 0.03, rng.normal(size=4231)) for _ in range(7)]
    started = time.perf_counter()
    draws = weighted_bootstrap(lambda w: np.stack([tag.average_precision(w) for tag in tags], axis=1), 4231)
    assert draws.shape == (1000, 7)
    assert time.perf_counter() - started < 60 / 8
