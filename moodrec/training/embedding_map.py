"""The embedding of a trained network is mapped linearly, while the logits of its heads stay what they are.

The map goes into the projection and the norm behind it; linear heads that read the embedding take its inverse.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from moodrec.errors import ConfigError
from moodrec.model.network import MoodNetwork
from moodrec.training.inputs import NetworkInputs

Floats = NDArray[np.float64]


@torch.inference_mode()
def embedded_windows(network: MoodNetwork, inputs: NetworkInputs, row: int) -> Floats:
    """Compute the (windows, embedding_dim) embeddings of all windows of a track.

    Args:
        network: in evaluation mode.
        inputs: the inputs of all tracks.
        row: the track.
    """
    device = next(network.parameters()).device
    features = inputs.of_backbone(network, inputs.whole(row).to(device))
    return np.asarray(network.summarize(features).double().cpu().numpy(), np.float64)


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
                f"tasks.{task}.kind: the embedding is mapped under linear heads alone; set it to softmax, or leave "
                "out copies and tasks.mood.neighbours"
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
