"""Calibration turns a network's logits into probabilities that match observed frequencies, and into percentiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.given import numbers_of
from moodrec.metrics.checks import count_of, same_shape
from moodrec.typing import Float64Array

MAX_STEPS: Final = 100
"""Greatest number of Newton steps."""
TOLERANCE: Final = 1e-10
"""Relative decrease of the loss below which a fit ends."""


@dataclass(frozen=True)
class Platt:
    """Platt scaling: probability = sigmoid(slope * logit + intercept)."""

    slope: float
    intercept: float

    def probabilities(self, logits: ArrayLike) -> Float64Array:
        """Compute calibrated probabilities, in [0, 1], of logits of any shape."""
        return _sigmoid(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted and observed frequencies in bins of about equally many tracks, by rising prediction; all
    ``(bins,)``.
    """

    predicted: Float64Array
    """Mean predicted probability of each bin."""
    observed: Float64Array
    """Mean label of each bin."""
    counts: NDArray[np.int64]
    """Number of tracks in each bin."""

    @property
    def error(self) -> float:
        """Compute the expected calibration error: the mean over tracks of |predicted - observed| of their bin."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.counts))


def fit_platt(logits: ArrayLike, labels: ArrayLike) -> Platt:
    """Fit Platt scaling by Newton's method.

    Targets are moved a little towards the middle, as in Platt (1999): with P positives and N negatives, 1 becomes
    (P + 1) / (P + 2) and 0 becomes 1 / (N + 2), and soft labels lie between them. So the fit is finite even where a
    logit separates the classes.

    Args:
        logits: ``(n,)`` finite.
        labels: ``(n,)`` in [0, 1]; soft labels count as fractions of a positive.

    Raises:
        DataError: the arrays are empty, of different shapes, not finite, or labels lie outside [0, 1].
    """
    x, targets = _smoothed(logits, labels)
    # Standardised logits keep Newton's method well conditioned, whatever scale the network's logits have.
    centre, scale = x.mean(), x.std()
    if scale <= np.finfo(np.float64).eps * max(1.0, abs(centre)):
        return Platt(0.0, float(np.log(targets.mean() / (1 - targets.mean()))))
    slope, intercept = _newton(np.stack([(x - centre) / scale, np.ones_like(x)], axis=1), targets)
    return Platt(float(slope / scale), float(intercept - slope * centre / scale))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> Platt:
    """Fit a slope alone, 1 / temperature, so that the more likely class stays the same.

    Guo et al., On Calibration of Modern Neural Networks, 2017. The targets are those of :func:`fit_platt`.

    Args:
        logits: ``(n,)`` finite.
        labels: ``(n,)`` in [0, 1]; soft labels count as fractions of a positive.

    Raises:
        DataError: as :func:`fit_platt`.
    """
    x, targets = _smoothed(logits, labels)
    scale = np.abs(x).max()
    if scale == 0:
        return Platt(1.0, 0.0)
    return Platt(float(_newton(x[:, None] / scale, targets)[0] / scale), 0.0)


def quantile_table(values: ArrayLike, n: int) -> Float64Array:
    """Compute the quantiles 0, 1/(n-1), ..., 1 of some values.

    Args:
        values: ``(m,)`` finite, at least one.
        n: number of quantiles, at least 2.

    Returns:
        ``(n,)`` float64, not falling.

    Raises:
        DataError: there are no values, one is not finite, or ``n`` is below 2.
    """
    known, n = numbers_of(values, "values"), count_of(n, "n of a quantile table", least=2, most=1_000_000)
    if known.ndim != 1 or not known.size or not np.isfinite(known).all():
        raise DataError("a quantile table needs (m,) finite values, at least one")
    # Rounding may make equal quantiles fall by one unit in the last place.
    return np.maximum.accumulate(np.quantile(known, np.linspace(0, 1, n)))


def percentile(values: ArrayLike, table: ArrayLike) -> Float64Array:
    """Compute where values lie in the distribution that a quantile table describes.

    Args:
        values: any shape.
        table: ``(n,)`` from :func:`quantile_table`.

    Returns:
        The same shape, in [0, 1], never falling as the value rises: 0 below the table, 1 above it. A value that
        many of the reference values equal gets the middle of their range.

    Raises:
        DataError: the table is no quantile table.
    """
    knots = numbers_of(table, "table")
    if knots.ndim != 1 or len(knots) < 2 or (np.diff(knots) < 0).any():
        raise DataError("a quantile table is (n,) values that do not fall, at least two")
    distinct, inverse = np.unique(knots, return_inverse=True)
    levels = np.bincount(inverse, weights=np.linspace(0, 1, len(knots))) / np.bincount(inverse)
    return np.asarray(np.interp(numbers_of(values, "values"), distinct, levels, left=0, right=1))


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = 10) -> Reliability:
    """Compare predicted probabilities with labels, in bins of about equally many tracks.

    Args:
        probabilities: ``(n,)`` in [0, 1].
        labels: ``(n,)`` in [0, 1].
        bins: greatest number of bins, at least 1; equal probabilities share a bin.

    Raises:
        DataError: the arrays are wrong, or there are no bins.
    """
    predicted, observed = _unit_interval(probabilities, "probabilities"), _unit_interval(labels, "labels")
    same_shape(probabilities=predicted, labels=observed)
    bins = count_of(bins, "bins", most=1_000_000)
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
    bin_of = np.searchsorted(edges, predicted, side="right")
    counts = np.bincount(bin_of, minlength=len(edges) + 1)
    used = counts > 0
    return Reliability(
        np.bincount(bin_of, predicted, len(counts))[used] / counts[used],
        np.bincount(bin_of, observed, len(counts))[used] / counts[used],
        counts[used].astype(np.int64),
    )


def _smoothed(logits: ArrayLike, labels: ArrayLike) -> tuple[Float64Array, Float64Array]:
    x, y = numbers_of(logits, "logits"), _unit_interval(labels, "labels")
    same_shape(logits=x, labels=y)
    if not np.isfinite(x).all():
        raise DataError("logits must be finite")
    positives, negatives = y.sum(), (1 - y).sum()
    return x, y * (positives + 1) / (positives + 2) + (1 - y) / (negatives + 2)


def _unit_interval(values: ArrayLike, what: str) -> Float64Array:
    found = numbers_of(values, what)
    if found.ndim != 1 or not found.size or not ((found >= 0) & (found <= 1)).all():
        raise DataError(f"{what} must be (n,) in [0, 1], at least one")
    return found


def _newton(design: Float64Array, targets: Float64Array) -> Float64Array:
    """Minimise the cross-entropy of sigmoid(design @ parameters); each step is halved until it lowers the loss."""
    parameters = np.zeros(design.shape[1])
    loss = _cross_entropy(design @ parameters, targets)
    for _ in range(MAX_STEPS):
        p = _sigmoid(design @ parameters)
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        size = 1.0
        while (
            new := _cross_entropy(design @ (parameters - size * step), targets)
        ) > loss and size > TOLERANCE:
            size /= 2
        parameters, improved, loss = parameters - size * step, loss - new, new
        if improved <= TOLERANCE * max(1.0, abs(loss)):
            break
    return parameters


def _cross_entropy(z: Float64Array, targets: Float64Array) -> float:
    return float((np.logaddexp(0, z) - targets * z).sum())


def _sigmoid(z: Float64Array) -> Float64Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))  # does not overflow, unlike 1 / (1 + exp(-z))
