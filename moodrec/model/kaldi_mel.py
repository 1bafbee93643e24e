"""The log-mel spectrogram of the MobileNetV3 networks trained on AudioSet, computed at any sample rate.

Schmid, Koutini & Widmer (arXiv 2211.04772) compute it from music at 32 kHz: pre-emphasis ``y[t] = x[t + 1] - .97
x[t]``, a Hann window of 25 ms every 10 ms, the power of an FFT of 1,024 points, 128 triangular mel bands as in Kaldi,
up to 15 kHz, and ``(ln(power + 1e-5) + 4.5) / 5``.

Music at 16 kHz needs no upsampling for that. An FFT of 512 points has the same distance between its bins; the window
holds half the samples, so that power is a quarter; and pre-emphasis multiplies the power at each frequency by a
known factor, which goes into the mel bank. The bands above 8 kHz are empty, as they are for upsampled music. On music
the two spectrograms have a cosine of .994 to .998, because the original windows after pre-emphasis and not before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from moodrec.config import AudioConfig
from moodrec.model.stft import power_spectrum

_ORIGINAL_RATE: Final = 32_000
_PRE_EMPHASIS: Final = 0.97
_FLOOR: Final = 1e-5
_SHIFT: Final = 4.5
_SCALE: Final = 5.0


class KaldiLogMel(nn.Module):
    """``(ln(mel + 1e-5) + 4.5) / 5`` of the mel power that the same music has at 32 kHz; see the module's text.

    Silence maps to -1.4. The window is symmetric, and the ends are padded by reflection.
    """

    mel: Tensor
    window: Tensor

    def __init__(self, config: AudioConfig) -> None:
        super().__init__()
        self.n_fft, self.hop_length = config.n_fft, config.hop_length
        length = config.win_length or config.n_fft
        self.register_buffer("window", torch.hann_window(length, periodic=False), persistent=False)
        bank = mel_bank(config) * power_factors(config)
        self.register_buffer("mel", torch.from_numpy(bank.astype(np.float32)), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """(..., samples) float32 in [-1, 1] to (..., n_mels, 1 + samples // hop_length) float32."""
        power = power_spectrum(waveform, self.window, self.n_fft, self.hop_length)
        return (torch.log(self.mel @ power + _FLOOR) + _SHIFT) / _SCALE


def bin_frequencies(config: AudioConfig) -> NDArray[np.float64]:
    """(n_fft // 2 + 1,) frequencies of the FFT's bins, Hz."""
    bins = np.arange(config.n_fft // 2 + 1, dtype=np.float64)
    return np.asarray(bins * config.sample_rate / config.n_fft, np.float64)


def mel_bank(config: AudioConfig) -> NDArray[np.float64]:
    """(n_mels, n_fft // 2 + 1) triangles that rise to 1 and fall to 0 along ``1127 ln(1 + f / 700)``.

    Their corners are evenly spaced from ``f_min`` to ``f_max``, which may lie above half the sample rate: the bands
    up there are empty.
    """
    corners = np.linspace(_mel(np.array(config.f_min)), _mel(np.array(config.f_max)), config.n_mels + 2)
    left, centre, right = (part[:, None] for part in (corners[:-2], corners[1:-1], corners[2:]))
    place = _mel(bin_frequencies(config))[None]
    rising, falling = (place - left) / (centre - left), (right - place) / (right - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float64)


def power_factors(config: AudioConfig) -> NDArray[np.float64]:
    """(n_fft // 2 + 1,) by how much each bin's power at 32 kHz, after pre-emphasis, exceeds what is measured here."""
    turn = 2 * np.pi * bin_frequencies(config) / _ORIGINAL_RATE
    emphasis = 1 + _PRE_EMPHASIS**2 - 2 * _PRE_EMPHASIS * np.cos(turn)
    return np.asarray(emphasis * (_ORIGINAL_RATE / config.sample_rate) ** 2, np.float64)


def _mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(frequency / 700.0), np.float64)
