"""What every backbone promises, and the pooling they share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """A CNN trunk over log-mel spectrograms."""

    features: int
    """Length of the vector that ``forward`` returns."""

    @abstractmethod
    def forward(self, log_mel: Tensor) -> Tensor:
        """(batch, n_mels, frames) to (batch, features), for any number of frames."""


class MelNorm(nn.Module):
    """Batch normalisation of every mel band, so that the network hears a flat spectrum; adds the channel axis."""

    def __init__(self, n_mels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_mels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """(batch, n_mels, frames) to (batch, 1, n_mels, frames)."""
        normed: Tensor = self.norm(log_mel)
        return normed.unsqueeze(1)


def pool_mean_max(maps: Tensor) -> Tensor:
    """(batch, channels, mels, frames) to (batch, 2 * channels): mean and maximum over time and frequency.

    The mean says how a stretch of music is on the whole, the maximum that something occurred in it.
    """
    flat = maps.flatten(2)
    return torch.cat([flat.mean(2), flat.amax(2)], dim=1)
