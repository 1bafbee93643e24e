"""Sounds made for the tests, and the files they are written to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

SOUND_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".oga": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".aiff": ("AIFF", "PCM_24"),
    ".au": ("AU", "PCM_16"),
    ".w64": ("W64", "PCM_16"),
    ".rf64": ("RF64", "PCM_16"),
}
AV_FORMATS = {
    ".m4a": ("mp4", "aac"),
    ".aac": ("adts", "aac"),
    ".wma": ("asf", "wmav2"),
    ".mka": ("matroska", "aac"),
    ".webm": ("webm", "libopus"),
    ".tta": ("tta", "tta"),
    ".wv": ("wv", "wavpack"),
}


def tone(
    frequency: float, seconds: float, sample_rate: int = 48_000, level: float = 0.5
) -> NDArray[np.float32]:
    """A sine wave of amplitude ``level``, ``(samples,)``."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def write_sound(path: Path, samples: NDArray[np.float32], sample_rate: int = 48_000) -> Path:
    """Write ``(samples,)`` or ``(samples, channels)`` in the format that the suffix names."""
    kind, subtype = SOUND_FORMATS[path.suffix]
    soundfile.write(path, samples, sample_rate, format=kind, subtype=subtype)
    return path


def write_av(
    path: Path,
    samples: NDArray[np.float32],
    sample_rate: int = 48_000,
    tags: dict[str, str] | None = None,
    *,
    kind: tuple[str, str] | None = None,
    layout: str = "stereo",
    sample_format: str | None = None,
    **options: str,
) -> Path:
    """Write ``(samples,)`` on every channel, or ``(channels, samples)``, through PyAV.

    The format and codec are ``kind``, or what the suffix names.
    """
    import av

    container_format, codec = kind or AV_FORMATS[path.suffix]
    channels = 1 if layout == "mono" else 2
    wanted = np.stack([samples] * channels) if samples.ndim == 1 else samples
    with av.open(str(path), "w", format=container_format, options=options) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=sample_rate, layout=layout, options=options)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 128_000
        if sample_format is not None:
            stream.format = sample_format
        for start in range(0, wanted.shape[1], 1024):
            part = np.ascontiguousarray(wanted[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_any(
    path: Path,
    samples: NDArray[np.float32],
    sample_rate: int = 48_000,
    tags: dict[str, str] | None = None,
) -> Path:
    """Write with whichever library knows the suffix; tags through PyAV alone."""
    if path.suffix in AV_FORMATS:
        return write_av(path, samples, sample_rate, tags)
    return write_sound(path, samples, sample_rate)


def strongest_frequency(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Frequency of the highest peak of the spectrum, Hz (to about a bin)."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * sample_rate / len(samples)
