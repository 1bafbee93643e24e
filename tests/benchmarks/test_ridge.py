"""The ridge baseline against scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from benchmarks.multitask.ridge import PENALTIES, ridge


def test_predictions_and_penalty_are_those_of_leave_one_out() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.standard_normal((40, 60)), rng.standard_normal((7, 60))
    targets = train[:, :3] * 0.5 + rng.standard_normal((40, 3))
    scale = StandardScaler().fit(train)
    # scikit-learn's leave-one-out error takes a centred target as given, as this one does.
    oracle = RidgeCV(alphas=PENALTIES, fit_intercept=False).fit(
        scale.transform(train), targets - targets.mean(0)
    )
    found, penalty = ridge(train, targets, test)
    assert penalty == oracle.alpha_
    assert_allclose(found, oracle.predict(scale.transform(test)) + targets.mean(0), atol=1e-8)
