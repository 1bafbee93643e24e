"""MTG-Jamendo's own mel spectrograms are converted to what :class:`LogMel` gives for the same 12 kHz waveform.

The dataset publishes them as ``NN/<id>.npy``, (96, frames) float32, made with Essentia: 12 kHz, Hann windows of 512
samples every 256, centred, power, 96 Slaney bands of unit area from 0 to 6 kHz, and of each band ``20 * log10``,
with silence at -200. That is twice the decibels of a power, but loses nothing.

Two differences remain: the first and last frame (Essentia pads with zeros, LogMel by reflection) and the resampling
to 12 kHz, which here is a linear interpolation that aliases frequencies above 6 kHz into the bands. See
``docs/jamendo.md``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.windows import window_starts
from moodrec.config import AudioConfig, WindowConfig
from moodrec.errors import AudioError, ConfigError
from moodrec.files.npy import UNREADABLE
from moodrec.typing import Float32Array

SUFFIX: Final = ".npy"
AUDIO: Final = AudioConfig(sample_rate=12_000, n_fft=512, hop_length=256, n_mels=96, f_min=0.0, f_max=6_000.0)
"""The settings that the published spectrograms were made with."""
COMPRESSION: Final = 10_000.0
"""Factor of the mel power before the logarithm, in ``slaney`` spectrograms: ``log10(1 + 10000 * power)``."""
CAUTION: Final = (
    "trained on MTG-Jamendo's mel spectrograms, whose resampling folds high frequencies into the bands: the "
    "model's figures hold on such spectrograms; those of audio files are slightly different (docs/jamendo.md)"
)
_SCALE: Final = 20.0
_LOUDEST: Final = 200.0
"""Greatest plausible value: full scale stays below 100 on this scale, so more means another kind of array."""


def is_stored_mel(path: Path | str) -> bool:
    """Say whether a track is given as a spectrogram rather than as audio."""
    return Path(path).suffix == SUFFIX


def check_settings(config: AudioConfig) -> None:
    """Refuse settings other than those of the published spectrograms.

    Raises:
        ConfigError: they differ; the message says what to write in a recipe.
    """
    theirs = AUDIO.model_dump()
    if config.model_dump() != theirs:
        settings = ", ".join(f"{name} = {value}" for name, value in theirs.items())
        raise ConfigError(f"[audio]: MTG-Jamendo's mel spectrograms need {settings}")


def read_stored_mel(path: Path) -> Float32Array:
    """Read one of the published spectrograms.

    Returns:
        (96, frames) float32, ``log10(1 + 10000 * mel)`` as :class:`LogMel` gives it.

    Raises:
        AudioError: the file cannot be read, or holds something else.
    """
    if path.exists() and not path.is_file():
        raise AudioError(f"{path}: is no regular file", "not_a_file")
    try:
        stored = np.load(path, allow_pickle=False)
    except (*UNREADABLE, OSError) as error:
        raise AudioError(f"{path}: cannot be read as a spectrogram ({error})") from error
    _check(path, stored)
    power = np.power(10.0, stored / _SCALE, dtype=np.float32)
    return np.asarray(np.log1p(COMPRESSION * power) / math.log(10), np.float32)


def window_frames(audio: AudioConfig, windows: WindowConfig) -> int:
    """Compute the length of a window, in frames of the spectrogram.

    Args:
        audio: has the sample rate and the hop length.
        windows: has the length of a window in seconds.
    """
    return math.ceil(windows.window_s * audio.sample_rate / audio.hop_length)


def log_mel_windows(log_mel: NDArray[np.floating], audio: AudioConfig, windows: WindowConfig) -> Float32Array:
    """Cut a track's spectrogram into windows by the rule for waveforms.

    Args:
        log_mel: (n_mels, frames).
        audio: settings that it was computed with.
        windows: the rule.

    Returns:
        (windows, n_mels, window frames) float32.
    """
    frames = window_frames(audio, windows)
    repeats = math.ceil(frames / log_mel.shape[1])
    whole = np.tile(log_mel, repeats)[:, :frames] if repeats > 1 else log_mel
    starts = window_starts(whole.shape[1], frames, windows.max_windows)
    return np.stack([whole[:, start : start + frames] for start in starts]).astype(np.float32, copy=False)


def _check(path: Path, stored: object) -> None:
    if not isinstance(stored, np.ndarray) or not np.issubdtype(stored.dtype, np.floating):
        raise AudioError(f"{path}: is no array of floating-point numbers", "not_a_mel")
    if stored.ndim != 2 or stored.shape[0] != AUDIO.n_mels or not stored.shape[1]:
        raise AudioError(f"{path}: should be ({AUDIO.n_mels}, frames), not {stored.shape}", "not_a_mel")
    if not np.isfinite(stored).all() or stored.max() > _LOUDEST:
        raise AudioError(f"{path}: holds values that no level has: NaN, infinite or too large", "not_a_mel")
