"""Correlations are computed for many resamples at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moodrec.typing import Float64Array


def weighted_pearson(x: Float64Array, y: Float64Array, weights: NDArray[np.floating]) -> Float64Array:
    """Compute Pearson's r of pairs under several sets of weights.

    Args:
        x: ``(n,)`` first numbers of the pairs.
        y: ``(n,)`` second numbers of the pairs.
        weights: ``(resamples, n)`` weights, not negative.

    Returns:
        ``(resamples,)`` in [-1, 1]; NaN where one side is constant.
    """
    w = weights.astype(np.float64)
    total = w.sum(axis=1)
    total[total == 0] = np.nan
    # Centring first keeps the weighted sums of squares from losing digits.
    a, b = x - x.mean(), y - y.mean()
    mean_a, mean_b = w @ a / total, w @ b / total
    spread_a = np.maximum(w @ (a * a) / total - mean_a**2, 0)
    spread_b = np.maximum(w @ (b * b) / total - mean_b**2, 0)
    spread = np.sqrt(spread_a * spread_b)
    covariance = w @ (a * b) / total - mean_a * mean_b
    r = np.divide(covariance, spread, out=np.full_like(spread, np.nan), where=spread > 0)
    return np.asarray(np.clip(r, -1, 1))
