"""MTG-Jamendo's mel spectrograms as the dataset describes them, in librosa: independent of the package."""

from __future__ import annotations

import librosa
import numpy as np


def resample_linearly(waveform: np.ndarray, sample_rate: int, to: int = 12_000) -> np.ndarray:
    """The dataset's fast resampling: straight lines between samples, no low-pass filter."""
    times = np.arange(int(len(waveform) * to / sample_rate)) * sample_rate / to
    return np.interp(times, np.arange(len(waveform)), waveform).astype(np.float32)


def published_mel(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """(samples,) in [-1, 1] to (96, frames) float32: ``20 * log10`` of mel power, -200 for silence."""
    sound = resample_linearly(waveform, sample_rate)
    power = librosa.feature.melspectrogram(
        y=sound, sr=12_000, n_fft=512, hop_length=256, n_mels=96, fmin=0, fmax=6_000, pad_mode="constant"
    )
    return (20 * np.log10(np.maximum(power, 1e-10))).astype(np.float32)
