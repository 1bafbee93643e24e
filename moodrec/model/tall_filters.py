"""Convolution with filters nearly as tall as the spectrogram, of which only the maximum over frequency is kept.

Sliding a filter over frequency costs as many products per position as it is tall. By the convolution theorem the
same responses come from products of spectra along frequency: one per bin, and a small matrix that transforms back.
If positions are counted from the middle one, those at equal distances above and below it share their products: the
cosines of the transform add the same to both, and the sines add to one what they take from the other. The larger of
the two is the sum of cosines plus the absolute sum of sines. For MusiCNN's timbral filters, 38 and 67 of 96 bands
tall, all this takes less than half the time on a CPU, and the difference is rounding.

Transforms along frequency are products with small matrices, because the bands are few, and because ONNX has these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_TALL: Final = 16
"""Height in bands from which on the transform pays."""
_FRAMES: Final = 16
"""Frames computed at a time, so that the intermediate products stay in the cache."""


class _Transforms(NamedTuple):
    """The matrices for one number of bands and one height.

    Bins are those of a real transform, ``n_mels // 2 + 1``.
    """

    bands: NDArray[np.float32]
    """(2 * bins, n_mels): from bands to the real and the imaginary part of each bin in turn."""
    filter_real: NDArray[np.float32]
    """(bins, height): from filters to the real part of the conjugate spectrum, turned to the middle position."""
    filter_imaginary: NDArray[np.float32]
    """(bins, height): the same for the imaginary part."""
    cosines: NDArray[np.float32]
    """(distances, bins): from real parts to what both positions at a distance from the middle have in common."""
    sines: NDArray[np.float32]
    """(distances, bins): from imaginary parts to what one of the two has more and the other less."""


def highest_response(mel: Tensor, filters: Tensor) -> Tensor:
    """Compute ``max over p of sum over i, j of mel[p + i, t + j] * filter[i, j]``, as convolution layers write it.

    Args:
        mel: (batch, 1, n_mels, frames + length - 1).
        filters: (n_filters, 1, height, length), ``height <= n_mels``.

    Returns:
        (batch, n_filters, frames).
    """
    # The transform pays on a CPU in single precision alone: GPUs and bfloat16 have fast convolutions.
    low_precision = torch.is_autocast_enabled(mel.device.type)
    if filters.shape[2] < _TALL or mel.device.type != "cpu" or low_precision:
        return F.conv2d(mel, filters).amax(2)
    n_filters, _, height, length = map(int, filters.shape)
    matrices = _transforms(int(mel.shape[2]), height)
    spectra = _spectra(mel[:, 0], length, matrices)
    real, imaginary = _products(filters[:, 0], matrices)
    cosines, sines = (torch.from_numpy(matrix).to(mel) for matrix in (matrices.cosines, matrices.sines))
    parts = []
    for start in range(0, int(spectra.shape[2]), _FRAMES):
        part = spectra[:, :, start : start + _FRAMES]
        flat = (-1, part.shape[1], part.shape[2] * n_filters)
        even = cosines @ (part @ real).reshape(flat)
        odd = sines @ (part @ imaginary).reshape(flat)
        parts.append((even + odd.abs()).amax(1).view(-1, part.shape[2], n_filters))
    return torch.cat(parts, 1).transpose(1, 2)


@lru_cache(maxsize=32)
def _transforms(n_mels: int, height: int) -> _Transforms:
    """Make the matrices for so many bands and filters of such a height."""
    bins, positions = np.arange(n_mels // 2 + 1), n_mels - height + 1
    turn = 2 * np.pi / n_mels
    angles = turn * np.outer(bins, np.arange(n_mels))
    bands = np.stack([np.cos(angles), -np.sin(angles)], 1).reshape(-1, n_mels)
    middle = (positions - 1) / 2
    turned = turn * np.outer(bins, np.arange(height) + middle)
    # Every bin but the first and, where the number of bands is even, the last stands for two of the full transform.
    weights = np.where((bins == 0) | (2 * bins == n_mels), 1.0, 2.0) / n_mels
    distances = np.arange(positions - 1, -1, -2) / 2
    back = turn * np.outer(distances, bins)
    made = (bands, np.cos(turned), np.sin(turned), np.cos(back) * weights, np.sin(back) * weights)
    return _Transforms(*(matrix.astype(np.float32) for matrix in made))


def _spectra(mel: Tensor, length: int, matrices: _Transforms) -> Tensor:
    """Transform (batch, n_mels, frames + length - 1) to (batch, bins, frames, 2 * length).

    The products are computed from them: ``length`` real parts, then as many imaginary ones.
    """
    bands = torch.from_numpy(matrices.bands).to(mel)
    width = int(mel.shape[2])
    frames = width - length + 1
    spectrum = (bands @ mel).view(-1, bands.shape[0] // 2, 2, width)
    shifted = torch.stack([spectrum[..., place : place + frames] for place in range(length)], 3)
    return shifted.view(-1, bands.shape[0] // 2, 2 * length, frames).transpose(2, 3)


def _products(filters: Tensor, matrices: _Transforms) -> tuple[Tensor, Tensor]:
    """Transform filters (n_filters, height, length) to the factors, each (bins, 2 * length, n_filters), of the
    products' real parts and of their imaginary parts.

    ``(a + bi)(c + di) = (ac - bd) + (ad + bc)i``, where ``c + di`` is the conjugate of the filter's spectrum.
    """
    n_filters, height, length = map(int, filters.shape)
    rows = filters.permute(1, 2, 0).reshape(height, length * n_filters)
    parts = (matrices.filter_real, matrices.filter_imaginary)
    real, imaginary = (
        (torch.from_numpy(matrix).to(filters) @ rows).view(-1, length, n_filters) for matrix in parts
    )
    return torch.cat([real, -imaginary], 1), torch.cat([imaginary, real], 1)
