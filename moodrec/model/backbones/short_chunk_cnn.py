"""Short-chunk CNN (Won, Ferraro, Bogdanov & Serra 2020, arXiv 2006.00751).

Seven blocks of a 3x3 convolution and max-pooling by two on both axes form a VGG net over excerpts of a few seconds.
Widths follow the paper's 1-1-2-2-2-2-4 pattern, with ``channels`` filters in the first block (128 there). Two
departures: bands are normalised one by one at the input, and the last map is pooled by mean and maximum rather than
by maximum alone. Up to 128 frames that map is a single point, and the two are equal.

Parameters without heads: 0.21 M at ``channels = 32``, 3.4 M at 128. Receptive field: 382 frames (12 s at hop 512
and 16 kHz), which covers an excerpt of a few seconds.
"""

from __future__ import annotations

import itertools
from typing import Final

from torch import nn

from moodrec.model.backbones.base import MapBackbone, conv_block

SHORT_CHUNK_WIDTHS: Final = (1, 1, 2, 2, 2, 2, 4)
"""Filters of the seven blocks in units of ``channels``."""


class ShortChunkCNN(MapBackbone):
    """The backbone of seven convolutional blocks that the module's docstring describes."""

    def __init__(self, n_mels: int, channels: int) -> None:
        widths = [channels * width for width in SHORT_CHUNK_WIDTHS]
        blocks = [conv_block(i, o) for i, o in itertools.pairwise([1, *widths])]
        super().__init__(n_mels, nn.Sequential(*blocks), widths[-1])


def build(n_mels: int, channels: int) -> ShortChunkCNN:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return ShortChunkCNN(n_mels, channels)
