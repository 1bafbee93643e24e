"""Spectrogram windows of a track are mapped to the track's embedding and logits.

Heads are linear, so the logits of the mean embedding are the mean of the windows' logits.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK

_WINDOWS_AT_A_TIME = 2


@torch.inference_mode()
def mean_embedding(network: MoodNetwork, log_mels: Tensor) -> Tensor:
    """Compute the mean embedding of a track's windows, not normalised.

    A track goes through the network by itself, so what is computed beside it can never change its last bits. On a
    CPU two windows are computed at a time: the maps of a whole track would not fit the caches, and take twice as
    long.

    Args:
        network: in evaluation mode.
        log_mels: (windows, n_mels, frames).

    Returns:
        (embedding_dim,) float32.
    """
    at_a_time = _WINDOWS_AT_A_TIME if log_mels.device.type == "cpu" else len(log_mels)
    parts = torch.split(log_mels, at_a_time)
    return torch.cat([network.embed(part).float() for part in parts]).mean(0)


@torch.inference_mode()
def task_logits(network: MoodNetwork, embedding: Tensor, task: str = MOOD_TASK) -> NDArray[np.float32]:
    """Compute the logits of one head.

    Args:
        network: in evaluation mode.
        embedding: (embedding_dim,), not normalised.
        task: name of the head.

    Returns:
        (labels,) float32.
    """
    logits: NDArray[np.float32] = network.heads[task](embedding).float().cpu().numpy()
    return logits
