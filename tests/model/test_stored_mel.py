"""MTG-Jamendo's spectrograms against LogMel: one that Essentia made, and the published settings in librosa."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.audio.windows import cut_windows
from moodrec.config import AudioConfig, WindowConfig
from moodrec.errors import AudioError, ConfigError
from moodrec.model.frontend import LogMel
from moodrec.model.stored_mel import AUDIO, check_settings, is_stored_mel, log_mel_windows, read_stored_mel
from tests.model.published_mel import published_mel

ESSENTIA = Path(__file__).with_name("essentia_chirp.npy")
"""The dataset's script on ``chirp()`` with Essentia 2.1-beta6-dev; docs/jamendo.md has the lines."""


def chirp() -> np.ndarray:
    """Half a second from 50 Hz up, a faint tone below it, and silence at the end: (6000,) float32 at 12 kHz."""
    time = np.arange(6_000) / 12_000
    sweep = 0.3 * np.sin(2 * np.pi * (50 * time + 5_450 * time**2))
    sound = (sweep + 0.01 * np.sin(2 * np.pi * 700 * time)).astype(np.float32)
    sound[4_500:] = 0
    return sound


def log_mels_of(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(LogMel(AUDIO)(torch.from_numpy(waveform)))


def test_what_essentia_made_is_what_log_mel_gives() -> None:
    stored, ours = read_stored_mel(ESSENTIA), log_mels_of(chirp())
    assert ours.std() > 0.5
    inner = np.abs(stored[:, : ours.shape[1]] - ours)[:, 1:-1]
    assert inner.mean() < 2e-3
    assert inner.max() < 0.06


def test_agrees_with_librosa_but_for_the_ends(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24_000).astype(np.float32)
    np.save(tmp_path / "noise.npy", published_mel(noise, AUDIO.sample_rate))
    stored = read_stored_mel(tmp_path / "noise.npy")
    np.testing.assert_allclose(stored[:, 1:-1], log_mels_of(noise)[:, 1:-1], atol=2e-4)


def test_silence_is_zero(tmp_path: Path) -> None:
    np.save(tmp_path / "silence.npy", np.full((96, 5), -200, np.float32))
    assert read_stored_mel(tmp_path / "silence.npy").max() < 1e-5


@pytest.mark.parametrize(
    ("stored", "complaint"),
    [
        (np.zeros((64, 5), np.float32), r"should be \(96, frames\), not \(64, 5\)"),
        (np.zeros((96, 0), np.float32), "should be"),
        (np.zeros(96, np.float32), "should be"),
        (np.zeros((96, 5), np.int64), "floating-point"),
        (np.full((96, 5), np.nan, np.float32), "NaN"),
        (np.full((96, 5), 1e5, np.float32), "too large"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, stored: np.ndarray, complaint: str) -> None:
    np.save(tmp_path / "x.npy", stored)
    with pytest.raises(AudioError, match=complaint):
        read_stored_mel(tmp_path / "x.npy")


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(AudioError, match="cannot be read as a spectrogram"):
        read_stored_mel(tmp_path / "x.npy")


def test_other_settings_are_refused() -> None:
    check_settings(AUDIO)
    with pytest.raises(ConfigError, match="need sample_rate = 12000, n_fft = 512"):
        check_settings(AudioConfig())


def test_the_suffix_says_what_a_file_is() -> None:
    assert is_stored_mel("melspecs/14/214.npy")
    assert not is_stored_mel("audio/14/214.mp3")


@given(seconds=st.floats(0.05, 3), window_s=st.floats(0.1, 1), most=st.integers(1, 4))
def test_windows_are_cut_as_from_waveforms(seconds: float, window_s: float, most: int) -> None:
    """As many windows as of the waveform, all of the asked length, the first and last at the track's ends."""
    frames = max(1, round(seconds * AUDIO.sample_rate / AUDIO.hop_length))
    mel = np.arange(frames, dtype=np.float32)[None].repeat(AUDIO.n_mels, 0)
    windows = log_mel_windows(mel, AUDIO, WindowConfig(window_s=window_s, max_windows=most))
    length = int(np.ceil(window_s * AUDIO.sample_rate / AUDIO.hop_length))
    assert windows.shape[1:] == (AUDIO.n_mels, length)
    np.testing.assert_array_equal(windows[:, 0], cut_windows(mel[0], length, most))
