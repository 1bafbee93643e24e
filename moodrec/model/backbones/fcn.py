"""Fully convolutional network (Choi, Fazekas & Sandler 2016, arXiv 1606.00298), the MTG-Jamendo baseline's family.

Five 3x3 convolutions, each followed by batch normalisation and max-pooling by two on both axes (the paper
pools harder along time, for 29 s inputs). Widths 1-2-4-4-8 times ``channels``.

Parameters without heads: 0.54 M at ``channels = 32``. Receptive field: 94 frames (3 s at hop 512 and 16 kHz).
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from moodrec.model.backbones.base import Backbone, MelNorm, pool_mean_max

_WIDTHS = (1, 2, 4, 4, 8)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
    )


class FCN(Backbone):
    """Five convolutional blocks; see the module's text."""

    def __init__(self, n_mels: int, channels: int) -> None:
        super().__init__()
        widths = [channels * width for width in _WIDTHS]
        self.norm = MelNorm(n_mels)
        self.blocks = nn.Sequential(*(_block(i, o) for i, o in itertools.pairwise([1, *widths])))
        self.features = 2 * widths[-1]

    def forward(self, log_mel: Tensor) -> Tensor:
        return pool_mean_max(self.blocks(self.norm(log_mel)))


def build(n_mels: int, channels: int) -> FCN:
    """Make the backbone for ``n_mels`` bands."""
    return FCN(n_mels, channels)
