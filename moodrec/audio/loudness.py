"""How loud a track is, by ITU-R BS.1770-4: K-weighted power in blocks of 400 ms, gated.

The weighting is applied to the spectra of pieces of 100 ms (Parseval's theorem), so that the filters of the standard,
which are given for 48 kHz, serve any sample rate without being designed anew. From the filters in the time domain the
loudness of music differs by less than 0.1 LU. A mono waveform counts as one channel: a tone of 997 Hz at full scale
has -3.01 LUFS.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import UsageError

Floats = NDArray[np.float64]

PIECE_S: Final = 0.1
"""Length of the pieces whose spectra are taken, and from one block to the next."""
PIECES_A_BLOCK: Final = 4
ABSOLUTE_GATE: Final = -70.0
"""LUFS; quieter blocks count as silence."""
RELATIVE_GATE: Final = -10.0
"""LU below the loudness of what passes the absolute gate; quieter blocks do not count."""
SHELF: Final = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
"""First K-weighting stage at 48 kHz, numerator and denominator: BS.1770-4, annex 1, table 1."""
HIGH_PASS: Final = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""Second K-weighting stage at 48 kHz, numerator and denominator: BS.1770-4, annex 1, table 2."""

_OFFSET: Final = -0.691
_PIECES_AT_A_TIME: Final = 512
_DESIGN_RATE: Final = 48_000


def integrated_loudness(waveform: NDArray[np.float32], sample_rate: int) -> float:
    """Loudness of a whole track.

    Args:
        waveform: (samples,) mono, in [-1, 1].
        sample_rate: Hz.

    Returns:
        LUFS; minus infinity where no block passes the absolute gate.

    Raises:
        UsageError: there are no samples, or the sample rate is too low for pieces of 100 ms.
    """
    return gated_loudness(block_powers(waveform, sample_rate))


def block_powers(waveform: NDArray[np.float32], sample_rate: int) -> Floats:
    """K-weighted mean square of every whole block of 400 ms, one each 100 ms (BS.1770-4, annex 1).

    A track shorter than a block is repeated until it fills one.

    Args:
        waveform: (samples,) mono, in [-1, 1].
        sample_rate: Hz.

    Returns:
        (blocks,) not negative, at least one; 1 is the power of a constant at full scale before the weighting.

    Raises:
        UsageError: there are no samples, or the sample rate is too low for pieces of 100 ms.
    """
    return blocks_of(piece_powers(waveform, sample_rate))


def piece_powers(waveform: NDArray[np.float32], sample_rate: int) -> Floats:
    """K-weighted mean square of every whole piece of 100 ms.

    A track shorter than a block of 400 ms is repeated until it fills one.

    Args:
        waveform: (samples,) mono, in [-1, 1].
        sample_rate: Hz.

    Returns:
        (pieces,) not negative, at least four.

    Raises:
        UsageError: there are no samples, or the sample rate is too low for pieces of 100 ms.
    """
    piece = round(PIECE_S * sample_rate)
    if not len(waveform) or piece < 2:
        raise UsageError(f"no loudness of {len(waveform)} samples at {sample_rate} Hz")
    block = PIECES_A_BLOCK * piece
    whole = waveform if len(waveform) >= block else np.resize(waveform, block)
    pieces = whole[: len(whole) // piece * piece].reshape(-1, piece)
    return np.concatenate(
        [
            _weighted_power(pieces[start : start + _PIECES_AT_A_TIME], sample_rate)
            for start in range(0, len(pieces), _PIECES_AT_A_TIME)
        ]
    )


def blocks_of(powers: Floats) -> Floats:
    """Mean power of each run of four pieces: (pieces,), at least four, to (pieces - 3,)."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(powers, PIECES_A_BLOCK).mean(1), np.float64)


def gated_loudness(powers: Floats) -> float:
    """LUFS of block powers, by the standard's two gates; minus infinity where all is silence."""
    audible = powers[lufs(powers) > ABSOLUTE_GATE]
    if not audible.size:
        return -np.inf
    threshold = lufs(audible.mean()) + RELATIVE_GATE
    return float(lufs(audible[lufs(audible) > threshold].mean()))


def lufs(power: Floats | np.float64) -> Floats:
    """K-weighted mean square to LUFS, elementwise."""
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET + 10 * np.log10(power), np.float64)


def k_weighting(frequencies: Floats) -> Floats:
    """Factor on the power at each frequency (Hz): the shelf and the high-pass filter of the standard."""
    turn = np.exp(-2j * np.pi * frequencies / _DESIGN_RATE)
    power = np.ones(len(frequencies))
    for above, below in (SHELF, HIGH_PASS):
        power *= np.abs(_polynomial(above, turn) / _polynomial(below, turn)) ** 2
    return power


def _polynomial(
    coefficients: tuple[float, float, float], turn: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    first, second, third = coefficients
    return np.asarray(first + second * turn + third * turn**2)


def _weighted_power(pieces: NDArray[np.float32], sample_rate: int) -> Floats:
    """(n, samples) to the K-weighted mean square of each."""
    samples = pieces.shape[1]
    spectra = np.fft.rfft(pieces, axis=1)
    factors = k_weighting(np.asarray(np.fft.rfftfreq(samples, 1 / sample_rate), np.float64))
    factors[1 : (samples + 1) // 2] *= 2
    power = spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2
    return np.asarray(power @ factors / samples**2, np.float64)
