"""MobileNetV3 for audio (Schmid, Koutini & Widmer 2023, arXiv 2211.04772; Howard et al. 2019, arXiv 1905.02244).

The fifteen inverted residual blocks of MobileNetV3-Large, their widths scaled by one factor and rounded to eights.
A block widens by 1x1, filters each channel by itself, in some blocks weighs the channels by a gate that follows from
their means, and narrows by 1x1. The spectrogram is one image of one channel; there is no normalisation of its bands,
because the front end ``kaldi`` scales it. The last map is pooled by the mean over bands and frames, and a dense layer
with Hardswish follows: what the tagger's classes are read from.

``channels`` is the width of the last three blocks: 160 is MobileNetV3-Large, 64 is the published ``mn04`` (width .4),
whose weights ``tools/convert_mn.py`` converts.

Parameters without heads: 0.71 M at ``channels = 64``, 4.2 M at 160. The gates weigh channels by their mean over the
whole excerpt, so that every point of the last map depends on all frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from torch import Tensor, nn

from moodrec.model.backbones.base import Backbone, StridedConv

_EPS: Final = 1e-3
_FIRST: Final = 16
_LAST: Final = 160
_DENSE: Final = 1280


class _Row(NamedTuple):
    """One block, in the units of Table 1 of MobileNetV3."""

    kernel: int
    inner: int
    outputs: int
    gated: bool
    hardswish: bool
    stride: int


_TABLE: Final = (
    _Row(3, 16, 16, False, False, 1),
    _Row(3, 64, 24, False, False, 2),
    _Row(3, 72, 24, False, False, 1),
    _Row(5, 72, 40, True, False, 2),
    _Row(5, 120, 40, True, False, 1),
    _Row(5, 120, 40, True, False, 1),
    _Row(3, 240, 80, False, True, 2),
    _Row(3, 200, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 480, 112, True, True, 1),
    _Row(3, 672, 112, True, True, 1),
    _Row(5, 672, 160, True, True, 2),
    _Row(5, 960, 160, True, True, 1),
    _Row(5, 960, 160, True, True, 1),
)


def to_eights(width: float) -> int:
    """The nearest multiple of eight, at least 8, and never below nine tenths of ``width``."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * width else rounded


class Gate(nn.Module):
    """Each channel times a gate in [0, 1] that follows from the means of all channels (arXiv 1709.01507)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        squeezed = to_eights(width / 4)
        self.squeeze = nn.Linear(width, squeezed)
        self.widen = nn.Linear(squeezed, width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, bands, frames) to the same shape."""
        gates = self.widen(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
        gated: Tensor = x * gates[:, :, None, None]
        return gated


def _unit(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int, activation: type[nn.Module] | None
) -> nn.Sequential:
    """Convolution, batch norm and, but for ``None``, an activation."""
    kind = StridedConv if stride > 1 else nn.Conv2d
    conv = kind(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(outputs, eps=_EPS)
    return nn.Sequential(conv, norm) if activation is None else nn.Sequential(conv, norm, activation())


class _Block(nn.Module):
    """An inverted residual, ``f(x)``, plus ``x`` where width and size stay."""

    def __init__(self, inputs: int, row: _Row, width: float) -> None:
        super().__init__()
        outputs = to_eights(width * row.outputs)
        self.layers = nn.Sequential(*_layers(inputs, to_eights(width * row.inner), outputs, row))
        self.residual = inputs == outputs and row.stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


def _layers(inputs: int, inner: int, outputs: int, row: _Row) -> Iterator[nn.Module]:
    activation = nn.Hardswish if row.hardswish else nn.ReLU
    if inner != inputs:
        yield _unit(inputs, inner, 1, 1, 1, activation)
    yield _unit(inner, inner, row.kernel, row.stride, inner, activation)
    if row.gated:
        yield Gate(inner)
    yield _unit(inner, outputs, 1, 1, 1, None)


class MN(Backbone):
    """Fifteen inverted residual blocks, the mean over the last map, a dense layer; see the module's text."""

    neck_modules = ("dense",)

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = channels / _LAST
        first, last = to_eights(width * _FIRST), to_eights(width * _LAST)
        self.first = _unit(1, first, 3, 2, 1, nn.Hardswish)
        self.blocks = nn.Sequential(*_blocks(first, width))
        self.last = _unit(last, 6 * last, 1, 1, 1, nn.Hardswish)
        self.features = to_eights(width * _DENSE)
        self.dense = nn.Sequential(nn.Linear(6 * last, self.features), nn.Hardswish())

    def trunk(self, log_mel: Tensor) -> Tensor:
        """(batch, n_mels, frames) to (batch, pooled): the mean of the last map over bands and frames."""
        pooled: Tensor = self.last(self.blocks(self.first(log_mel.unsqueeze(1)))).mean((2, 3))
        return pooled

    def neck(self, pooled: Tensor) -> Tensor:
        features: Tensor = self.dense(pooled)
        return features


def _blocks(first: int, width: float) -> Iterator[nn.Module]:
    inputs = first
    for row in _TABLE:
        yield _Block(inputs, row, width)
        inputs = to_eights(width * row.outputs)


def build(n_mels: int, channels: int) -> MN:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: number of mel bands; any will do, as the network averages over the bands that are left.
        channels: width of the last three blocks; 160 is MobileNetV3-Large, 64 is ``mn04``.
    """
    return MN(channels)
