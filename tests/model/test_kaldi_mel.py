"""The mel bands of AudioSet's MobileNets against Kaldi's, against the original's spectrogram, and against physics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio

from moodrec.audio.decode import decode
from moodrec.config import AudioConfig
from moodrec.data.sources import load_source
from moodrec.model.frontend import build_front_end
from moodrec.model.kaldi_mel import bin_frequencies, mel_bank, power_factors

CONFIG = AudioConfig(
    n_fft=512, win_length=400, hop_length=160, n_mels=128, f_min=0.0, f_max=15_000.0, mel="kaldi"
)
SILENCE = (np.log(1e-5) + 4.5) / 5


def spectrogram(waveform: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = build_front_end(CONFIG)(waveform)
    return found


def tone(frequency: float, amplitude: float = 0.5) -> torch.Tensor:
    return amplitude * torch.sin(2 * torch.pi * frequency * torch.arange(16_000) / 16_000)


def test_the_bank_is_kaldis() -> None:
    theirs, _ = torchaudio.compliance.kaldi.get_mel_banks(
        128, 1024, 32_000.0, 0.0, 15_000.0, 100.0, -500.0, 1.0
    )
    ours = mel_bank(CONFIG.model_copy(update={"sample_rate": 32_000, "n_fft": 1024}))
    np.testing.assert_allclose(ours[:, :-1], theirs.numpy(), atol=2e-4)
    np.testing.assert_allclose(mel_bank(CONFIG), ours[:, :257], atol=1e-12)


def test_pre_emphasis_is_the_difference_filters_response() -> None:
    impulse = np.zeros(64)
    impulse[:2] = 1.0, -0.97
    response = np.abs(np.fft.rfft(impulse, 1024))[:257] ** 2
    np.testing.assert_allclose(power_factors(CONFIG), 4 * response, rtol=1e-9)
    assert bin_frequencies(CONFIG)[-1] == 8000


def test_silence_is_one_constant() -> None:
    np.testing.assert_allclose(spectrogram(torch.zeros(8000)).numpy(), SILENCE, atol=1e-6)


def test_bands_above_half_the_sample_rate_are_empty() -> None:
    log_mel = spectrogram(torch.rand(16_000, generator=torch.Generator().manual_seed(0)) - 0.5).numpy()
    empty = np.asarray(~mel_bank(CONFIG).any(1))
    assert 20 < empty.sum() < 40
    assert empty[-20:].all()
    np.testing.assert_allclose(log_mel[empty], SILENCE, atol=1e-6)
    assert (log_mel[~empty].mean(1) > SILENCE + 1).all()


@pytest.mark.parametrize("frequency", [220.0, 1000.0, 4000.0])
def test_a_tone_peaks_in_the_band_around_it(frequency: float) -> None:
    mel = 1127 * np.log1p(np.array([frequency, 15_000.0]) / 700)
    expected = mel[0] / mel[1] * 129 - 1
    assert abs(int(spectrogram(tone(frequency)).mean(1).argmax()) - expected) <= 1


def test_gain_is_an_offset_where_there_is_power() -> None:
    quiet, loud = spectrogram(tone(1000, 0.05)), spectrogram(tone(1000, 0.5))
    peak = loud.mean(1).argmax()
    np.testing.assert_allclose((loud - quiet)[peak, 5:-5].numpy(), np.log(100) / 5, atol=1e-3)


def test_any_leading_axes_and_the_number_of_frames() -> None:
    waveforms = torch.rand(2, 3, 16_001) - 0.5
    together = spectrogram(waveforms)
    assert together.shape == (2, 3, 128, 101)
    torch.testing.assert_close(spectrogram(waveforms[1, 2]), together[1, 2], atol=1e-5, rtol=1e-5)


def original_log_mel(waveform: torch.Tensor) -> torch.Tensor:
    """The original's recipe, step by step, on (samples,) at 32 kHz."""
    bank = mel_bank(CONFIG.model_copy(update={"sample_rate": 32_000, "n_fft": 1024})).astype(np.float32)
    window = torch.hann_window(800, periodic=False)
    spectrum = torch.stft(waveform[1:] - 0.97 * waveform[:-1], 1024, 320, 800, window, return_complex=True)
    return (torch.log(torch.from_numpy(bank) @ spectrum.abs().square() + 1e-5) + 4.5) / 5


def test_the_originals_recipe_gives_the_originals_spectrogram(shared_data: Path) -> None:
    with np.load(shared_data / "models" / "mn04_reference.npz") as reference:
        waveform, theirs = reference["waveform_32k"].astype(np.float32), reference["log_mel"][0]
    ours = original_log_mel(torch.from_numpy(waveform))[:, : theirs.shape[1]]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-3)


@pytest.mark.parametrize("number", [1, 5, 9])
def test_music_at_16_khz_gives_nearly_the_original_at_32_khz(shared_data: Path, number: int) -> None:
    audio = load_source("emotify", shared_data / "emotify").tracks["audio"][number]
    theirs = original_log_mel(torch.from_numpy(decode(audio, 32_000).samples)).numpy()
    ours = spectrogram(torch.from_numpy(decode(audio, 16_000).samples)).numpy()
    known = mel_bank(CONFIG)[:, :230].any(1) & ~mel_bank(CONFIG)[:, 230:].any(1)
    ours, theirs = ours[known, : theirs.shape[1]], theirs[known]
    cosine = (ours * theirs).sum() / np.sqrt((ours**2).sum() * (theirs**2).sum())
    assert cosine > 0.994
    assert np.abs(ours - theirs).mean() < 0.05
