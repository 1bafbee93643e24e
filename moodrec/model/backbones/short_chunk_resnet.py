"""Short-chunk CNN with residual blocks (Won, Ferraro, Bogdanov & Serra 2020, arXiv 2006.00751).

Seven residual blocks of 3x3 convolutions, each halving both axes. Widths follow the paper's 1-1-2-2-2-2-4
pattern, with ``channels`` filters in the first block (128 there). Two departures: bands are normalised one by
one at the input, and the last map is pooled by mean and maximum rather than by maximum alone.

Parameters without heads: 0.55 M at ``channels = 32``, 8.8 M at 128. Receptive field: 763 frames (24 s at
hop 512 and 16 kHz), which covers an excerpt of a few seconds.
"""

from __future__ import annotations

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.model.backbones.base import MapBackbone, StridedConv
from moodrec.model.backbones.short_chunk_cnn import SHORT_CHUNK_WIDTHS


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first with stride 2, beside a 1x1 shortcut: ``relu(f(x) + s(x))``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = StridedConv(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = StridedConv(inputs, outputs, 1, stride=2, bias=False)
        self.norm_shortcut = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(inner + self.norm_shortcut(self.shortcut(x)))


class ShortChunkResNet(MapBackbone):
    """The backbone of seven residual blocks that the module's docstring describes."""

    def __init__(self, n_mels: int, channels: int) -> None:
        widths = [channels * width for width in SHORT_CHUNK_WIDTHS]
        blocks = [_ResidualBlock(i, o) for i, o in itertools.pairwise([1, *widths])]
        super().__init__(n_mels, nn.Sequential(*blocks), widths[-1])


def build(n_mels: int, channels: int) -> ShortChunkResNet:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return ShortChunkResNet(n_mels, channels)
