"""Frequency-aware ResNet with a small receptive field, CP-JKU's, which won the MediaEval emotion and theme task in
2019.

It has two ideas of Koutini, Eghbal-zadeh and Widmer. A network whose receptive field is smaller generalises better
(arXiv 1907.01803): only the first convolutions are 3x3, the later ones 1x1, and the number ``rho`` of 3x3 ones sets
the receptive field. And a convolution cannot tell a low band from a high one, which matters in music: each also
reads a map of its place on the frequency axis (arXiv 1909.02859).

A 5x5 convolution is followed by three stages of four residual blocks, widths 1-2-4 times ``channels`` (128 in the
papers), halved after the first convolution and after blocks 1, 2 and 4. Bands and frames are coarser here than in
the papers, so ``rho`` is small: a point of the last map depends on a little over half of 96 bands. Departures are
max-pooling instead of a strided first convolution, and mean and maximum of the last map.

Parameters without heads: 0.12 M at ``channels = 24``, 3.3 M at 128. Receptive field: 56 bands and 56 frames (1.8 s
at hop 512 and 16 kHz).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.model.backbones.base import MapBackbone, conv_block, convolution, halve

_STAGES: Final = (1, 2, 4)
_BLOCKS_A_STAGE: Final = 4
_HALVED_AFTER: Final = (0, 1, 3)
_RHO: Final = 3


class FrequencyAwareConv(nn.Conv2d):
    """A convolution over the map and one more channel, the place on the frequency axis from -1 to 1.

    ``conv([x, f]) = w_x * x + w_f * f``; the second part is the same for every row of a batch.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs + 1, outputs, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        of_map, of_place = self.weight[:, :-1], self.weight[:, -1:]
        places = F.conv2d(frequency_places(x), of_place, padding=self.padding)
        return F.conv2d(x, of_map, padding=self.padding) + places


def frequency_places(x: Tensor) -> Tensor:
    """Make the place on the frequency axis (1, 1, bands, frames) of a map (batch, channels, bands, frames).

    It rises from -1 in the lowest band to 1 in the highest.
    """
    bands, frames = x.shape[-2:]
    places = torch.linspace(-1, 1, bands, device=x.device, dtype=x.dtype)
    return places[None, None, :, None].expand(1, 1, bands, frames)


class _Block(nn.Module):
    """Two frequency-aware convolutions beside a shortcut: ``relu(f(x) + s(x))``."""

    def __init__(self, inputs: int, outputs: int, kernels: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = FrequencyAwareConv(inputs, outputs, kernels[0])
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = FrequencyAwareConv(outputs, outputs, kernels[1])
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if inputs == outputs else _projection(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(inner + self.shortcut(x))


def _projection(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution(inputs, outputs, 1), nn.BatchNorm2d(outputs))


def kernel_sizes(rho: int) -> list[tuple[int, int]]:
    """List the two kernel sizes of each block: the first kernels are 3x3 and 1x1, of the others the first ``rho``
    are 3x3.
    """
    count = 2 * _BLOCKS_A_STAGE * len(_STAGES)
    sizes = [3, 1] + [3 if place < rho else 1 for place in range(count - 2)]
    return list(zip(sizes[::2], sizes[1::2], strict=True))


def _layers(channels: int, rho: int) -> Iterator[nn.Module]:
    yield conv_block(1, channels, kernel=5)
    width = channels
    for number, kernels in enumerate(kernel_sizes(rho)):
        wider = channels * _STAGES[number // _BLOCKS_A_STAGE]
        yield _Block(width, wider, kernels)
        width = wider
        if number in _HALVED_AFTER:
            yield halve()


class FAResNet(MapBackbone):
    """The backbone of twelve frequency-aware residual blocks that the module's docstring describes."""

    def __init__(self, n_mels: int, channels: int, rho: int = _RHO) -> None:
        super().__init__(n_mels, nn.Sequential(*_layers(channels, rho)), channels * _STAGES[-1])


def build(n_mels: int, channels: int) -> FAResNet:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return FAResNet(n_mels, channels)
