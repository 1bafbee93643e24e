"""MTG-Jamendo's mel spectrograms as the dataset describes them, in librosa: independent of the package."""

from __future__ import annotations

import librosa
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32] | NDArray[np.float64]


def resample_linearly(waveform: Sound, sample_rate: int, to: int = 12_000) -> NDArray[np.float32]:
    """The dataset's fast resampling: straight lines between samples, no low-pass filter."""
    times = np.arange(int(len(waveform) * to / sample_rate)) * sample_rate / to
    return np.asarray(np.interp(times, np.arange(len(waveform)), waveform), np.float32)


def published_mel(waveform: Sound, sample_rate: int) -> NDArray[np.float32]:
    """(samples,) in [-1, 1] to (96, frames) float32: ``20 * log10`` of mel power, -200 for silence."""
    sound = resample_linearly(waveform, sample_rate)
    power = librosa.feature.melspectrogram(
        y=sound, sr=12_000, n_fft=512, hop_length=256, n_mels=96, fmin=0, fmax=6_000, pad_mode="constant"
    )
    return np.asarray(20 * np.log10(np.maximum(power, 1e-10)), np.float32)
