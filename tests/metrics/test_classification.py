"""Macro F1 and weighted correlation against scikit-learn and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from moodrec.errors import DataError
from moodrec.metrics.classification import macro_f1
from moodrec.metrics.correlation import weighted_pearson


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_macro_f1_agrees_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, guess = [a for a, _ in pairs], [b for _, b in pairs]
    assert macro_f1(truth, guess) == pytest.approx(f1_score(truth, guess, average="macro"), abs=1e-12)


def test_macro_f1_refuses() -> None:
    with pytest.raises(DataError, match="at least one"):
        macro_f1([], [])
    with pytest.raises(DataError, match="shapes differ"):
        macro_f1([1], [1, 2])


def test_weighted_pearson_agrees_with_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=40) + 1e6
    y = 0.5 * x + rng.normal(size=40)
    weights = rng.integers(0, 4, (6, 40))
    for row, r in zip(weights, weighted_pearson(x, y, weights.astype(float)), strict=True):
        assert r == pytest.approx(np.corrcoef(np.repeat(x, row), np.repeat(y, row))[0, 1], abs=1e-9)


def test_weighted_pearson_of_a_constant_is_unknown() -> None:
    assert np.isnan(weighted_pearson(np.ones(3), np.arange(3.0), np.ones((1, 3)))[0])
    assert np.isnan(weighted_pearson(np.arange(3.0), np.arange(3.0), np.zeros((1, 3)))[0])
