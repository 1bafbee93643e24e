"""All backbones implement one interface, and several of them share these parts."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """A CNN over log-mel spectrograms: a trunk of convolutions, in some backbones followed by dense layers, the
    neck.
    """

    features: int
    """Length of the vector that ``forward`` returns."""
    neck_modules: tuple[str, ...] = ()
    """Names of the modules that ``neck`` runs; all others are the trunk's."""

    @abstractmethod
    def trunk(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to one pooled vector each, for any number of frames."""

    def neck(self, pooled: Tensor) -> Tensor:
        """Map what ``trunk`` returned to (batch, features)."""
        return pooled

    def forward(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to (batch, features), for any number of frames."""
        return self.neck(self.trunk(log_mel))


class MapBackbone(Backbone):
    """A backbone that normalises the bands, applies a row of blocks, and pools the last map by mean and maximum."""

    def __init__(self, n_mels: int, blocks: nn.Sequential, width: int) -> None:
        """Make the backbone from its blocks.

        Args:
            n_mels: number of mel bands.
            blocks: map (batch, 1, n_mels, frames) to (batch, width, mels, frames).
            width: number of channels that the last of ``blocks`` returns.
        """
        super().__init__()
        self.norm = MelNorm(n_mels)
        self.blocks = blocks
        self.features = 2 * width

    def maps(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to the last map, (batch, width, mels, frames), coarser on both axes."""
        last: Tensor = self.blocks(self.norm(log_mel))
        return last

    def trunk(self, log_mel: Tensor) -> Tensor:
        return pool_mean_max(self.maps(log_mel))


class MelNorm(nn.Module):
    """Batch normalisation of every mel band, so that the spectrum is flat on average; it adds the channel axis."""

    def __init__(self, n_mels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_mels)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to (batch, 1, n_mels, frames)."""
        normed: Tensor = self.norm(log_mel)
        return normed.unsqueeze(1)


class StridedConv(nn.Conv2d):
    """A convolution with strides; along an axis of which a stride leaves one point, it is computed without the stride
    and cut to that point.

    There PyTorch's bfloat16 kernels for the CPU return gradients of uninitialised memory (seen with 2.14; on
    processors with AMX along axes of two points, too).
    """

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) to the map of an ordinary convolution."""
        sizes, strides = x.shape[-2:], self.stride
        taken = tuple(1 if size <= step else step for size, step in zip(sizes, strides, strict=True))
        found = F.conv2d(x, self.weight, self.bias, taken, self.padding, self.dilation, self.groups)
        rows, columns = (1 if size <= step else None for size, step in zip(sizes, strides, strict=True))
        return found[..., :rows, :columns]


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Make a square convolution that keeps the map's size; it has no bias, because a normalisation follows.

    Args:
        inputs: number of input channels.
        outputs: number of output channels.
        kernel: odd height and width of the kernel.
    """
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


def halve() -> nn.MaxPool2d:
    """Make a max-pooling by two on both axes; an odd row or column is kept, so that one frame never becomes none."""
    return nn.MaxPool2d(2, ceil_mode=True)


def conv_block(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """Make a convolution with normalisation, whose map is then halved and rectified.

    It is rectified last: the maximum of four rectified values is the rectified maximum, for a quarter of the work.

    Args:
        inputs: number of input channels.
        outputs: number of output channels.
        kernel: odd height and width of the kernel.
    """
    return nn.Sequential(convolution(inputs, outputs, kernel), nn.BatchNorm2d(outputs), halve(), nn.ReLU())


def pool_mean_max(maps: Tensor) -> Tensor:
    """Pool (batch, channels, mels, frames) to (batch, 2 * channels): mean and maximum over time and frequency.

    The mean tells what a stretch of music is like on the whole, the maximum that something occurred in it.
    """
    flat = maps.flatten(2)
    return torch.cat([flat.mean(2), flat.amax(2)], dim=1)
