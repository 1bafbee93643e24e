"""Spectrogram windows of a track are mapped to the track's features, and these to its embedding and logits.

Embedding and heads are linear in the features, so those of the mean features are the means over the windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK

_WINDOWS_AT_A_TIME = 2


@torch.inference_mode()
def mean_features(network: MoodNetwork, log_mels: Tensor) -> Tensor:
    """Compute the mean of the backbone's features over a track's windows.

    A track goes through the network by itself, so what is computed beside it can never change its last bits. On a
    CPU two windows are computed at a time: the maps of a whole track would not fit the caches, and take twice as
    long.

    Args:
        network: in evaluation mode.
        log_mels: (windows, n_mels, frames).

    Returns:
        (features,) float32, which :func:`read_features` takes.
    """
    at_a_time = _WINDOWS_AT_A_TIME if log_mels.device.type == "cpu" else len(log_mels)
    parts = torch.split(log_mels, at_a_time)
    return torch.cat([network.backbone(part).float() for part in parts]).mean(0)


@dataclass(frozen=True, eq=False)
class TrackOutput:
    """What a network makes of one track."""

    embedding: NDArray[np.float32]
    """(embedding_dim,), not normalised."""
    logits: dict[str, NDArray[np.float32]]
    """Task name to (labels of its head,)."""

    @property
    def mood_logits(self) -> NDArray[np.float32]:
        """The logits of the mood targets."""
        return self.logits[MOOD_TASK]


@torch.inference_mode()
def read_features(network: MoodNetwork, features: Tensor, metadata: Tensor | None = None) -> TrackOutput:
    """Compute the embedding and the logits of all heads.

    Args:
        network: in evaluation mode.
        features: (features,) of the backbone, the mean over a track's windows.
        metadata: (columns,) of what is known beside the audio; None for the audio alone.
    """
    found = network.read(features.unsqueeze(0), None if metadata is None else metadata.unsqueeze(0))
    logits = {task: own[0].float().cpu().numpy() for task, own in found.logits.items()}
    return TrackOutput(found.embedding[0].float().cpu().numpy(), logits)
