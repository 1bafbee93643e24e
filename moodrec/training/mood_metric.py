"""Neighbours are made more alike in mood: to a part, the inner product of embeddings becomes that of mood logits.

Let e be the embedding of a track and ``W e`` the logits of some moods. With ``v = tr(cov(e))`` and
``w = tr(W cov(e) W^T)``, the variances of both over the training tracks, distances are measured by
``G = (1 - share) I + share * (v / w) W^T W``, and the embedding is mapped by the square root of G. The mean squared
distance between tracks stays what it is, and ``share`` of it is the distance between logits.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from moodrec.errors import ConfigError
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.embedding_map import Floats, apply_map, embedded_windows
from moodrec.training.inputs import NetworkInputs
from moodrec.training.tasks import NeighboursConfig


def bring_moods_near(
    network: MoodNetwork,
    inputs: NetworkInputs,
    rows: NDArray[np.int64],
    head: HeadSpec,
    config: NeighboursConfig,
) -> None:
    """Change the embedding of a trained network so that neighbours are more alike in some moods.

    Args:
        network: in evaluation mode, with a mood head that reads the embedding; its projection, its norm and its heads
            are changed.
        inputs: the inputs of all tracks.
        rows: the rows that the network was trained on.
        head: names the mood targets.
        config: which moods, and how much.

    Raises:
        ConfigError: a head is not linear in the embedding, or there is no such target.
    """
    columns = neighbour_columns(config, head.labels)
    tracks = np.stack([embedded_windows(network, inputs, int(row)).mean(0) for row in rows])
    unit = torch.eye(tracks.shape[1]).to(next(network.parameters()))
    with torch.inference_mode():
        logits = (
            network.heads[MOOD_TASK](torch.cat([unit, torch.zeros_like(unit[:1])])).double().cpu().numpy()
        )
    apply_map(network, mood_metric_map(tracks, (logits[:-1] - logits[-1]).T[columns], config.share))


def mood_metric_map(embeddings: Floats, weights: Floats, share: float) -> Floats:
    """Compute the map of embeddings, as rows: ``embedding @ map``.

    Args:
        embeddings: (n, d) of tracks, which vary and whose logits do.
        weights: (moods, d): ``embedding @ weights.T`` are logits, but for a bias.
        share: in [0, 1): how much of the mean squared distance between tracks is that between their logits.

    Returns:
        (d, d), symmetric and positive definite.
    """
    covariance = np.cov(embeddings.T).reshape(embeddings.shape[1], -1)
    variance, of_logits = np.trace(covariance), np.trace(weights @ covariance @ weights.T)
    metric = (1 - share) * np.eye(len(covariance)) + share * variance / of_logits * weights.T @ weights
    values, vectors = np.linalg.eigh(metric)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T, np.float64)


def neighbour_columns(config: NeighboursConfig, targets: tuple[str, ...]) -> list[int]:
    """Find the columns of the targets of ``tasks.mood.neighbours``.

    Args:
        config: names them.
        targets: names of the mood targets, in the order of their columns.

    Raises:
        ConfigError: one is named that there is not.
    """
    unknown = sorted({*config.targets} - {*targets})
    if unknown:
        raise ConfigError(f"tasks.mood.neighbours: no dataset of the recipe has {', '.join(unknown)}")
    return [targets.index(name) for name in config.targets]
