"""Fully convolutional network (Choi, Fazekas & Sandler 2016, arXiv 1606.00298), the MTG-Jamendo baseline's family.

Five 3x3 convolutions are each followed by batch normalisation and max-pooling by two on both axes (the paper pools
more along time, for 29 s inputs). The widths are 1-2-4-4-8 times ``channels``.

Parameters without heads: 0.30 M at ``channels = 24``. Receptive field: 94 frames (3.0 s at hop 512 and 16 kHz).
"""

from __future__ import annotations

import itertools

from torch import nn

from moodrec.model.backbones.base import MapBackbone, conv_block

_WIDTHS = (1, 2, 4, 4, 8)


class FCN(MapBackbone):
    """The backbone of five convolutional blocks that the module's docstring describes."""

    def __init__(self, n_mels: int, channels: int) -> None:
        widths = [channels * width for width in _WIDTHS]
        blocks = [conv_block(i, o) for i, o in itertools.pairwise([1, *widths])]
        super().__init__(n_mels, nn.Sequential(*blocks), widths[-1])


def build(n_mels: int, channels: int) -> FCN:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return FCN(n_mels, channels)
