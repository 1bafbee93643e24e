"""Channels are mixed without losing the sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moodrec.audio.decode import decode
from moodrec.audio.downmix import LEAST_KEPT, mix_waveform, signs_for
from tests.audio.sounds import write_av, write_sound

RATE = 16_000
RNG = np.random.default_rng(0)
X, Y, Z = (RNG.uniform(-0.3, 0.3, 2 * RATE).astype(np.float32) for _ in range(3))
SILENCE = np.zeros_like(X)
Channels = list[NDArray[np.float32]]

TURNED: dict[str, tuple[Channels, NDArray[Any], NDArray[Any]]] = {
    "one side inverted": ([X, -X], X, SILENCE),
    "at another level": ([X, -0.5 * X], 0.75 * X, SILENCE),
    "with a little in the middle": ([X + 0.2 * Y, 0.2 * Y - X], X, SILENCE),
    "5.1": ([X, -X, SILENCE, SILENCE, SILENCE, SILENCE], X / 3, SILENCE),
    "5.1, rear against front": ([X, Y, SILENCE, SILENCE, -X, -Y], X / 3, Y / 3),
    "7.1": ([X, -X, SILENCE, SILENCE, Y, -Y, 0.9 * Y, -0.9 * Y], X / 4, np.float32(0.475) * Y),
}
"""Channels, and the two parts that the mix must be the sum or the difference of."""
AS_BEFORE: dict[str, Channels] = {
    "mono": [X],
    "two sides": [X, Y],
    "the same": [X, X],
    "wide": [X + 0.5 * Y, X - 0.5 * Y],
    "one side": [X, SILENCE],
    "5.1": [X, Y, Z, 0.1 * X, Y[::-1], Z[::-1]],
    "silence": [SILENCE, SILENCE],
}


def write(path: Path, channels: Channels) -> Path:
    return write_sound(path, np.stack(channels, 1), RATE)


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_channels_that_cancel_out_are_turned_over(tmp_path: Path, name: str, suffix: str) -> None:
    channels, one, other = TURNED[name]
    in_file = decode(write(tmp_path / f"x{suffix}", channels)).samples
    for mixed, limit in ((in_file, 1e-4), (mix_waveform(np.stack(channels)), 1e-6)):
        expected = np.sign(mixed @ one) * one + np.sign(mixed @ other) * other
        np.testing.assert_allclose(mixed, expected, atol=limit)


@pytest.mark.parametrize("name", AS_BEFORE)
def test_everything_else_is_the_plain_mean_to_the_bit(tmp_path: Path, name: str) -> None:
    channels = np.stack(AS_BEFORE[name], 1)
    path = write_sound(tmp_path / "x.wav", channels, RATE)
    samples = np.round(channels * 32768).clip(-32768, 32767).astype(np.float32) / 32768
    got = decode(path).samples
    np.testing.assert_allclose(got, samples.mean(axis=1), atol=1.1 / 32768)
    assert signs_for((channels.T @ channels).astype(np.float64)) is None


def test_what_pyav_decodes_is_mixed_by_the_same_rule(tmp_path: Path) -> None:
    path = write_av(tmp_path / "x.mka", np.stack([X, -X]), RATE, kind=("matroska", "flac"))
    np.testing.assert_allclose(np.abs(decode(path).samples @ X), X @ X, rtol=0.01)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.4, 1.0])
def test_the_rule_is_the_one_that_is_documented(share: float) -> None:
    kept = share * X
    products = np.array(
        [[np.sum(a * b) for a in (kept + Y, kept - Y)] for b in (kept + Y, kept - Y)], np.float64
    )
    takes_over = products.sum() < LEAST_KEPT * np.trace(products)
    assert (signs_for(products) is not None) == takes_over
