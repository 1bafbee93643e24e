"""Small EfficientNetV2 (Tan & Le 2021, arXiv 2104.00298).

Its blocks come from MobileNetV2 and V3 (Sandler et al. 2018, arXiv 1801.04381; Howard et al. 2019, 1905.02244).
Networks of this family tag audio best for their cost (Schmid, Koutini & Widmer 2022, arXiv 2211.04772). Where maps
are large and have few channels, a block is a plain 3x3 convolution, which a CPU computes faster than a depthwise
one ("fused"); where they are small, it is an inverted residual: widen by 1x1, filter each channel by itself, weight
the channels by a squeeze-and-excitation gate, narrow by 1x1.

It has stages of 1-2-2-2 blocks, widths 1-2-3-6 times ``channels``; the last two stages have gates. Max-pooling in
place of strides, and ReLU in place of SiLU, are cheaper to train on a CPU.

Parameters without heads: 0.34 M at ``channels = 16``. Receptive field: 134 frames (4.3 s at hop 512 and 16 kHz),
all bands; gates weigh channels by their mean over the whole excerpt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from torch import Tensor, nn

from moodrec.model.backbones.base import MapBackbone, conv_block, convolution, halve

_LAST_WIDTH: Final = 12
_SQUEEZE: Final = 4


class _Stage(NamedTuple):
    width: int
    """Number of channels, in units of ``channels``."""
    blocks: int
    expansion: int
    fused: bool


_STAGES: Final = (
    _Stage(1, 1, 1, fused=True),
    _Stage(2, 2, 4, fused=True),
    _Stage(3, 2, 4, fused=False),
    _Stage(6, 2, 4, fused=False),
)


class SqueezeExcitation(nn.Module):
    """Multiplies each channel by a gate in [0, 1], computed from the means of all channels (arXiv 1709.01507)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        squeezed = max(1, width // _SQUEEZE)
        self.gates = nn.Sequential(
            nn.Linear(width, squeezed), nn.ReLU(), nn.Linear(squeezed, width), nn.Hardsigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        gates: Tensor = self.gates(x.mean((2, 3)))
        return x * gates[:, :, None, None]


class _Block(nn.Module):
    """Computes ``f(x)``, plus ``x`` where the width stays."""

    def __init__(self, inputs: int, outputs: int, stage: _Stage) -> None:
        super().__init__()
        layers = _fused if stage.fused else _inverted
        self.layers = nn.Sequential(*layers(inputs, inputs * stage.expansion, outputs))
        self.residual = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


def _fused(inputs: int, inner: int, outputs: int) -> Iterator[nn.Module]:
    yield from (convolution(inputs, inner, 3), nn.BatchNorm2d(inner), nn.ReLU())
    yield from (convolution(inner, outputs, 1), nn.BatchNorm2d(outputs))


def _inverted(inputs: int, inner: int, outputs: int) -> Iterator[nn.Module]:
    yield from (convolution(inputs, inner, 1), nn.BatchNorm2d(inner), nn.ReLU())
    yield nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=False)
    yield from (nn.BatchNorm2d(inner), nn.ReLU(), SqueezeExcitation(inner))
    yield from (convolution(inner, outputs, 1), nn.BatchNorm2d(outputs))


def _layers(channels: int) -> Iterator[nn.Module]:
    yield conv_block(1, channels)
    width = channels
    for stage in _STAGES:
        if stage is not _STAGES[0]:
            yield halve()
        for _ in range(stage.blocks):
            yield _Block(width, channels * stage.width, stage)
            width = channels * stage.width
    last = channels * _LAST_WIDTH
    yield nn.Sequential(convolution(width, last, 1), nn.BatchNorm2d(last), nn.ReLU())


class EfficientNet(MapBackbone):
    """The backbone of four stages of residual blocks that the module's docstring describes."""

    def __init__(self, n_mels: int, channels: int) -> None:
        super().__init__(n_mels, nn.Sequential(*_layers(channels)), channels * _LAST_WIDTH)


def build(n_mels: int, channels: int) -> EfficientNet:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands.
        channels: unit of the widths.
    """
    return EfficientNet(n_mels, channels)
