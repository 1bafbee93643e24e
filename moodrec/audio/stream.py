"""Every decoder returns the same thing: what the header says, then blocks of samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from moodrec.config import DecodeLimits
from moodrec.errors import AudioError
from moodrec.typing import Samples

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 1_000, 768_000
# No scale that music is stored in reaches this value, 32-bit integers written as floats included: it means damage.
_LOUDEST = 2.0**32


@dataclass(frozen=True)
class AudioInfo:
    """The claims of a file's header, which may be wrong.

    ``duration_s`` is in seconds (0 where the header does not say), ``sample_rate`` in Hz, and ``format`` is a
    short name such as ``FLAC``.
    """

    duration_s: float
    sample_rate: int
    channels: int
    format: str


@dataclass(frozen=True)
class AudioStream:
    """An open audio file: its header, and its blocks (frames, channels) of float32 at the file's own sample rate.

    A block is valid until the next one is taken. ``blocks`` raises :class:`CutShortError` where the audio ends before
    the file says it does.
    """

    info: AudioInfo
    blocks: Iterator[NDArray[np.float32]]


class Cause(StrEnum):
    """Why only a part of a file was decoded."""

    CUT_OFF = "cut_off"
    """The file ends before its audio does."""
    DAMAGED = "damaged"
    """The decoder cannot go on past a place within the file."""
    OVER_LIMIT = "over_limit"
    """The file is longer than what is read of a file."""


class CutShortError(AudioError):
    """The audio stops before its end; the blocks before that point are good."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message, reason="truncated")
        self.cause = cause


def check_header(info: AudioInfo, limits: DecodeLimits, name: str) -> None:
    """Refuse a header that would cost more than the limits allow.

    Args:
        info: the header's claims.
        limits: what decoding may cost.
        name: the file's name, for messages.

    Raises:
        AudioError: reason ``too_many_channels``, ``bad_sample_rate`` or ``not_audio``.
    """
    if info.channels < 1:
        raise AudioError(f"{name}: no audio in it", reason="not_audio")
    if info.channels > limits.max_channels:
        reason = f"{info.channels} channels, more than the {limits.max_channels} allowed"
        raise AudioError(f"{name}: {reason}", reason="too_many_channels")
    if not MIN_SAMPLE_RATE <= info.sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(f"{name}: a sample rate of {info.sample_rate} Hz", reason="bad_sample_rate")


def check_samples(block: Samples, name: str) -> None:
    """Refuse a block of samples that cannot be sound.

    Args:
        block: mono samples.
        name: the file's name, for messages.

    Raises:
        AudioError: reason ``bad_samples`` for NaN, infinite or absurdly large values.
    """
    # The negated comparison is also true of NaN.
    if block.size and not float(np.abs(block).max()) <= _LOUDEST:
        raise AudioError(f"{name}: holds NaN, infinite or absurdly large samples", reason="bad_samples")
