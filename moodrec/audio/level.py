"""A whole track at one level and without its silences, before it is cut into windows.

A copy of a track at another level, or with a minute of silence behind it, then gives the same windows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.loudness import PIECE_S, PIECES_A_BLOCK, blocks_of, gated_loudness, lufs, piece_powers

Floats = NDArray[np.float32]

PAUSE_S: Final = 2.0
"""Quiet stretches shorter than this are pauses, which belong to the music."""


def level_track(
    waveform: Floats, sample_rate: int, loudness_lufs: float | None, quiet_lu: float | None
) -> Floats:
    """Leave out long quiet stretches, and bring the rest to one loudness (ITU-R BS.1770-4).

    Loudness is gated, so that silence does not count, and is that of what is kept. A track without any block above
    -70 LUFS stays as it is.

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
    loudness = gated_loudness(blocks_of(powers))
    if not np.isfinite(loudness):
        return waveform
    if quiet_lu is not None:
        left_out = _long_quiet(lufs(powers) <= loudness - quiet_lu)
        waveform = _without(waveform, left_out, round(PIECE_S * sample_rate))
        kept = powers[~left_out]
        if len(powers) > len(kept) >= PIECES_A_BLOCK:
            # Ten minutes of hiss would lower the gate, and with it the loudness, of the music before them.
            again = gated_loudness(blocks_of(kept))
            loudness = again if np.isfinite(again) else loudness
    if loudness_lufs is None:
        return waveform
    return np.asarray(waveform * np.float32(10 ** ((loudness_lufs - loudness) / 20)), np.float32)


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
