"""A decoding process turns a file into the windows that the network analyses, and does nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.chromaprint import computed, is_installed
from moodrec.audio.cue import cue_track, section_tags
from moodrec.audio.decode import Stretch, Waveform, decode
from moodrec.audio.level import level_track
from moodrec.audio.probe import Tags, read_tags
from moodrec.audio.windows import cut_windows
from moodrec.config import Config, DecodeLimits


class DecodeSettings(Config):
    """How files are decoded and cut, for one model."""

    sample_rate: int
    """Sample rate of the windows, in Hz."""
    window_samples: int
    """Length of a window, in samples."""
    max_windows: int
    """Greatest number of windows per track."""
    loudness_lufs: float | None = None
    """Loudness that a track is brought to, as in :class:`moodrec.config.AudioConfig`."""
    quiet_lu: float | None = None
    """Limit below which stretches are left out, as in :class:`moodrec.config.AudioConfig`."""
    limits: DecodeLimits = DecodeLimits()
    """What decoding one file may cost."""


@dataclass(frozen=True, eq=False)
class DecodedFile:
    """A decoded file: ``windows (n, window_samples)`` float32, its tags, and how much of it was read.

    ``duration_s`` is the length of the whole file, ``read_s`` of what was read, both in seconds, and ``cause`` a
    value of :class:`moodrec.audio.stream.Cause`, which says why they differ; None where the file was read to its
    end.
    """

    windows: NDArray[np.float32]
    audio_fingerprint: str
    tags: Tags
    duration_s: float
    read_s: float
    cause: str | None


def decode_file(path: Path, settings: DecodeSettings, number: int | None = None) -> DecodedFile:
    """Decode a file, read its tags, and cut its windows.

    Args:
        path: the file, or a CUE sheet.
        settings: how it is decoded and cut.
        number: the track of the sheet; None for a file.

    Raises:
        AudioError: it cannot be decoded.
        MissingExtraError: its format needs PyAV.
    """
    track = None if number is None else cue_track(path, number)
    if track is None:
        waveform = decode(path, settings.sample_rate, settings.limits)
    else:
        stretch = Stretch(track.start_s, track.length_s)
        waveform = decode(track.audio, settings.sample_rate, settings.limits, stretch)
    audible = level_track(waveform.samples, settings.sample_rate, settings.loudness_lufs, settings.quiet_lu)
    return DecodedFile(
        cut_windows(audible, settings.window_samples, settings.max_windows),
        fingerprint_audio(waveform),
        _fingerprinted(read_tags(path) if track is None else section_tags(track), waveform),
        waveform.file_duration_s,
        waveform.duration_s,
        waveform.cause,
    )


def _fingerprinted(tags: Tags, waveform: Waveform) -> Tags:
    """Add the Chromaprint fingerprint to tags that lack it, where Chromaprint is installed."""
    if tags.acoustid_fingerprint is not None or not is_installed():
        return tags
    return replace(tags, acoustid_fingerprint=computed(waveform.samples, waveform.sample_rate))


def fingerprint_audio(waveform: Waveform) -> str:
    """Hash decoded audio to 32 hex digits: the same for a copy, a moved file, or one with other tags."""
    digest = hashlib.blake2b(digest_size=16, person=b"moodrec audio")
    digest.update(waveform.sample_rate.to_bytes(8, "little"))
    digest.update(np.ascontiguousarray(waveform.samples, "<f4").data)
    return digest.hexdigest()
