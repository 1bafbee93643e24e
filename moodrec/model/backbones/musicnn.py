"""MusiCNN (Pons & Serra 2019, arXiv 1909.06654; Pons et al. 2018, arXiv 1711.02520).

The first layer is musically motivated: tall "timbral" filters, pooled over frequency, detect spectral shapes at any
pitch, and long "temporal" filters detect rhythm in every band. Three densely connected convolutions along time
follow. ``channels = 128`` is the published size, on frames of 16 ms (``hop_length = 256`` at 16 kHz).

Parameters without heads: 0.79 M at ``channels = 128``. Receptive field: 146 frames (2.3 s at hop 256 and 16 kHz).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.model.backbones.base import Backbone
from moodrec.model.tall_filters import highest_response

_EPS = 1e-3
_TIMBRAL = (0.4, 0.7)
"""Heights of the timbral filters, as shares of the mel bands."""
_TEMPORAL = (128, 64, 32)
"""Lengths of the temporal filters, in frames."""


class FilterBank(nn.Module):
    """One kind of first-layer filters: convolution, ReLU, batch norm, maximum over frequency."""

    def __init__(self, filters: int, height: int, length: int) -> None:
        super().__init__()
        self.length = length
        self.conv = nn.Conv2d(1, filters, (height, length))
        self.norm = nn.BatchNorm2d(filters, eps=_EPS)

    def forward(self, mel: Tensor) -> Tensor:
        """Map (batch, 1, n_mels, frames) to (batch, filters, frames)."""
        before = (self.length - 1) // 2
        padded = F.pad(mel, (before, self.length - 1 - before))
        if not self.norm.training:
            return self._maximum_first(padded)
        pooled: Tensor = self.norm(F.relu(self.conv(padded))).amax(2)
        return pooled

    def _maximum_first(self, padded: Tensor) -> Tensor:
        """Compute the same in evaluation mode, normalising one band instead of many.

        ReLU and norm rise throughout, or fall where the norm's factor is negative: there, the largest result comes
        from the smallest input, which is the largest of the negated convolution.
        """
        sign = torch.where(self.norm.weight < 0, -1.0, 1.0)[:, None]
        highest = highest_response(padded, self.conv.weight * sign[..., None, None])
        pooled = highest * sign + (0.0 if self.conv.bias is None else self.conv.bias[:, None])
        normed: Tensor = self.norm(F.relu(pooled).unsqueeze(2))
        return normed.squeeze(2)


class _Layer(nn.Module):
    """A convolution over 7 frames, then ReLU and batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, 7, padding=3)
        self.norm = nn.BatchNorm1d(outputs, eps=_EPS)

    def forward(self, frames: Tensor) -> Tensor:
        """Map (batch, inputs, frames) to (batch, outputs, frames)."""
        out: Tensor = self.norm(F.relu(self.conv(frames)))
        return out


class MusiCNN(Backbone):
    """Timbral and temporal filters, three layers along time, maximum and mean over time, and a dense layer."""

    neck_modules = ("dropout", "dense", "dense_norm")

    def __init__(self, n_mels: int, channels: int) -> None:
        super().__init__()
        timbral, temporal, middle = int(1.6 * channels), int(0.4 * channels), channels // 2
        self.norm = nn.BatchNorm2d(1, eps=_EPS)
        self.filters = nn.ModuleList(
            [FilterBank(timbral, int(share * n_mels), 7) for share in _TIMBRAL]
            + [FilterBank(temporal, 1, length) for length in _TEMPORAL]
        )
        first = 2 * timbral + 3 * temporal
        self.layers = nn.ModuleList([_Layer(first, middle), _Layer(middle, middle), _Layer(middle, middle)])
        pooled = 2 * (first + 3 * middle)
        self.features = int(1.5625 * channels)
        self.pooled_norm = nn.BatchNorm1d(pooled, eps=_EPS)
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(pooled, self.features)
        self.dense_norm = nn.BatchNorm1d(self.features, eps=_EPS)

    def trunk(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to (batch, pooled): maxima over time of all layers' maps, then their means."""
        mel = self.norm(log_mel.unsqueeze(1))
        first = torch.cat([filters(mel) for filters in self.filters], 1)
        one = self.layers[0](first)
        two = one + self.layers[1](one)
        three = two + self.layers[2](two)
        maps = torch.cat([first, one, two, three], 1)
        pooled: Tensor = self.pooled_norm(torch.cat([maps.amax(2), maps.mean(2)], 1))
        return pooled

    def neck(self, pooled: Tensor) -> Tensor:
        features: Tensor = self.dense_norm(F.relu(self.dense(self.dropout(pooled))))
        return features


def build(n_mels: int, channels: int) -> MusiCNN:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return MusiCNN(n_mels, channels)
