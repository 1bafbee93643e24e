"""Loudness against physics, against the standard's filters in the time domain, and against its compliance signals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from moodrec.audio.loudness import (
    HIGH_PASS,
    SHELF,
    block_powers,
    gated_loudness,
    integrated_loudness,
    k_weighting,
    lufs,
)
from moodrec.errors import UsageError

RATE = 16_000


def tone(frequency: float, dbfs: float, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A sine whose peak is at ``dbfs``."""
    times = np.arange(round(seconds * rate)) / rate
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def in_the_time_domain(waveform: NDArray[np.float32]) -> float:
    """The standard to the letter, at 48 kHz. On steps of 40 dB the two differ most."""
    filtered = waveform.astype(np.float64)
    for above, below in (SHELF, HIGH_PASS):
        filtered = lfilter(above, below, filtered)
    starts = range(0, len(filtered) - 19_200 + 1, 4_800)
    return gated_loudness(np.array([np.mean(filtered[start : start + 19_200] ** 2) for start in starts]))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_full_scale_tone_of_one_kilohertz_has_minus_three(rate: int) -> None:
    assert integrated_loudness(tone(997, 0, 5, rate), rate) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("gain", [-40.0, -20.0, -6.0, 6.0])
def test_gain_moves_loudness_by_itself(gain: float) -> None:
    plain = tone(440, -12, 5)
    moved = plain * np.float32(10 ** (gain / 20))
    assert integrated_loudness(moved, RATE) - integrated_loudness(plain, RATE) == pytest.approx(
        gain, abs=1e-3
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_the_filters_in_the_time_domain(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.repeat(10 ** rng.uniform(-2, 0, 20), 24_000)
    pink = np.cumsum(rng.standard_normal(len(steps))) * 1e-3
    waveform = (steps * (0.1 * rng.standard_normal(len(steps)) + pink - pink.mean())).astype(np.float32)
    assert integrated_loudness(waveform, 48_000) == pytest.approx(in_the_time_domain(waveform), abs=0.2)


# EBU Tech 3341, minimum requirements test signals 1 to 5, in mono: 3 dB less than in stereo. Tones of 1 kHz.


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_the_compliance_signals_of_the_ebu(levels: list[tuple[float, float]], expected: float) -> None:
    waveform = np.concatenate([tone(1000, dbfs, seconds) for dbfs, seconds in levels])
    assert integrated_loudness(waveform, RATE) == pytest.approx(expected - 3.01, abs=0.1)


def test_weighting_is_flat_at_one_kilohertz_higher_above_and_falls_below() -> None:
    weights = 10 * np.log10(k_weighting(np.array([20.0, 100.0, 997.0, 4000.0, 10_000.0])))
    np.testing.assert_allclose(weights[2], 0.691, atol=0.01)
    assert weights[0] < -10
    assert -2 < weights[1] < 0
    assert weights[3] == pytest.approx(4.0, abs=0.1)
    assert weights[4] == pytest.approx(4.0, abs=0.1)


def test_a_constant_has_no_loudness() -> None:
    assert integrated_loudness(np.full(RATE, 0.5, np.float32), RATE) == -np.inf
    assert integrated_loudness(np.zeros(RATE, np.float32), RATE) == -np.inf


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.39])
def test_a_track_shorter_than_a_block_is_as_loud_as_when_repeated(seconds: float) -> None:
    assert integrated_loudness(tone(1000, -20, seconds), RATE) == pytest.approx(-23.0, abs=0.1)


def test_silence_does_not_count() -> None:
    music = tone(1000, -20, 10)
    padded = np.concatenate([music, np.zeros(60 * RATE, np.float32)])
    assert integrated_loudness(padded, RATE) == pytest.approx(integrated_loudness(music, RATE), abs=0.1)


def test_blocks_are_a_tenth_of_a_second_apart() -> None:
    assert len(block_powers(np.ones(RATE, np.float32), RATE)) == 7
    assert lufs(np.array([1.0]))[0] == pytest.approx(-0.691)


def test_nothing_is_no_track() -> None:
    with pytest.raises(UsageError, match="no loudness of 0 samples"):
        integrated_loudness(np.empty(0, np.float32), RATE)
    with pytest.raises(UsageError, match="at 10 Hz"):
        integrated_loudness(np.zeros(5, np.float32), 10)
