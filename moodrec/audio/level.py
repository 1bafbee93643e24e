"""A whole track at one level and without its silences, before it is cut into windows.

A copy of a track at another level, or with a minute of silence behind it, then gives the same windows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.loudness import (
    PIECE_S,
    PIECES_A_BLOCK,
    blocks_of,
    gated_loudness,
    lufs,
    piece_powers,
)

Floats = NDArray[np.float32]

PAUSE_S: Final = 2.0
"""Quiet stretches shorter than this are pauses, which belong to the music."""
LOUDEST_S: Final = 3.0
"""The loudest stretch of this length is what noise is compared with; as much music as this must be left."""
STEADY_S: Final = 5.0
"""Noise is a stretch of at least this length whose level does not change."""
STEADY_DB: Final = 0.5
"""Greatest standard deviation of the level of noise over pieces of 100 ms: white noise has 0.16 dB, pink noise behind
an encoder 0.3 dB, music several."""
NOISE_LU: Final = 15.0
"""Noise is quieter than the loudest stretch by at least this much."""
_SILENCE: Final = -150.0
"""LUFS that stand for minus infinity."""


def level_track(
    waveform: Floats, sample_rate: int, loudness_lufs: float | None, quiet_lu: float | None
) -> Floats:
    """Leave out long quiet stretches, and bring the rest to one loudness (ITU-R BS.1770-4).

    Loudness is gated, so that silence does not count, and is that of what is kept. Steady noise at least 15 LU below
    the loudest three seconds, such as hiss before or behind a quiet recording, is left out with the quiet
    stretches. A track without any block above -70 LUFS stays as it is.

    Args:
        waveform: (samples,) mono, in [-1, 1].
        sample_rate: Hz.
        loudness_lufs: the loudness that the track gets; None leaves the level as it is.
        quiet_lu: stretches of at least two seconds that are quieter than the track's loudness by more than this many
            LU are left out; None leaves nothing out.

    Returns:
        (samples,) float32, as many or fewer; a copy unless nothing changes. Values may lie outside [-1, 1].

    Raises:
        UsageError: there are no samples, or the sample rate is below 20 Hz.
    """
    if loudness_lufs is None and quiet_lu is None:
        return waveform
    powers = piece_powers(waveform, sample_rate)
    if not np.isfinite(gated_loudness(blocks_of(powers))):
        return waveform
    # Ten minutes of hiss would lower the gate, and with it the loudness, of the music before them.
    left_out = _noise(lufs(powers)) if quiet_lu is not None else np.zeros(len(powers), np.bool_)
    loudness = _loudness(powers, left_out)
    if quiet_lu is not None:
        left_out |= _long_quiet(left_out | (lufs(powers) <= loudness - quiet_lu))
        waveform = _without(waveform, left_out, round(PIECE_S * sample_rate))
        loudness = _loudness(powers, left_out)
    if loudness_lufs is None:
        return waveform
    return np.asarray(waveform * np.float32(10 ** ((loudness_lufs - loudness) / 20)), np.float32)


def _loudness(powers: NDArray[np.float64], left_out: NDArray[np.bool_]) -> float:
    """LUFS of what is kept; of the whole track where that is too short to have a loudness, or silent."""
    kept = powers[~left_out]
    loudness = gated_loudness(blocks_of(kept)) if len(kept) >= PIECES_A_BLOCK else -np.inf
    return loudness if np.isfinite(loudness) else gated_loudness(blocks_of(powers))


def _noise(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose the pieces, of which this takes the LUFS, that are steady noise far below the loudest stretch."""
    loudest, steady = (round(seconds / PIECE_S) for seconds in (LOUDEST_S, STEADY_S))
    found = np.zeros(len(levels), np.bool_)
    if len(levels) < loudest + steady:
        return found
    finite = np.maximum(levels, _SILENCE)
    loudest_lufs = 10 * np.log10(_moving_mean(10 ** (finite / 10), loudest).max())
    highest = np.lib.stride_tricks.sliding_window_view(finite, steady).max(1)
    variance = _moving_mean(finite**2, steady) - _moving_mean(finite, steady) ** 2
    is_noise = (highest <= loudest_lufs - NOISE_LU) & (variance < STEADY_DB**2)
    for start in np.flatnonzero(is_noise).tolist():
        found[start : start + steady] = True
    return found if len(levels) - found.sum() >= loudest else np.zeros(len(levels), np.bool_)


def _moving_mean(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.convolve(values, np.full(length, 1 / length), "valid")


def _long_quiet(quiet: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Choose the pieces of a track to leave out: those that are quiet, in runs that are longer than a pause."""
    left_out = quiet.copy()
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    for start, end in edges.reshape(-1, 2):
        if (end - start) * PIECE_S < PAUSE_S:
            left_out[start:end] = False
    return left_out


def _without(waveform: Floats, left_out: NDArray[np.bool_], piece: int) -> Floats:
    """What lies behind the last whole piece goes with it."""
    if not left_out.any():
        return waveform
    numbers = np.minimum(np.arange(len(waveform)) // piece, len(left_out) - 1)
    return waveform[~left_out[numbers]]
