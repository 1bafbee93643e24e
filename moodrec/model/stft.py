"""The power spectrum of a waveform: by PyTorch's Fourier transform, and in an ONNX graph by a strided convolution.

The convolution's kernels are the windowed cosines and sines of every bin. That is the same sum of products, computed
without the shortcut of a fast transform: the results differ by rounding.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def power_spectrum(waveform: Tensor, window: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Compute the power of every bin in centred frames, with reflection at the ends.

    Args:
        waveform: (..., samples), ``samples > n_fft // 2``.
        window: (length,) a window for the middle of each frame, ``length <= n_fft``.
        n_fft: samples in a frame.
        hop_length: samples between the starts of two frames.

    Returns:
        (..., n_fft // 2 + 1, 1 + samples // hop_length).
    """
    compute = _by_convolution if torch.onnx.is_in_onnx_export() else _by_transform
    if waveform.dim() == 2:  # what is traced stays free of sizes, so that a graph takes any number of windows
        return compute(waveform, window, n_fft, hop_length)
    power = compute(waveform.reshape(-1, waveform.shape[-1]), window, n_fft, hop_length)
    return power.reshape(*waveform.shape[:-1], *power.shape[-2:])


def _by_transform(waveform: Tensor, window: Tensor, n_fft: int, hop_length: int) -> Tensor:
    spectrum = torch.stft(waveform, n_fft, hop_length, len(window), window, center=True, return_complex=True)
    return spectrum.real.square() + spectrum.imag.square()


def _by_convolution(waveform: Tensor, window: Tensor, n_fft: int, hop_length: int) -> Tensor:
    shape = window.numpy().astype(np.float64)
    before = (n_fft - len(shape)) // 2
    # Both the kernels and the samples leave out where the window is zero, before and behind it.
    times = 2 * np.pi * (before + np.arange(len(shape))) / n_fft
    angles = np.outer(np.arange(n_fft // 2 + 1), times)
    kernels = np.concatenate([np.cos(angles) * shape, np.sin(angles) * shape]).astype(np.float32)
    padded = F.pad(waveform[:, None], (n_fft // 2, n_fft // 2), "reflect")[..., before:]
    frames = 1 + int(waveform.shape[-1]) // hop_length
    needed = (frames - 1) * hop_length + len(shape)
    parts = F.conv1d(padded[..., :needed], torch.from_numpy(kernels)[:, None], stride=hop_length)
    real, imaginary = parts.chunk(2, 1)
    return real.square() + imaginary.square()
