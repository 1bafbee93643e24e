"""Waveforms and files, one or many, of every kind that users hold, and results by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.embedding.track_moods import TrackMoods, TrackMoodsList
from moodrec.errors import AudioError, CorruptStoreError, SilentAudioError, UsageError
from moodrec.model.checkpoint import save_model
from tests.small_model import small_network, small_spec

RATE = 16_000
MONO = np.random.default_rng(0).uniform(-0.3, 0.3, 4 * RATE).astype(np.float32)
STEREO = np.stack([MONO, np.random.default_rng(1).uniform(-0.3, 0.3, 4 * RATE).astype(np.float32)])
WHOLE = (MONO * 32768).round().astype(np.int16)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Without types, which name fewer forms than are taken."""
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_network(), small_spec())
    return MoodModel.load(folder, device="cpu")


def same(a: TrackMoods, b: TrackMoods) -> None:
    np.testing.assert_array_equal(a.embedding, b.embedding)
    np.testing.assert_array_equal(a.mood_scores, b.mood_scores)
    np.testing.assert_array_equal(a.probabilities, b.probabilities)
    assert a.names == b.names


def test_tensors_and_axes_are_the_same_sound(model: Any) -> None:
    mono, stereo = model.analyze_waveform(MONO, RATE), model.analyze_waveform(STEREO, RATE)
    for form in (
        torch.tensor(MONO),
        torch.tensor(MONO, requires_grad=True),
        torch.tensor(MONO)[None],
        MONO[None],
    ):
        same(model.analyze_waveform(form, RATE), mono)
    stereos: list[Any] = [torch.tensor(STEREO), STEREO.astype(np.float64), np.asfortranarray(STEREO)]
    for form in stereos:
        same(model.analyze_waveform(form, RATE), stereo)
        same(model.analyze_waveform(form, RATE, axis=1), stereo)
        same(model.analyze_waveform(form, RATE, axis=-1), stereo)
        same(model.analyze_waveform(form.T, RATE, axis=0), stereo)
    short = STEREO[:, :1]  # as many samples as it likes, when the axis is said
    with pytest.raises(UsageError, match="axis=0 says that time runs along the first axis"):
        model.analyze_waveform(STEREO.T, RATE)
    with pytest.raises(SilentAudioError):
        model.analyze_waveform(np.zeros_like(short), RATE, axis=1)
    for axis in (2, "time", True, 0.0 + 1j):
        with pytest.raises(UsageError, match="axis is"):
            model.analyze_waveform(STEREO, RATE, axis=axis)


def test_integers_are_what_a_decoder_makes_of_them(model: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", WHOLE, RATE, subtype="PCM_16")
    decoded = model.analyze(tmp_path / "sound.wav")
    same(model.analyze_waveform(WHOLE, RATE), decoded)
    same(model.analyze_waveform(torch.tensor(WHOLE), RATE), decoded)
    same(model.analyze_waveform(np.stack([WHOLE, WHOLE], axis=1), RATE, axis=0), decoded)
    same(model.analyze_waveform(WHOLE.astype(np.int32) * 65536, RATE), decoded)
    small = (WHOLE // 256 + 128).astype(np.uint8)
    same(
        model.analyze_waveform(small, RATE),
        model.analyze_waveform((WHOLE // 256).astype(np.float32) / 128, RATE),
    )


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (WHOLE.astype(np.int64), "floating point in .-1, 1., int16, int32 or uint8, not int64"),
        (WHOLE > 0, "not bool"),
        (MONO.astype(complex), "not complex"),
        (WHOLE.astype(np.float32), "reaches 9,8..; floating point lies in .-1, 1.: divide samples"),
        (MONO.tolist(), "not a list: use numpy.asarray"),
        ("song.flac", "text .'song.flac'.: analyze.. takes paths"),
        (pd.Series(MONO), "not Series"),
    ],
)
def test_what_is_not_taken_is_said_in_a_sentence(model: Any, waveform: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model.analyze_waveform(waveform, RATE)


def test_several_waveforms_are_each_by_itself_to_the_last_bit(model: Any) -> None:
    waves = [MONO, STEREO[:, : 3 * RATE], WHOLE[: 2 * RATE]]
    alone = [model.analyze_waveform(wave, RATE) for wave in waves]
    batch = model.analyze_waveform(waves, RATE)
    assert isinstance(batch, TrackMoodsList)
    for one, found in zip(alone, batch, strict=True):
        same(found, one)
    np.testing.assert_array_equal(model.embed(waves, RATE), batch.embeddings)
    equal = model.analyze_waveform(np.stack([STEREO, STEREO[::-1]]), RATE)
    same(equal[0], model.analyze_waveform(STEREO, RATE))
    same(model.analyze_waveform(torch.tensor(STEREO)[None], RATE)[0], equal[0])
    rates = model.analyze_waveform([MONO, MONO], [RATE, 2 * RATE])
    same(rates[1], model.analyze_waveform(MONO, 2 * RATE))
    assert len(model.analyze_waveform([], RATE)) == 0
    with pytest.raises(UsageError, match="holds 1 numbers for 2 waveforms"):
        model.analyze_waveform([MONO, MONO], [RATE])
    with pytest.raises(SilentAudioError, match="waveform 1: the audio is silent"):
        model.analyze_waveform([MONO, np.zeros_like(MONO)], RATE)


def test_several_files(model: Any, tmp_path: Path) -> None:
    paths = [tmp_path / f"{place}.wav" for place in range(3)]
    for place, path in enumerate(paths):
        soundfile.write(path, MONO[place * RATE :], RATE, subtype="FLOAT")
    alone = [model.analyze(path) for path in paths]
    for form in (
        paths,
        tuple(map(str, paths)),
        pd.Series(map(str, paths)),
        np.array(list(map(str, paths))),
        iter(paths),
    ):
        found = model.analyze(form)
        assert found.labels == tuple(map(str, paths))
        for one, track in zip(alone, found, strict=True):
            same(track, one)
    frame = model.analyze(paths).to_pandas()
    assert frame.index.tolist() == list(map(str, paths))
    assert frame.columns.tolist() == list(model.moods)
    np.testing.assert_array_equal(frame.to_numpy(), [track.mood_scores for track in alone])
    assert len(model.analyze([])) == 0
    assert model.analyze([]).to_pandas().shape == (0, len(model.moods))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"text\.wav: "):
        model.analyze([paths[0], tmp_path / "text.wav"])
    for wrong in (3, None, [3], {"a": 1}, b"a.wav"):
        with pytest.raises(UsageError, match="analyze takes"):
            model.analyze(wrong)
    for waveform in (MONO, torch.tensor(MONO)):
        with pytest.raises(UsageError, match=r"analyze_waveform\(samples, sample_rate\) takes waveforms"):
            model.analyze(waveform)


def test_results_by_name(model: Any) -> None:
    found = model.analyze_waveform(MONO, RATE)
    first = model.moods[0]
    assert found[first] == float(found.mood_scores[0])
    assert found.probability(first) == float(found.probabilities[0])
    assert dict(found) == dict(zip(model.moods, found.mood_scores.tolist(), strict=True))
    assert list(found) == list(model.moods)
    assert first in found
    assert "no mood" not in found
    assert len(found) == len(model.moods)
    series = found.to_pandas()
    assert series.index.tolist() == list(model.moods)
    assert series[first] == found.mood_scores[0]
    with pytest.raises(UsageError, match=f"unknown mood '{first}x'; did you mean '{first}'"):
        found[f"{first}x"]
    assert repr(found).startswith("<TrackMoods: ")
    assert f"embedding of {model.embedding_dim}>" in repr(found)
    assert "<table" in found._repr_html_()
    several = model.analyze_waveform([MONO] * 6, RATE)
    assert repr(several).splitlines()[0] == "TrackMoodsList of 6 tracks"
    assert several[1:3].labels == ("1", "2")
    assert len(repr(several).splitlines()) == 6
    assert f"{len(model.moods)} moods, embeddings of {model.embedding_dim}" in repr(model)


def test_a_model_that_computes_zeros_is_told_as_damaged(tmp_path: Path) -> None:
    network = small_network().eval()
    with torch.no_grad():
        network.projection.weight.zero_()
        network.norm.bias.zero_()
    save_model(tmp_path / "model", network, small_spec())
    with pytest.raises(CorruptStoreError, match="an embedding of zeros"):
        MoodModel.load(tmp_path / "model", device="cpu").analyze_waveform(MONO, RATE)
