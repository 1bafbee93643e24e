"""A track at one level and without its silences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from moodrec.audio.level import level_track
from moodrec.audio.loudness import integrated_loudness

RATE = 16_000
TARGET = -16.0


def music(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise that swells and fades by 12 dB."""
    count = round(seconds * RATE)
    swell = 10 ** (-0.6 * np.sin(np.arange(count) / RATE) ** 2)
    return (0.1 * swell * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def noise(seconds: float, dbfs: float) -> NDArray[np.float32]:
    samples = np.random.default_rng(9).standard_normal(round(seconds * RATE))
    return (10 ** (dbfs / 20) * samples).astype(np.float32)


@pytest.mark.parametrize("gain", [-35.0, -20.0, 0.0, 6.0])
def test_every_copy_gets_the_same_level(gain: float) -> None:
    plain = music(20)
    levelled = level_track(plain * np.float32(10 ** (gain / 20)), RATE, TARGET, None)
    assert integrated_loudness(levelled, RATE) == pytest.approx(TARGET, abs=0.01)
    np.testing.assert_allclose(levelled, level_track(plain, RATE, TARGET, None), atol=1e-3)


def test_without_settings_nothing_changes() -> None:
    plain = music(3)
    assert level_track(plain, RATE, None, None) is plain


def test_the_given_waveform_is_left_alone() -> None:
    plain = np.concatenate([music(5), np.zeros(5 * RATE, np.float32)])
    before = plain.copy()
    level_track(plain, RATE, TARGET, 30.0)
    np.testing.assert_array_equal(plain, before)


@pytest.mark.parametrize(
    "quiet", [np.zeros(600 * RATE, np.float32), noise(600, -65.0)], ids=["silence", "noise"]
)
@pytest.mark.parametrize("first", [True, False])
def test_ten_minutes_of_nearly_nothing_are_left_out(quiet: NDArray[np.float32], first: bool) -> None:
    own = music(30)
    track = np.concatenate([quiet, own] if first else [own, quiet])
    kept, alone = level_track(track, RATE, TARGET, 30.0), level_track(own, RATE, TARGET, 30.0)
    # A block at the edge holds some of both.
    assert 0 <= len(kept) - len(alone) <= 0.5 * RATE
    shifts = range(len(kept) - len(alone) + 1)
    best = min(float(np.abs(kept[shift : shift + len(alone)] - alone).max()) for shift in shifts)
    assert best < 0.02


def test_silence_between_two_parts_is_left_out_and_a_pause_stays() -> None:
    first, second = music(10), music(10, seed=1)
    long, short = np.zeros(5 * RATE, np.float32), np.zeros(round(1.5 * RATE), np.float32)
    gone = level_track(np.concatenate([first, long, second]), RATE, None, 30.0)
    assert len(gone) == pytest.approx(20 * RATE, abs=RATE)
    paused = np.concatenate([first, short, second])
    np.testing.assert_array_equal(level_track(paused, RATE, None, 30.0), paused)


def test_soft_music_is_music() -> None:
    soft = music(20) * np.float32(10 ** (-25 / 20))
    track = np.concatenate([music(20), soft])
    assert len(level_track(track, RATE, None, 30.0)) == len(track)


@pytest.mark.parametrize("samples", [1, 100, 6399, 6400, 17_001])
def test_any_length(samples: int) -> None:
    levelled = level_track(music(2)[:samples] + np.float32(1e-3), RATE, TARGET, 30.0)
    assert levelled.dtype == np.float32
    assert 0 < len(levelled) <= samples


def test_silence_stays_silence() -> None:
    silence = np.zeros(RATE, np.float32)
    assert level_track(silence, RATE, TARGET, 30.0) is silence
    faint = noise(2, -90.0)
    assert level_track(faint, RATE, TARGET, 30.0) is faint


HISS = (10 ** (-65 / 20) * np.random.default_rng(9).standard_normal(600 * RATE)).astype(np.float32)
REST = {"silence": np.zeros(600 * RATE, np.float32), "hiss": HISS}


@pytest.mark.parametrize("rest", REST)
@pytest.mark.parametrize("where", ["behind", "in front", "around", "between"])
def test_ten_quiet_minutes_change_nothing(rest: str, where: str) -> None:
    loud, soft = music(20.0), music(10.0, seed=1) * np.float32(0.1)
    song, quiet = np.concatenate([loud, soft]), REST[rest]
    parts = {
        "behind": [song, quiet],
        "in front": [quiet, song],
        "around": [quiet[: len(quiet) // 2], song, quiet[: len(quiet) // 2]],
        "between": [loud, quiet, soft],  # a hidden track
    }[where]
    expected = level_track(song, RATE, TARGET, 30.0)
    got = level_track(np.concatenate(parts), RATE, TARGET, 30.0)
    assert abs(len(got) - len(expected)) <= 0.1 * RATE
    same = min(len(got), len(expected))
    difference = got[:same] - expected[:same]
    assert np.sqrt(np.mean(difference**2)) <= 0.01 * np.sqrt(np.mean(expected**2))


def test_a_long_fade_and_a_spoken_intro_stay() -> None:
    fade = music(20.0) * np.linspace(1, 0.05, 20 * RATE, dtype=np.float32)  # to -26 dB
    speech = music(10.0, seed=2) * np.float32(0.1)
    track = np.concatenate([speech, fade])
    assert len(level_track(track, RATE, TARGET, 30.0)) == len(track)


@pytest.mark.parametrize("gain", [-14.0, -24.0])
@pytest.mark.parametrize("where", ["behind", "in front", "around"])
def test_hiss_around_quiet_music_is_left_out(gain: float, where: str) -> None:
    """The noise of a recording is less than 30 LU below quiet music, and there may be more of it than of music."""
    song, hiss = music(10.0) * np.float32(10 ** (gain / 20)), HISS[: 100 * RATE]
    half = hiss[: 50 * RATE]
    parts = {"behind": [song, hiss], "in front": [hiss, song], "around": [half, song, half]}[where]
    expected = level_track(song, RATE, TARGET, 30.0)
    got = level_track(np.concatenate(parts), RATE, TARGET, 30.0)
    assert abs(len(got) - len(expected)) <= 0.2 * RATE
    assert integrated_loudness(got, RATE) == pytest.approx(TARGET, abs=0.1)


@pytest.mark.parametrize("colour", [0.0, 0.5])
def test_noise_need_not_be_white(colour: float) -> None:
    spectrum = np.fft.rfft(HISS[: 30 * RATE])
    spectrum *= np.maximum(np.fft.rfftfreq(30 * RATE, 1 / RATE), 20.0) ** -colour
    shaped = np.fft.irfft(spectrum)
    shaped *= 10 ** (-65 / 20) / shaped.std()
    song = music(10.0) * np.float32(0.06)
    track = np.concatenate([song, shaped.astype(np.float32)])
    assert len(level_track(track, RATE, TARGET, 30.0)) == pytest.approx(len(song), abs=0.2 * RATE)


def test_a_soft_passage_that_moves_stays() -> None:
    """22 LU below the rest, but no noise: its level swells and fades."""
    loud, soft = music(10.0), music(10.0, seed=1) * np.float32(10 ** (-22 / 20))
    track = np.concatenate([loud, soft, loud])
    assert len(level_track(track, RATE, None, 30.0)) == len(track)


def test_noise_alone_is_kept() -> None:
    assert len(level_track(noise(20, -40.0), RATE, TARGET, 30.0)) == 20 * RATE
    click = np.concatenate([noise(0.3, -10.0), noise(20, -40.0)])
    assert len(level_track(click, RATE, TARGET, 30.0)) == len(click)
