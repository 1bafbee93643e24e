"""The embedding is made steadier against copies of tracks, by a linear map that is computed and not trained.

In the embedding, let T be the covariance of windows of originals and S the mean second moment of the differences
between a copy and its original. ``(T + strength * S)^-1 T`` scales each direction by how much of what is seen there
is music: directions in which copies differ little stay, and those in which they differ as much as tracks do shrink.
It is the Wiener filter, and a relative of within-class covariance normalisation (Hatch, Kajarekar & Stolcke,
Interspeech 2006). With B, the covariance of the means of exclusive mood classes,
``(T + strength * S)^-1 (T + moods * B)`` also scales up what tells moods, so that neighbours do not become less alike
in mood. The map goes into the projection and the norm behind it; linear heads that read the embedding take
its inverse, so that their logits stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from moodrec.errors import ConfigError, DataError
from moodrec.model.network import MoodNetwork
from moodrec.training.copies import CopiesConfig
from moodrec.training.inputs import NetworkInputs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CopiedTracks:
    """Some training tracks, and their copies of each kind."""

    rows: NDArray[np.int64]
    """(n,) rows of the tracks in the joined table."""
    copies: Mapping[str, NetworkInputs]
    """Kind to n inputs: the copies of ``rows``, in their order."""


def make_steady(
    network: MoodNetwork,
    originals: NetworkInputs,
    copied: CopiedTracks,
    seen: NDArray[np.bool_],
    config: CopiesConfig,
    labels: Sequence[Floats] = (),
) -> None:
    """Change the embedding of a trained network so that copies lie closer to their originals.

    Args:
        network: in evaluation mode; its projection, its norm and its heads are changed.
        originals: the inputs of all tracks.
        copied: the tracks that have copies.
        seen: (tracks,) which of all tracks the network was trained on; copies of others are not used.
        config: how much differences by copying count, and those between moods.
        labels: for each group of exclusive moods, (tracks, classes) of 0 and 1, rows of NaN where unknown; only
            those of ``seen`` are used.

    Raises:
        ConfigError: a head is not linear in the embedding.
        DataError: no track that the network was trained on has copies.
    """
    places = np.flatnonzero(seen[copied.rows])
    if not len(places):
        raise DataError("copies: none of the tracks that the network is trained on has copies")
    windows = {int(place): _embedded(network, originals, int(copied.rows[place])) for place in places}
    differences = [
        np.concatenate(
            [_differences(_embedded(network, inputs, place), own) for place, own in windows.items()]
        )
        for inputs in copied.copies.values()
    ]
    between = np.zeros((network.norm.num_features, network.norm.num_features))
    if config.moods and labels:
        rows = np.flatnonzero(seen)
        tracks = np.stack([_embedded(network, originals, int(row)).mean(0) for row in rows])
        between = config.moods * np.sum([scatter_of(tracks, own[rows]) for own in labels], axis=0)
    apply_map(network, steady_map(np.concatenate([*windows.values()]), differences, config.strength, between))


def scatter_of(embeddings: Floats, classes: Floats) -> Floats:
    """Compute the covariance of the class means, each class weighted by its share of the tracks.

    Args:
        embeddings: (n, d).
        classes: (n, classes), 1 for the class of a track and 0 for others, NaN where it is unknown; the greatest
            counts. Without a known class, the covariance is zero.

    Returns:
        (d, d).
    """
    known = ~np.isnan(classes).any(axis=1)
    own, numbers = embeddings[known], classes[known].argmax(axis=1)
    found = np.zeros((embeddings.shape[1], embeddings.shape[1]))
    for number in np.unique(numbers):
        away = own[numbers == number].mean(0) - own.mean(0)
        found += np.mean(numbers == number) * np.outer(away, away)
    return found


def steady_map(
    originals: Floats, differences: Sequence[Floats], strength: float, between: Floats | None = None
) -> Floats:
    """Compute the map of embeddings, as rows: ``embedding @ map``.

    Args:
        originals: (windows, d) embeddings of originals.
        differences: for each kind of copy, (m, d) embeddings of copies minus those of their originals. Each kind
            counts the same.
        strength: not negative; with 0, and without ``between``, the map is the identity.
        between: (d, d) what is added to the covariance of the music: directions in which it is great are scaled up.

    Returns:
        (d, d).
    """
    dim = originals.shape[1]
    music = np.cov(originals.T).reshape(dim, dim)
    # A trace of every direction keeps the map invertible where there are few tracks.
    music += 1e-3 * np.trace(music) / dim * np.eye(dim)
    copying = np.mean([own.T @ own / len(own) for own in differences], axis=0)
    wanted = music if between is None else music + between
    return np.asarray(np.linalg.solve(music + strength * copying, wanted), np.float64)


@torch.no_grad()
def apply_map(network: MoodNetwork, matrix: Floats) -> None:
    """Make the embedding of a network ``embedding @ matrix``, and leave the logits of its heads as they are.

    Args:
        network: in evaluation mode.
        matrix: (embedding_dim, embedding_dim), invertible.

    Raises:
        ConfigError: a head is not linear in the embedding.
    """
    reading: list[nn.Linear] = []
    for task, head in network.heads.items():
        if task in network.of_features:
            continue
        if not isinstance(head, nn.Linear):
            raise ConfigError(
                f"copies: needs linear heads; set tasks.{task}.kind to softmax or leave copies out"
            )
        reading.append(head)
    norm = network.norm
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("the norm of the embedding keeps no statistics")
    factors = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).double()
    offset = norm.bias.double() - factors * norm.running_mean.double()
    turn = torch.from_numpy(matrix).to(offset)
    network.projection.weight.copy_(turn.T @ (factors[:, None] * network.projection.weight.double()))
    norm.weight.fill_(1.0)
    norm.bias.copy_(turn.T @ offset)
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    for head in reading:
        head.weight.copy_(torch.linalg.solve(turn, head.weight.double().T).T)


@torch.inference_mode()
def _embedded(network: MoodNetwork, inputs: NetworkInputs, row: int) -> Floats:
    """(windows, d) embeddings of all windows of a track."""
    device = next(network.parameters()).device
    features = inputs.of_backbone(network, inputs.whole(row).to(device))
    return np.asarray(network.summarize(features).double().cpu().numpy(), np.float64)


def _differences(copies: Floats, originals: Floats) -> Floats:
    """Window by window; an encoder may add or drop samples, and with them a window."""
    count = min(len(copies), len(originals))
    return copies[:count] - originals[:count]
