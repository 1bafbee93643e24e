"""From a file to what the network hears of it; this is all that a decoding process does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.decode import Waveform, decode
from moodrec.audio.level import level_track
from moodrec.audio.probe import Tags, read_tags
from moodrec.audio.windows import cut_windows
from moodrec.config import Config, DecodeLimits


class ListenSettings(Config):
    """How files are decoded and cut, for one model."""

    sample_rate: int
    """Hz."""
    window_samples: int
    """Length of a window, in samples."""
    max_windows: int
    """At most this many windows a track."""
    loudness_lufs: float | None = None
    """As in :class:`moodrec.config.AudioConfig`."""
    quiet_lu: float | None = None
    """As in :class:`moodrec.config.AudioConfig`."""
    limits: DecodeLimits = DecodeLimits()
    """What one file may cost."""


@dataclass(frozen=True, eq=False)
class HeardFile:
    """A decoded file: ``windows (n, window_samples)`` float32, its tags, and how much of it was read."""

    windows: NDArray[np.float32]
    audio_fingerprint: str
    tags: Tags
    duration_s: float
    truncated: bool


def listen(path: Path, settings: ListenSettings) -> HeardFile:
    """Decode a file, read its tags, and cut its windows.

    Raises:
        AudioError: it cannot be decoded.
        MissingExtraError: its format needs PyAV.
    """
    waveform = decode(path, settings.sample_rate, settings.limits)
    audible = level_track(waveform.samples, settings.sample_rate, settings.loudness_lufs, settings.quiet_lu)
    return HeardFile(
        cut_windows(audible, settings.window_samples, settings.max_windows),
        fingerprint_audio(waveform),
        read_tags(path),
        waveform.duration_s,
        waveform.truncated,
    )


def fingerprint_audio(waveform: Waveform) -> str:
    """Hash of decoded audio, 32 hex digits: the same for a copy, a moved file, or one with other tags."""
    digest = hashlib.blake2b(digest_size=16, person=b"moodrec audio")
    digest.update(waveform.sample_rate.to_bytes(8, "little"))
    digest.update(np.ascontiguousarray(waveform.samples, "<f4").data)
    return digest.hexdigest()
