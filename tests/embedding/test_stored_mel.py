"""A model analyses one of MTG-Jamendo's spectrograms as it does the audio that it was made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import AudioError, ConfigError
from moodrec.model.checkpoint import save_model
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.model.stored_mel import AUDIO
from tests.model.published_mel import published_mel
from tests.small_model import small_network, small_spec


def spec() -> ModelSpec:
    return small_spec().model_copy(update={"audio": AUDIO})


@pytest.fixture
def model(tmp_path: Path) -> MoodModel:
    torch.manual_seed(0)
    save_model(tmp_path / "model", MoodNetwork(AUDIO, spec().network, spec().heads), spec(), graph=False)
    return MoodModel.load(tmp_path / "model", "cpu")


def write_both(folder: Path, seconds: float) -> tuple[Path, Path]:
    """One sound as audio and as a spectrogram: a pitch that rises and falls, far below 6 kHz."""
    time = np.arange(int(12_000 * seconds)) / 12_000
    wave = (0.3 * np.sin(2 * np.pi * (600 * time + 50 * np.sin(2 * time)))).astype(np.float32)
    soundfile.write(folder / "a.wav", wave, 12_000, "FLOAT")
    np.save(folder / "a.npy", published_mel(wave, 12_000))
    return folder / "a.wav", folder / "a.npy"


@pytest.mark.parametrize("seconds", [1.2, 2.0, 30.0])
def test_same_moods_either_way(model: MoodModel, tmp_path: Path, seconds: float) -> None:
    audio, mel = write_both(tmp_path, seconds)
    decoded, read = model.analyze(audio), model.analyze(mel)
    assert decoded.embedding @ read.embedding > 0.997
    np.testing.assert_allclose(read.probabilities, decoded.probabilities, atol=5e-4)
    np.testing.assert_allclose(model.predict_targets(mel), model.predict_targets(audio), atol=5e-4)


def test_what_is_no_spectrogram_is_refused(model: MoodModel, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 3)))
    with pytest.raises(AudioError, match=r"should be \(96, frames\)"):
        model.analyze(tmp_path / "a.npy")


def test_a_model_of_other_settings_refuses(tmp_path: Path) -> None:
    save_model(tmp_path / "model", small_network(), small_spec(), graph=False)
    with pytest.raises(ConfigError, match="need sample_rate = 12000"):
        MoodModel.load(tmp_path / "model", "cpu").analyze(write_both(tmp_path, 1)[1])
