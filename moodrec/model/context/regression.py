"""Logistic regressions over all moods at once, by Newton's method on NumPy arrays.

Labels of few artists say little of one mood. So weights are first fitted in common to all moods, and then each mood's
own are drawn away from them as far as its labels carry them against a penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_STEPS: Final = 30
TOLERANCE: Final = 1e-7
_LARGEST_STEP: Final = 3.0
_RIDGE: Final = 1e-3


@dataclass(frozen=True, eq=False)
class CommonFit:
    """A logistic regression whose moods share weights: ``logit = intercepts[m] + features . weights``."""

    intercepts: Floats
    """``(M,)``; 0 where a mood has one class alone, whose rows count for nothing."""
    weights: Floats
    """``(K,)``, not negative."""

    def logits(self, features: Floats) -> Floats:
        """``(n, M, K)`` to ``(n, M)``."""
        return np.asarray(self.intercepts + features @ self.weights)


def fit_common(features: Floats, labels: Floats) -> CommonFit:
    """Fit an intercept a mood and weights common to all moods; weights that would be negative are 0.

    Args:
        features: ``(n, M, K)`` finite.
        labels: ``(n, M)`` in [0, 1], NaN unknown. Moods without both classes are left out.
    """
    usable = has_both(labels)
    intercepts, weights = np.zeros(labels.shape[1]), np.zeros(features.shape[2])
    known = ~np.isnan(labels[:, usable])
    intercepts[usable] = _log_odds(np.where(known, labels[:, usable], 0).sum(0), known.sum(0))
    kept = np.full(len(weights), bool(usable.any()))
    while kept.any():
        found, mine = _newton(features[:, usable][:, :, kept], labels[:, usable])
        if (mine >= 0).all():
            intercepts[usable], weights[kept] = found, mine
            break
        kept[np.flatnonzero(kept)[mine.argmin()]] = False
    return CommonFit(intercepts, weights)


def has_both(labels: Floats) -> NDArray[np.bool_]:
    """``(M,)`` moods that some known label of ``(n, M)`` is above 0 of, and some below 1."""
    known = np.nan_to_num(labels, nan=0.0).sum(0)
    return np.asarray((known > 0) & (known < (~np.isnan(labels)).sum(0)))


def deviations(
    features: Floats, descriptors: Floats, logits: Floats, labels: Floats, penalties: Floats
) -> Floats:
    """One Newton step of ridge regressions, a mood each, from logits that are fitted in common.

    The intercept moves along, unpenalised. Rare moods have little curvature, so a step is close to the optimum
    wherever the penalty is large enough to be of use.

    Args:
        features: ``(n, M, K)``, a mood's own.
        descriptors: ``(n, D)``, the same for all moods, about centred.
        logits: ``(n, M)`` where the step starts.
        labels: ``(n, M)`` in [0, 1], NaN unknown.
        penalties: ``(P, K + D)`` of the squared steps; infinite leaves a weight where it is.

    Returns:
        ``(P, M, 1 + K + D)``: steps of the intercept and of the weights.
    """
    width = features.shape[2] + descriptors.shape[1]
    found = np.zeros((len(penalties), labels.shape[1], 1 + width))
    for mood in np.flatnonzero(has_both(labels)):
        known = ~np.isnan(labels[:, mood])
        inputs = np.column_stack([features[known, mood], descriptors[known]])
        p = sigmoid(logits[known, mood])
        weight, surplus = p * (1 - p), labels[known, mood] - p
        mean = weight @ inputs / weight.sum()
        gradient = inputs.T @ surplus - mean * surplus.sum()
        curvature = (inputs * weight[:, None]).T @ inputs - weight.sum() * np.outer(mean, mean)
        for place, penalty in enumerate(penalties):
            step = _ridge_step(curvature, gradient, penalty)
            found[place, mood] = np.append(surplus.sum() / weight.sum() - mean @ step, step)
    return found


def _ridge_step(curvature: Floats, gradient: Floats, penalty: Floats) -> Floats:
    step, free = np.zeros_like(gradient), np.isfinite(penalty)
    if free.any():
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)] + np.diag(penalty[free]), gradient[free])
    return step


def ridge_map(descriptors: Floats, targets: Floats, penalty: float) -> Floats:
    """Least squares with a penalty: weights ``(D, M)`` such that ``descriptors @ weights`` is near ``targets``.

    It is the ridge regression of Hoerl and Kennard (1970), ``(X'X + k I)^-1 X'Y``, with ``k`` the penalty and the
    targets centred. The descriptors are taken as they are, so centre them first.

    Args:
        descriptors: ``(n, D)``, about centred.
        targets: ``(n, M)`` finite.
        penalty: of the squared weights, above 0.

    Returns:
        ``(D, M)`` in units of the targets per unit of the descriptors.
    """
    gram = descriptors.T @ descriptors + penalty * np.eye(descriptors.shape[1])
    return np.asarray(np.linalg.solve(gram, descriptors.T @ (targets - targets.mean(0))))


def calibrated_losses(scores: Floats, labels: Floats) -> Floats:
    """Cross-entropy of each mood under the best slope and intercept: what an order and its distances tell.

    Args:
        scores: ``(n, M)`` finite.
        labels: ``(n, M)`` in [0, 1], NaN unknown.

    Returns:
        ``(n, M)`` of each row, 0 where its label is not known.
    """
    known = ~np.isnan(labels)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, scores, 0).sum(0) / count
    spread = np.sqrt(np.where(known, (scores - mean) ** 2, 0).sum(0) / count)
    x = (scores - mean) / np.where(spread > 0, spread, 1.0)
    y = np.where(known, labels, 0.0)
    slope, intercept = np.zeros(x.shape[1]), _log_odds(y.sum(0), count)
    for _ in range(MAX_STEPS):
        p = sigmoid(intercept + slope * x)
        weight, surplus = np.where(known, p * (1 - p), 0), np.where(known, y - p, 0)
        h00, h01, h11 = weight.sum(0), (weight * x).sum(0), (weight * x * x).sum(0)
        h00, h11 = h00 + _RIDGE, h11 + _RIDGE
        g0, g1 = surplus.sum(0), (surplus * x).sum(0) - _RIDGE * slope
        determinant = h00 * h11 - h01**2
        up = np.clip((h11 * g0 - h01 * g1) / determinant, -1, 1)
        turn = np.clip((h00 * g1 - h01 * g0) / determinant, -1, 1)
        intercept, slope = intercept + up, slope + turn
        if max(np.abs(up).max(initial=0), np.abs(turn).max(initial=0)) < 1e-4:
            break
    z = intercept + slope * x
    return np.where(known, np.logaddexp(0, z) - y * z, 0.0)


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def _newton(features: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """Intercepts ``(M,)`` and common weights ``(K,)``; the curvature is an arrow, so it is solved by parts."""
    known = ~np.isnan(labels)
    y = np.where(known, labels, 0.0)
    intercepts, weights = _log_odds(y.sum(0), known.sum(0)), np.zeros(features.shape[2])
    for _ in range(MAX_STEPS):
        p = sigmoid(intercepts + features @ weights)
        surplus, weight = np.where(known, y - p, 0), np.where(known, p * (1 - p), 0)
        own = weight.sum(0) + _RIDGE
        cross = np.einsum("nm,nmk->mk", weight, features)
        flat = features.reshape(-1, features.shape[2])
        curvature = (flat * weight.reshape(-1, 1)).T @ flat + _RIDGE * np.eye(len(weights))
        right = flat.T @ surplus.reshape(-1) - _RIDGE * weights
        step = np.linalg.solve(
            curvature - cross.T @ (cross / own[:, None]), right - cross.T @ (surplus.sum(0) / own)
        )
        step *= min(1.0, _LARGEST_STEP / max(np.abs(step).max(initial=0), 1e-12))
        intercepts = intercepts + np.clip(
            (surplus.sum(0) - cross @ step) / own, -_LARGEST_STEP, _LARGEST_STEP
        )
        weights = weights + step
        if np.abs(step).max(initial=0) < TOLERANCE:
            break
    return intercepts, weights


def _log_odds(positives: Floats, count: NDArray[np.int64]) -> Floats:
    return np.asarray(np.log((positives + 0.5) / (count - positives + 0.5)))
