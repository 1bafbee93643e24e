"""Copies of training tracks as listeners have them: encoded at a low rate, band-limited, with another tone, or
played at another speed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from moodrec.audio.decode import decode
from moodrec.config import Config, Positive

Floats = NDArray[np.float32]
Copy = Callable[[Floats, int], Floats]
"""Maps (samples,) mono at a sample rate in Hz to the samples of a copy, at the same rate."""

_KIND: Final = re.compile(r"(mp3|opus|low-pass)-([1-9][0-9]*)k|(vorbis)|(tilt|speed)([+-][1-9][0-9]*)")
_RATES: Final = {"mp3": (32, 320), "opus": (6, 256)}
"""Least and greatest bit rate, kbit/s, that libsndfile writes."""
_FURTHEST: Final = {"tilt": (48, "dB"), "speed": (50, "%")}
"""How far to either side, and in which unit."""
_PLAYED_AT: Final = 48_000
"""Sample rate of encoded copies, Hz."""
_BLOCK: Final = 1 << 16
_ORDER: Final = 8
_PIVOT_HZ: Final = 1_000.0
_EDGE_HZ: Final = 8_000.0


def copy_kind(name: str) -> str:
    """Check the name of a kind of copy and give it back; ``copied`` makes such copies.

    Raises:
        ValueError: there is no such kind.
    """
    _parsed(name)
    return name


def _parsed(name: str) -> re.Match[str]:
    found = _KIND.fullmatch(name)
    if found is None:
        raise ValueError(
            f"{name!r}: copies are called mp3-32k, opus-24k, vorbis, low-pass-4k, tilt+3 or speed-4"
        )
    if found[1] in _RATES and not _RATES[found[1]][0] <= int(found[2]) <= _RATES[found[1]][1]:
        raise ValueError(
            f"{name!r}: bit rates of {found[1]} are {_RATES[found[1]][0]} to {_RATES[found[1]][1]}k"
        )
    if found[4] and abs(int(found[5])) > _FURTHEST[found[4]][0]:
        most, unit = _FURTHEST[found[4]]
        raise ValueError(f"{name!r}: {found[4]} changes by {most} {unit} at most")
    return found


class CopiesConfig(Config):
    """The embedding is made steadier against copies of a track, after training; the logits of linear heads stay.

    Copies of some training tracks are analysed. Directions of the embedding in which they differ from their originals
    more than tracks differ from each other are scaled down (``moodrec.training.steady``).
    """

    kinds: Annotated[tuple[Annotated[str, AfterValidator(copy_kind)], ...], Field(min_length=1)]
    """``mp3-32k`` and ``opus-24k`` (an encoder at so many kbit/s), ``vorbis`` (at its lowest quality),
    ``low-pass-4k`` (nothing above so many kHz), ``tilt+3`` and ``tilt-3`` (so many dB at 8 kHz, around 1 kHz),
    ``speed+4`` (so many percent faster, and higher with it; 6 percent are a semitone)."""
    tracks: Positive = 100
    """Number of training tracks that are copied, drawn by the seed."""
    strength: Annotated[float, Field(gt=0)] = 1.0
    """How much a difference by copying counts beside a difference between tracks. With more, copies lie closer
    together, and so do tracks of different moods."""


def copied(waveform: Floats, sample_rate: int, kind: str) -> Floats:
    """Make a copy of a track.

    Args:
        waveform: (samples,) mono, in [-1, 1].
        sample_rate: Hz.
        kind: a name that ``copy_kind`` accepts.

    Returns:
        (samples,) at the same rate, about as many, but for another speed.

    Raises:
        ValueError: there is no such kind.
    """
    found = _parsed(kind)
    name = found[1] or found[3] or found[4]
    if name == "low-pass":
        return _filtered(waveform, sample_rate, lambda hertz: _low_pass(hertz, 1_000.0 * int(found[2])))
    if name == "tilt":
        return _filtered(waveform, sample_rate, lambda hertz: _tilt(hertz, int(found[5])))
    if name == "speed":
        return np.asarray(
            soxr.resample(waveform, sample_rate * (1 + int(found[5]) / 100), sample_rate), np.float32
        )
    return _encoded(waveform, sample_rate, name, int(found[2] or 0))


def _encoded(waveform: Floats, sample_rate: int, codec: str, kilobits: int) -> Floats:
    """Through a file and back, as any file is read."""
    ways: Mapping[str, tuple[str, str, float]] = {
        "mp3": ("MP3", "MPEG_LAYER_III", min(0.999, (320 - kilobits) / 288)),  # it refuses 1
        "opus": ("OGG", "OPUS", (256 - kilobits) / 250),
        "vorbis": ("OGG", "VORBIS", 1.0),
    }
    container, subtype, level = ways[codec]
    played = np.clip(soxr.resample(waveform, sample_rate, _PLAYED_AT), -1, 1)
    constant = {"bitrate_mode": "CONSTANT"} if codec == "mp3" else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"copy.{container.lower()}"
        with soundfile.SoundFile(
            path, "w", _PLAYED_AT, 1, subtype, format=container, compression_level=level, **constant
        ) as file:
            for start in range(
                0, len(played), _BLOCK
            ):  # libsndfile's Vorbis encoder fails on minutes at once
                file.write(played[start : start + _BLOCK])
        return decode(path, sample_rate).samples


def _filtered(
    waveform: Floats, sample_rate: int, factors: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Floats:
    hertz = np.asarray(np.fft.rfftfreq(len(waveform), 1 / sample_rate), np.float64)
    return np.fft.irfft(np.fft.rfft(waveform) * factors(hertz), len(waveform)).astype(np.float32)


def _low_pass(hertz: NDArray[np.float64], corner: float) -> NDArray[np.float64]:
    """The magnitude of a Butterworth filter."""
    return np.asarray((1 + (hertz / corner) ** (2 * _ORDER)) ** -0.5)


def _tilt(hertz: NDArray[np.float64], decibels: int) -> NDArray[np.float64]:
    """A straight line in octaves that passes 0 dB at the pivot and ``decibels`` at the edge."""
    octaves = np.log2(np.maximum(hertz, 50.0) / _PIVOT_HZ) / np.log2(_EDGE_HZ / _PIVOT_HZ)
    return np.asarray(10 ** (decibels * octaves / 20))
