"""The same file gets the same answer: to the bit, whatever it is analysed beside, in whatever order, by how many."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.catalog.analyze import analyze
from moodrec.embedding.mood_model import MoodModel
from moodrec.embedding.track_moods import TrackMoods
from moodrec.errors import SilentAudioError
from moodrec.library.library import Library
from tests.catalog.corpus import SUFFIXES, write_song

Floats = NDArray[np.float32]
SECONDS = (0.4, 2.0, 6.0, 11.0, 3.0, 1.0)


@pytest.fixture(scope="module")
def model() -> MoodModel:
    return MoodModel.load(device="cpu")


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A song in every format, of several lengths."""
    place = tmp_path_factory.mktemp("songs")
    named = enumerate(zip(SUFFIXES, SECONDS, strict=True))
    return [write_song(place / f"{i}{suffix}", i, seconds) for i, (suffix, seconds) in named]


@pytest.fixture(scope="module")
def alone(model: MoodModel, songs: list[Path]) -> list[TrackMoods]:
    """The embedding of each by itself, without a library."""
    return [model.analyze(song) for song in songs]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(range(6)), min_size=1, max_size=6, unique=True), jobs=st.integers(1, 3))
def test_neighbours_order_and_processes_do_not_matter(
    model: MoodModel, songs: list[Path], alone: list[TrackMoods], order: list[int], jobs: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        music = Path(place) / "music"
        music.mkdir()
        for position, song in enumerate(order):
            shutil.copy(songs[song], music / f"{position}-{song}{songs[song].suffix}")
        with Library.create(Path(place) / "library") as library:
            analyze([music], library, model, jobs=jobs)
            frame, embeddings = library.frame(), library.embeddings()
    found = {int(Path(path).stem.split("-")[1]): row for row, path in enumerate(frame["path"])}
    assert set(found) == set(order)
    for song, row in found.items():
        np.testing.assert_array_equal(embeddings[row], alone[song].embedding)
        np.testing.assert_array_equal(frame[list(model.moods)].to_numpy()[row], alone[song].mood_scores)


def _windows(model: MoodModel, seed: int, count: int, level: float, kind: str) -> Floats:
    rng = np.random.default_rng(seed)
    shape = (count, model.window_samples)
    if kind == "noise":
        return (level * rng.standard_normal(shape)).astype(np.float32)
    if kind == "clicks":
        return (level * (rng.random(shape) < 0.001)).astype(np.float32)
    if kind == "constant":
        return np.full(shape, level, np.float32)
    times = np.arange(model.window_samples) / model.sample_rate
    pitches = rng.uniform(20, 8_000, (count, 1))
    return (level * np.sin(2 * np.pi * pitches * times)).astype(np.float32)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 5),
    level=st.sampled_from([0.0, 1e-30, 1e-6, 1e-4, 0.01, 0.3, 1.0, 30.0, 2.0**31]),
    kind=st.sampled_from(["noise", "tone", "clicks", "constant"]),
)
def test_an_answer_is_finite_and_of_unit_length_or_says_why_there_is_none(
    model: MoodModel, seed: int, count: int, level: float, kind: str
) -> None:
    windows = _windows(model, seed, count, level, kind)
    try:
        found = model.analyze_windows(windows)
    except SilentAudioError:
        assert np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1)).max() < 10 ** (-69.9 / 20)
        return
    assert np.linalg.norm(found.embedding.astype(np.float64)) == pytest.approx(1, abs=1e-5)
    for values in (found.mood_scores, found.probabilities):
        assert np.isfinite(values).all()
        assert ((values >= 0) & (values <= 1)).all()
    again = model.analyze_windows(windows.copy())
    np.testing.assert_array_equal(again.embedding, found.embedding)
    turned = model.analyze_windows(np.ascontiguousarray(windows[::-1]))
    np.testing.assert_allclose(turned.embedding, found.embedding, atol=1e-5)
