"""Mood targets are fitted to the backbone's features by logistic regression, beside what the network has learnt.

A network learns an embedding that serves all tasks, and its mood head reads no more than that embedding. Some targets
are told better by a regression on the features themselves. Both are linear in the features, so their logits are
averaged in one head that reads the features (``network.mood_reads``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.inputs import NetworkInputs
from moodrec.training.labels import TaskLabels
from moodrec.training.predict import mean_features
from moodrec.training.prefixes import by_prefix
from moodrec.training.tasks import RegressionConfig

Floats = NDArray[np.float64]

_STEPS: Final = 2000
_TOLERANCE: Final = 1e-5


@dataclass(frozen=True, eq=False)
class LinearMoods:
    """``logits = features @ weights.T + biases``."""

    weights: Floats
    """(targets, features)."""
    biases: Floats
    """(targets,)."""

    def logits(self, features: Floats) -> Floats:
        """(n, features) to (n, targets)."""
        return np.asarray(features @ self.weights.T + self.biases)

    def with_share(self, other: LinearMoods, targets: NDArray[np.int64], share: Floats) -> LinearMoods:
        """Take a share of another's logits and the rest of these.

        Args:
            other: of some of the targets.
            targets: (m,) which these are; the rest stay.
            share: (m,) in [0, 1].
        """
        weights, biases = self.weights.copy(), self.biases.copy()
        weights[targets] = (1 - share)[:, None] * weights[targets] + share[:, None] * other.weights
        biases[targets] = (1 - share) * biases[targets] + share * other.biases
        return LinearMoods(weights, biases)


@torch.no_grad()
def moods_of(network: MoodNetwork) -> LinearMoods:
    """The mood head of a network whose head reads the embedding, as a function of the backbone's features.

    Args:
        network: in evaluation mode.
    """
    like = next(network.parameters())
    zero, unit = like.new_zeros(1, network.backbone.features), torch.eye(network.backbone.features).to(like)
    biases, rows = (network.read(own).logits[MOOD_TASK].double().cpu().numpy() for own in (zero, unit))
    return LinearMoods((rows - biases).T, biases[0])


def fit_logistic(
    features: Floats, labels: Floats, penalties: Floats, correlation: float = 0.0
) -> LinearMoods:
    """Fit the logistic regressions of all targets at once, by Nesterov's accelerated gradient.

    It minimises the cross-entropy over the known labels plus half the penalised squares of the weights of the
    standardised features. Biases are not penalised. With ``correlation``, the weights of targets whose labels go
    together are drawn together: between targets, their prior covariance is
    ``(1 - correlation) I + correlation C``, where C holds the correlations of the labels. Such a prior over tasks is
    that of Bonilla, Chai & Williams, Multi-task Gaussian Process Prediction (NeurIPS 2007); here it is not learnt.

    Args:
        features: (n, features); a feature that is constant has no weight.
        labels: (n, targets) in [0, 1], NaN unknown. A target without a label gets weights and bias 0.
        penalties: (targets,) above 0; with a few hundred tracks, 100 to 1000 do well.
        correlation: in [0, 1); with 0, each target is fitted by itself.
    """
    mean, spread = features.mean(0), features.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (features - mean) / spread
    # The biases stand on a column as long as the features' main axis: on ones, those of rare targets would crawl.
    length = max(float(np.linalg.norm(scaled, 2)) / np.sqrt(len(scaled)), 1.0)
    x = np.column_stack([scaled, np.full(len(scaled), length)])
    known = ~np.isnan(labels)
    y = np.where(known, labels, 0.0)
    precision = _precision(labels, penalties, correlation)
    least, most = np.linalg.eigvalsh(precision)[[0, -1]]
    # The loss curves by a quarter of this at most, and with its penalty by no less than the least penalty.
    step = 1 / (0.25 * np.linalg.norm(x, 2) ** 2 + most)
    momentum = (1 - np.sqrt(least * step)) / (1 + np.sqrt(least * step))
    found = np.zeros((x.shape[1], labels.shape[1]))
    found[-1] = _log_odds(y.sum(0), known.sum(0)) / length
    ahead = found
    for _ in range(_STEPS):
        slope = x.T @ np.where(known, _sigmoid(x @ ahead) - y, 0.0)
        slope[:-1] += ahead[:-1] @ precision
        after = ahead - step * slope
        change = float(np.abs(after - found).max(initial=0))
        ahead, found = after + momentum * (after - found), after
        if change < _TOLERANCE:
            break
    weights = (found[:-1] / spread[:, None]).T
    return LinearMoods(weights, length * found[-1] - weights @ mean)


def label_correlations(labels: Floats) -> Floats:
    """Compute how targets go together, over the rows where both are known.

    Args:
        labels: (n, targets), NaN unknown.

    Returns:
        (targets, targets), a positive semidefinite matrix with ones on its diagonal; 0 between targets that are
        never known together, and for those that are always the same.
    """
    known = ~np.isnan(labels)
    means = np.where(known, labels, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    away = np.where(known, labels - means, 0.0)
    lengths = np.linalg.norm(away, axis=0)
    units = away / np.where(lengths > 0, lengths, 1.0)
    found = units.T @ units
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def _precision(labels: Floats, penalties: Floats, correlation: float) -> Floats:
    """(targets, targets): ``w @ precision @ w / 2`` is the penalty on the weights of one feature."""
    scales = np.sqrt(np.outer(penalties, penalties))
    if not correlation:
        return np.asarray(scales * np.eye(len(penalties)))
    prior = (1 - correlation) * np.eye(len(penalties)) + correlation * label_correlations(labels)
    return np.asarray(scales * np.linalg.inv(prior))


def add_regression(
    network: MoodNetwork,
    inputs: NetworkInputs,
    rows: NDArray[np.int64],
    labels: TaskLabels,
    config: RegressionConfig,
) -> None:
    """Give a trained network a mood head that reads the features and takes its share of regressions on them.

    Args:
        network: in evaluation mode; its mood head, which reads the embedding, is replaced.
        inputs: the inputs of all tracks.
        rows: the rows that the network was trained on.
        labels: heads and targets of all tracks.
        config: which targets, and how much; where it names none of these, the network stays as it is.
    """
    targets, truth = labels.heads[MOOD_TASK].labels, labels.targets[MOOD_TASK][rows]
    features = np.stack([mean_features(network, inputs, int(row)).cpu().numpy() for row in rows])
    penalties = by_prefix(targets, config.penalties)
    shares = config.share if isinstance(config.share, dict) else {"": config.share}
    chosen = np.flatnonzero(~np.isnan(penalties))
    if not len(chosen):
        return
    fitted = fit_logistic(
        features.astype(np.float64),
        truth[:, chosen].astype(np.float64),
        penalties[chosen],
        config.correlation,
    )
    moods = moods_of(network).with_share(fitted, chosen, by_prefix(targets, shares, otherwise=0.5)[chosen])
    network.heads[MOOD_TASK] = _head(moods).to(next(network.parameters()).device)
    network.of_features.add(MOOD_TASK)


def _head(moods: LinearMoods) -> nn.Linear:
    head = nn.Linear(moods.weights.shape[1], moods.weights.shape[0])
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(moods.weights))
        head.bias.copy_(torch.from_numpy(moods.biases))
    return head.eval()


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def _log_odds(positives: Floats, count: NDArray[np.int64]) -> Floats:
    return np.asarray(np.log((positives + 0.5) / (count - positives + 0.5)))
