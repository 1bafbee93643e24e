"""Copies of training tracks, and the embedding that is made steadier against them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, freqs

from moodrec.model.checkpoint import load_model
from moodrec.training.copies import CopiesConfig, copied
from moodrec.training.events import SpectrogramReady, TrainingEvent
from moodrec.training.predict import predict
from moodrec.training.prepare import prepare, prepare_copies
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from moodrec.training.steady import differences_by_copying, steady_map
from tests.training.conftest import write_recipe
from tests.training.test_learning import quiet

RATE = 16_000
OPTIONS = '[copies]\nkinds = ["low-pass-1k", "mp3-32k"]\ntracks = 12\nstrength = 3.0\n'


def music(seconds: float = 2.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def band(waveform: NDArray[np.float32], low: float, high: float) -> float:
    """Level of a band in dB."""
    spectrum, hertz = np.fft.rfft(waveform), np.fft.rfftfreq(len(waveform), 1 / RATE)
    own = (hertz >= low) & (hertz < high)
    return float(10 * np.log10(np.mean(np.abs(spectrum[own]) ** 2)))


class TestCopied:
    @pytest.mark.parametrize("kind", ["mp3-64k", "opus-64k", "vorbis"])
    def test_encoded_copies_are_the_same_music_in_time(self, kind: str) -> None:
        plain = np.sin(np.cumsum(np.linspace(0.05, 0.5, 2 * RATE))).astype(np.float32) * np.float32(0.3)
        found = copied(plain, RATE, kind)
        assert abs(len(found) - len(plain)) < 0.1 * RATE
        same = min(len(found), len(plain))
        assert np.corrcoef(found[2000 : same - 2000], plain[2000 : same - 2000])[0, 1] > 0.97

    def test_low_rates_lose_more(self) -> None:
        plain = music()
        lost = [np.std(copied(plain, RATE, kind)[: len(plain) - 2000] - plain[: len(plain) - 2000])
                for kind in ("mp3-320k", "mp3-64k", "mp3-32k")]  # fmt: skip
        assert lost[0] < lost[1] < lost[2]

    def test_a_band_limit_is_that_of_a_butterworth_filter(self) -> None:
        plain = music()
        found = copied(plain, RATE, "low-pass-4k")
        corner, orders = 2 * np.pi * 4_000, butter(8, 2 * np.pi * 4_000, analog=True)
        for middle in (500, 3_000, 4_000, 5_500):
            _, response = freqs(*orders, [corner * middle / 4_000])
            change = band(found, middle - 20, middle + 20) - band(plain, middle - 20, middle + 20)
            assert change == pytest.approx(20 * np.log10(np.abs(response[0])), abs=0.5)
        assert band(found, 6_500, 8_000) < band(plain, 6_500, 8_000) - 25

    @pytest.mark.parametrize("decibels", [3, -3])
    def test_a_tilt(self, decibels: int) -> None:
        plain = music()
        found = copied(plain, RATE, f"tilt{decibels:+d}")
        assert band(found, 980, 1_020) == pytest.approx(band(plain, 980, 1_020), abs=0.1)
        change = band(found, 7_900, 8_000) - band(plain, 7_900, 8_000)
        assert change == pytest.approx(decibels, abs=0.1)

    @pytest.mark.parametrize(
        ("kind", "higher", "length"),
        [("speed+4", 1.04, 1 / 1.04), ("speed-4", 0.96, 1 / 0.96), ("speed+50", 1.5, 1 / 1.5)],
    )
    def test_another_speed(self, kind: str, higher: float, length: float) -> None:
        plain = (0.3 * np.sin(2 * np.pi * 1_000 * np.arange(2 * RATE) / RATE)).astype(np.float32)
        found = copied(plain, RATE, kind)
        assert found.dtype == np.float32
        assert len(found) == pytest.approx(length * len(plain), rel=1e-3)
        middle = found[len(found) // 4 : -len(found) // 4]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * len(middle)))
        assert spectrum.argmax() * RATE / (8 * len(middle)) == pytest.approx(1_000 * higher, rel=2e-3)
        assert np.std(middle) == pytest.approx(np.std(plain), rel=0.1)

    @pytest.mark.parametrize("kind", ["speed+51", "tilt-60"])
    def test_changes_have_bounds(self, kind: str) -> None:
        with pytest.raises(ValueError, match="at most"):
            CopiesConfig(kinds=(kind,))

    @pytest.mark.parametrize(
        "kind",
        ["mp3", "mp3-8k", "opus-500k", "tilt3", "low-pass-0k", "reverb", "vorbis-1k", "speed4", "pitch-1"],
    )
    def test_unknown_kinds_are_refused(self, kind: str) -> None:
        with pytest.raises(ValueError, match=kind):
            CopiesConfig(kinds=(kind,))


class TestDifferences:
    def test_windows_are_compared_one_by_one(self) -> None:
        first, second = np.arange(8.0).reshape(4, 2), np.ones((4, 2))
        np.testing.assert_array_equal(differences_by_copying(first, second), first - 1)

    @pytest.mark.parametrize("windows", [5, 3])
    def test_copies_with_another_number_of_windows_are_compared_by_their_means(self, windows: int) -> None:
        """Music that rises evenly is the same in both, however it is cut."""
        original = np.linspace(0, 1, 4)[:, None]
        found = differences_by_copying(0.25 + np.linspace(0, 1, windows)[:, None], original)
        np.testing.assert_allclose(found, [[0.25]])


class TestMap:
    def test_a_direction_shrinks_by_its_share_of_music(self) -> None:
        rng = np.random.default_rng(0)
        originals = rng.normal(size=(20_000, 3)) * [1.0, 2.0, 3.0]
        differences = [rng.normal(size=(20_000, 3)) * [0.0, 2.0, 0.0], np.zeros((5, 3))]
        found = steady_map(originals, differences, 1.5)
        # Variances of 4 and, over two kinds, of 2 on average: 4 / (4 + 1.5 * 2)
        np.testing.assert_allclose(found, np.diag([1, 4 / 7, 1]), atol=0.03)

    def test_nothing_changes_without_differences_or_strength(self) -> None:
        originals = np.random.default_rng(0).normal(size=(9, 4))
        np.testing.assert_allclose(steady_map(originals, [np.zeros((9, 4))], 5.0), np.eye(4), atol=1e-9)
        np.testing.assert_allclose(steady_map(originals, [originals], 0.0), np.eye(4), atol=1e-9)

    def test_copies_lie_closer_to_their_originals(self) -> None:
        rng = np.random.default_rng(1)
        originals, away = rng.normal(size=(500, 8)), rng.normal(size=(2, 8))
        differences = rng.normal(size=(500, 2)) @ away
        turned = steady_map(originals[:250], [differences[:250]], 3.0)
        units = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (originals, originals + differences)]
        after = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in
                 (originals @ turned, (originals + differences) @ turned)]  # fmt: skip
        before_cosine, after_cosine = ((a * b).sum(1)[250:].mean() for a, b in (units, after))
        assert after_cosine > before_cosine + 0.1


def test_a_model_is_trained_as_before_and_steadier(catalogue: Path, tmp_path: Path) -> None:
    folds = "[split]\nfolds = 2\n"
    plain = write_recipe(catalogue, "plain", 2, folds)
    steady = write_recipe(catalogue, "steady", 2, OPTIONS + folds)
    events: list[TrainingEvent] = []
    before = train_recipe(plain, tmp_path / "plain", quiet, tmp_path / "cache").model
    after = train_recipe(steady, tmp_path / "steady", events.append, tmp_path / "cache").model
    assert before is not None
    assert after is not None
    assert (24, 24) in [(event.done, event.total) for event in events if isinstance(event, SpectrogramReady)]
    recipe = read_recipe(steady)
    data = prepare(recipe, tmp_path / "cache", quiet)
    copies = prepare_copies(recipe, data, tmp_path / "cache", quiet)
    assert copies is not None
    distances = []
    for model in (before, after):
        network = load_model(model).network
        own = predict(network, data.inputs(recipe), copies.rows)
        theirs = predict(network, copies.copies["low-pass-1k"], np.arange(12))
        spread = predict(network, data.inputs(recipe), np.arange(len(data.table))).embeddings.std(0)
        distances.append(
            np.linalg.norm(own.embeddings - theirs.embeddings, axis=1).mean() / np.linalg.norm(spread)
        )
        logits = own.logits["mood"]
        if model == before:
            expected = logits
    np.testing.assert_allclose(logits, expected, atol=1e-3)
    assert distances[1] < 0.9 * distances[0]


def test_copies_are_made_once(catalogue: Path, tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(catalogue, "once", 1, OPTIONS))
    data = prepare(recipe, tmp_path / "cache", quiet)
    prepare_copies(recipe, data, tmp_path / "cache", quiet)
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}
    assert len(stored) == len(data.table) + 2 * 12
    prepare_copies(recipe, data, tmp_path / "cache", quiet)
    assert stored == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}


def test_recipes_without_copies_keep_their_identity(catalogue: Path) -> None:
    plain, steady = (
        read_recipe(write_recipe(catalogue, name, 1, text)) for name, text in (("a", ""), ("b", OPTIONS))
    )
    assert plain.copies is None
    assert plain.digest != steady.digest
