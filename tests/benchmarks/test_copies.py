"""Copies of tracks, each against what it should have done to a signal."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.models import copies

RATE = copies.RATE


def tone(frequency: float, seconds: float = 2.0) -> np.ndarray:
    return (0.25 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def decibels(copy: np.ndarray, original: np.ndarray) -> float:
    inner = slice(RATE // 2, -RATE // 2)
    return float(20 * np.log10(np.std(copy[inner]) / np.std(original[inner])))


@pytest.mark.parametrize("gain", [-20, 6])
def test_gain(gain: float) -> None:
    assert decibels(copies.gain(gain)(tone(440)), tone(440)) == pytest.approx(gain, abs=0.01)


@pytest.mark.parametrize(("frequency", "expected"), [(1000, 0), (8000 * 0.99, 3), (125, -3), (250, -2)])
def test_a_tilt_is_a_line_in_octaves(frequency: float, expected: float) -> None:
    assert decibels(copies.tilted(3.0)(tone(frequency)), tone(frequency)) == pytest.approx(expected, abs=0.1)


def test_a_low_pass_keeps_what_is_below() -> None:
    low_passed = copies.low_passed(4000)
    assert decibels(low_passed(tone(1000)), tone(1000)) == pytest.approx(0, abs=0.1)
    assert decibels(low_passed(tone(6000)), tone(6000)) < -25


@pytest.mark.parametrize("kind", ["FLAC", "MP3 64 kbit/s", "Opus 96 kbit/s", "Vorbis, least quality"])
def test_an_encoded_tone_is_the_same_tone(kind: str) -> None:
    copy = copies.COPIES[kind](tone(440))
    assert abs(len(copy) / RATE - 2) < 0.15
    assert np.abs(np.fft.rfft(copy)).argmax() * RATE / len(copy) == pytest.approx(440, abs=2)
    assert decibels(copy, tone(440)[: len(copy)]) == pytest.approx(0, abs=0.5)


def test_what_comes_behind_leaves_the_music_in_front() -> None:
    copy = copies.COPIES["noise at -65 dBFS behind"](tone(440))
    assert len(copy) == 21 * 2 * RATE
    np.testing.assert_array_equal(copy[: 2 * RATE], tone(440))
    level = 20 * np.log10(np.std(copy[2 * RATE :]))
    assert level == pytest.approx(-65, abs=0.1)


def test_copies_that_are_the_originals_find_themselves() -> None:
    vectors = np.random.default_rng(0).standard_normal((30, 5))
    found = copies.compared(vectors, vectors[[3, 7]], [3, 7])
    assert found == {"median": 1.0, "least": 1.0, "first": 2}
    assert copies.compared(vectors, -vectors[[3, 7]], [3, 7])["first"] == 0
