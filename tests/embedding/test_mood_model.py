"""MoodModel: every step of the ladder gives the same answer, and bad sound has a clear one.

Tests the inside of moodrec.embedding.mood_model on purpose.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.embedding.track_moods import TrackMoods
from moodrec.errors import AudioError, SilentAudioError, UsageError
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.model.inference import mean_features, read_features
from tests.small_model import small_network, small_spec

RATE = 16_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MoodModel:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_network(), small_spec())
    return MoodModel.load(folder, device="cpu")


def noise(seconds: float, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, int(seconds * rate)).astype(np.float32)


def assert_same(a: TrackMoods, b: TrackMoods) -> None:
    np.testing.assert_array_equal(a.embedding, b.embedding)
    np.testing.assert_array_equal(a.mood_scores, b.mood_scores)
    np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_shapes_types_and_ranges(model: MoodModel) -> None:
    moods = model.analyze_waveform(noise(5), RATE)
    assert moods.embedding.shape == (model.embedding_dim,)
    assert moods.embedding.dtype == np.float32
    assert np.linalg.norm(moods.embedding) == pytest.approx(1, abs=1e-6)
    for values in (moods.mood_scores, moods.probabilities):
        assert values.shape == (len(model.moods),)
        assert ((values >= 0) & (values <= 1)).all()


def test_file_and_waveform_agree(model: MoodModel, tmp_path: Path) -> None:
    samples = noise(7)
    soundfile.write(tmp_path / "noise.wav", samples, RATE, subtype="FLOAT")
    assert_same(model.analyze(tmp_path / "noise.wav"), model.analyze_waveform(samples, RATE))


def test_the_embedding_alone(model: MoodModel) -> None:
    np.testing.assert_array_equal(
        model.embed(noise(5), RATE), model.analyze_waveform(noise(5), RATE).embedding
    )


def test_channels_are_averaged(model: MoodModel) -> None:
    left, right = noise(4), np.zeros(4 * RATE, np.float32)
    assert_same(model.analyze_waveform(np.stack([left, right]), RATE), model.analyze_waveform(left / 2, RATE))


def test_the_sample_rate_hardly_matters(model: MoodModel) -> None:
    time = np.arange(6 * 48_000) / 48_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * 1330 * time)).astype(np.float32)
    high, low = model.embed(tone, 48_000), model.embed(tone[::3], 16_000)
    assert high @ low > 0.999


def test_the_whole_track_counts(model: MoodModel) -> None:
    start, end = noise(20), noise(20)
    end[15 * RATE :] = np.sin(np.arange(5 * RATE) * 0.3) * 0.3
    assert model.embed(start, RATE) @ model.embed(end, RATE) < 0.9999


def test_silent_windows_are_left_out(model: MoodModel) -> None:
    sound = noise(2)
    silence = np.zeros(2 * RATE, np.float32)
    with_gap = np.concatenate([sound, silence, sound, silence])
    np.testing.assert_allclose(model.embed(with_gap, RATE), model.embed(np.tile(sound, 2), RATE), atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_has_no_embedding(model: MoodModel, level: float) -> None:
    with pytest.raises(SilentAudioError):
        model.embed(level * noise(3), RATE)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_samples_are_refused(model: MoodModel, bad: float) -> None:
    samples = noise(3)
    samples[100] = bad
    with pytest.raises(AudioError, match="NaN or infinite"):
        model.embed(samples, RATE)


@pytest.mark.parametrize(
    ("samples", "rate", "says"),
    [
        (np.full(9000, 99), RATE, "floating point"),
        (np.zeros((9000, 2), np.float32), RATE, "transposed"),
        (np.zeros(9000, np.float32), 0, "Hz"),
    ],
)
def test_misread_arrays_are_refused(model: MoodModel, samples: np.ndarray, rate: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        model.embed(samples, rate)


def test_an_empty_waveform_is_refused(model: MoodModel) -> None:
    with pytest.raises(AudioError, match="samples"):
        model.embed(np.zeros(0, np.float32), RATE)


def test_windows_of_the_wrong_length_are_refused(model: MoodModel) -> None:
    with pytest.raises(UsageError, match=str(model.window_samples)):
        model.analyze_windows(np.zeros((2, 100), np.float32))


def test_the_callers_array_is_untouched(model: MoodModel) -> None:
    samples = noise(3)
    before = samples.copy()
    model.embed(samples, RATE)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.gpu
def test_cuda_agrees_with_cpu(model: MoodModel) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    on_gpu = MoodModel.load(device="cuda").embed(noise(6), RATE)
    np.testing.assert_allclose(on_gpu, MoodModel.load(device="cpu").embed(noise(6), RATE), atol=1e-3)


def test_windows_in_parts_give_the_embedding_of_all_at_once() -> None:
    network = load_model(PACKAGED_MODEL).network
    log_mels = torch.rand(5, 96, 188, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = network.embed(log_mels).mean(0)
    found = read_features(network, mean_features(network, log_mels))
    np.testing.assert_allclose(found.embedding, whole.numpy(), atol=1e-5)


def test_a_model_shows_its_moods(tmp_path: Path) -> None:
    save_model(tmp_path, small_network(), small_spec())
    model = MoodModel.load(tmp_path, device="cpu")
    html = model._repr_html_()
    assert model.fingerprint in html
    assert all(mood in html for mood in model.moods)


@pytest.fixture(scope="module")
def levelling(tmp_path_factory: pytest.TempPathFactory) -> MoodModel:
    folder = tmp_path_factory.mktemp("levelling")
    spec = small_spec()
    audio = spec.audio.model_copy(update={"loudness_lufs": -16.0, "quiet_lu": 30.0})
    save_model(folder, small_network(), spec.model_copy(update={"audio": audio}))
    return MoodModel.load(folder, device="cpu")


@pytest.mark.parametrize("gain", [-20.0, 6.0])
def test_a_model_that_levels_does_not_know_gain(levelling: MoodModel, model: MoodModel, gain: float) -> None:
    plain, factor = noise(12), np.float32(10 ** (gain / 20))
    assert levelling.embed(plain, RATE) @ levelling.embed(factor * plain, RATE) > 0.99999
    assert model.embed(plain, RATE) @ model.embed(factor * plain, RATE) < 0.99999


def test_a_model_that_levels_does_not_know_silence(levelling: MoodModel, model: MoodModel) -> None:
    music = noise(30) * np.sin(np.arange(30 * RATE) / RATE).astype(np.float32)
    hiss = np.float32(10 ** (-65 / 20)) * np.random.default_rng(1).standard_normal(600 * RATE)
    padded = np.concatenate([music, hiss.astype(np.float32)])
    assert levelling.embed(music, RATE) @ levelling.embed(padded, RATE) > 0.98


def test_files_are_levelled_too(levelling: MoodModel, tmp_path: Path) -> None:
    samples = np.concatenate([noise(7), np.zeros(9 * RATE, np.float32)])
    soundfile.write(tmp_path / "noise.wav", samples, RATE, subtype="FLOAT")
    assert_same(levelling.analyze(tmp_path / "noise.wav"), levelling.analyze_waveform(samples, RATE))


def test_a_silent_track_is_silent_at_any_level(levelling: MoodModel) -> None:
    with pytest.raises(SilentAudioError):
        levelling.analyze_waveform(np.zeros(5 * RATE, np.float32), RATE)


@pytest.mark.parametrize(("samples", "rate"), [(1, 44_100), (5, 192_000)])
def test_sound_shorter_than_a_sample_of_the_model_is_told(
    levelling: MoodModel, tmp_path: Path, samples: int, rate: int
) -> None:
    """Resampled, nothing is left of it."""
    sound = noise(1)[:samples]
    soundfile.write(tmp_path / "click.wav", sound, rate, subtype="FLOAT")
    with pytest.raises(AudioError, match="too short") as of_waveform:
        levelling.analyze_waveform(sound, rate)
    with pytest.raises(AudioError, match=r"click.wav.*too short") as of_file:
        levelling.analyze(tmp_path / "click.wav")
    assert of_waveform.value.reason == of_file.value.reason == "empty"


@pytest.mark.parametrize("rate", ["16000", 2.5, None, float("nan"), 0, -1, True, 1 << 62, 10**400])
def test_a_sample_rate_is_a_whole_number(model: MoodModel, rate: Any) -> None:
    with pytest.raises(UsageError, match="sample_rate"):
        model.analyze_waveform(np.zeros(16_000, np.float32), rate)


@pytest.mark.parametrize("waveform", [[0.0] * 100, "sound", None, 3])
def test_a_waveform_is_an_array(model: MoodModel, waveform: Any) -> None:
    with pytest.raises(UsageError, match="NumPy array"):
        model.analyze_waveform(waveform, 16_000)
    with pytest.raises(UsageError, match="NumPy array"):
        model.analyze_windows(waveform)
