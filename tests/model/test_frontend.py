"""LogMel against librosa and against physics."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from moodrec.config import AudioConfig
from moodrec.model.frontend import LogMel

CONFIG = AudioConfig()


def tone(frequency: float, seconds: float = 1.0, amplitude: float = 0.5) -> torch.Tensor:
    time = torch.arange(int(seconds * CONFIG.sample_rate)) / CONFIG.sample_rate
    return amplitude * torch.sin(2 * torch.pi * frequency * time)


def test_agrees_with_librosa() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000).astype(np.float32)
    mel = librosa.feature.melspectrogram(
        y=noise,
        sr=CONFIG.sample_rate,
        n_fft=CONFIG.n_fft,
        hop_length=CONFIG.hop_length,
        n_mels=CONFIG.n_mels,
        fmin=CONFIG.f_min,
        fmax=CONFIG.f_max,
        pad_mode="reflect",
    )
    ours = LogMel(CONFIG)(torch.from_numpy(noise)).numpy()
    np.testing.assert_allclose(ours, np.log10(1 + 10_000 * mel), atol=2e-4)


def test_silence_is_zero() -> None:
    assert not LogMel(CONFIG)(torch.zeros(16_000)).any()


@pytest.mark.parametrize("frequency", [220.0, 1000.0, 4000.0])
def test_a_tone_peaks_in_the_band_around_it(frequency: float) -> None:
    centres = librosa.mel_frequencies(CONFIG.n_mels + 2, fmin=CONFIG.f_min, fmax=CONFIG.f_max)[1:-1]
    loudest = LogMel(CONFIG)(tone(frequency)).mean(-1).argmax().item()
    nearest = np.abs(centres - frequency).argmin()
    assert abs(loudest - nearest) <= 1


@pytest.mark.parametrize("samples", [16_000, 16_001, 80_000])
def test_number_of_frames(samples: int) -> None:
    assert LogMel(CONFIG)(torch.zeros(3, samples)).shape == (
        3,
        CONFIG.n_mels,
        1 + samples // CONFIG.hop_length,
    )


def test_louder_is_never_quieter() -> None:
    front = LogMel(CONFIG)
    assert (front(tone(440, amplitude=0.8)) >= front(tone(440, amplitude=0.1)) - 1e-6).all()


def test_settings_of_before_are_written_as_before() -> None:
    assert set(CONFIG.model_dump()) == {"sample_rate", "n_fft", "hop_length", "n_mels", "f_min", "f_max"}
    changed = CONFIG.model_copy(update={"mel": "kaldi", "win_length": 400})
    assert AudioConfig.model_validate_json(changed.model_dump_json()) == changed


def test_a_shorter_window_leaves_the_number_of_frames() -> None:
    short = AudioConfig(win_length=400)
    assert LogMel(short)(tone(440)).shape == LogMel(CONFIG)(tone(440)).shape
    assert not torch.allclose(LogMel(short)(tone(440)), LogMel(CONFIG)(tone(440)), atol=1e-3)
