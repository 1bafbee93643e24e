"""Convolution with filters nearly as tall as the spectrogram, of which only the maximum over frequency is kept.

Sliding a filter over frequency costs as many products per position as it is tall. By the convolution theorem the
same responses come from products of spectra along frequency: one per bin, and a small matrix that transforms back.
For MusiCNN's timbral filters, 38 and 67 of 96 bands tall, that takes half the time on a CPU, and the difference is
rounding.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

_TALL: Final = 16
"""Height in bands from which on the transform pays."""
_FRAMES: Final = 16
"""Frames computed at a time, so that the intermediate products stay in the cache."""


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
    n_mels, height = mel.shape[2], filters.shape[2]
    spectra, products = _spectra(mel[:, 0], filters.shape[3]), _products(filters[:, 0], n_mels)
    back = _inverse(n_mels, mel)[: n_mels - height + 1]
    parts = [_highest(part, products, back) for part in torch.split(spectra, _FRAMES, 2)]
    return torch.cat(parts, 1).transpose(1, 2)


def _spectra(mel: Tensor, length: int) -> Tensor:
    """Transform (batch, n_mels, frames + length - 1) to (2 * bins, batch, frames, 2 * length).

    The real and the imaginary part of each bin's product are computed from them: ``length`` real parts, then as
    many imaginary ones.
    """
    spectrum = torch.fft.rfft(mel, dim=1)
    parts = torch.stack([spectrum.real, spectrum.imag], 3).unfold(2, length, 1)
    return parts.permute(1, 0, 2, 3, 4).flatten(3).repeat_interleave(2, 0)


def _products(filters: Tensor, n_mels: int) -> Tensor:
    """Transform filters (n_filters, height, length) to the factors (2 * bins, 2 * length, n_filters) of
    ``_spectra``.

    ``(a + bi)(c - di) = (ac + bd) + (bc - ad)i``: correlation takes the filter's conjugate.
    """
    spectrum = torch.fft.rfft(filters, n=n_mels, dim=1).permute(1, 2, 0)
    real = torch.cat([spectrum.real, spectrum.imag], 1)
    imaginary = torch.cat([-spectrum.imag, spectrum.real], 1)
    return torch.stack([real, imaginary], 1).flatten(0, 1)


def _inverse(n_mels: int, like: Tensor) -> Tensor:
    """Make the inverse transform as a matrix (n_mels, 2 * bins) on real and imaginary parts in turn."""
    unit = torch.eye(n_mels // 2 + 1, dtype=like.dtype, device=like.device)
    zero = torch.zeros_like(unit)
    columns = [
        torch.fft.irfft(torch.complex(*part), n=n_mels, dim=0) for part in ((unit, zero), (zero, unit))
    ]
    return torch.stack(columns, 2).flatten(1)


def _highest(spectra: Tensor, products: Tensor, back: Tensor) -> Tensor:
    """Multiply (2 * bins, batch, frames, 2 * length), transform back and take the maximum: (batch, frames,
    n_filters).
    """
    found = torch.bmm(spectra.flatten(1, 2), products)
    highest = (back @ found.flatten(1)).amax(0)
    return highest.view(*spectra.shape[1:3], products.shape[2])
