"""Made-up music as mp3 files, or others: chords with overtones, a bass, and a noise drum, in stereo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100
BAR_S = 2.0
OVERTONES = np.arange(1, 9)


def write_tracks(folder: Path, count: int, seconds: float, seed: int) -> list[Path]:
    """``count`` different mp3s of this length."""
    paths = [folder / f"made-{number}.mp3" for number in range(count)]
    for number, path in enumerate(paths):
        write_track(path, made_music(seconds, np.random.default_rng([seed, number])), RATE)
    return paths


def write_looped(folder: Path, sources: list[Path], seconds: float) -> list[Path]:
    """Recordings of one's own, each repeated or cut to this length."""
    paths = [folder / f"own-{number}.mp3" for number in range(len(sources))]
    for source, path in zip(sources, paths, strict=True):
        samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
        write_track(path, np.resize(samples, (round(seconds * rate), samples.shape[1])), rate)
    return paths


def write_track(path: Path, samples: NDArray[np.float32], rate: int, kind: str = "MP3") -> None:
    """Piece by piece: the encoders of libsndfile fail on several minutes at once."""
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], format=kind) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])


def made_music(seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(samples, 2) in [-1, 1]."""
    bars = [bar(rng) for _ in range(8)]
    order = rng.integers(0, len(bars), int(np.ceil(seconds / BAR_S)))
    mono = np.concatenate([bars[number] for number in order])[: round(seconds * RATE)]
    sides = [mono + 0.02 * rng.standard_normal(len(mono)) for _ in range(2)]
    return np.stack(sides, 1).clip(-1, 1).astype(np.float32)


def bar(rng: np.random.Generator) -> NDArray[np.float64]:
    """Three notes and a bass over four beats of a drum."""
    time = np.arange(round(BAR_S * RATE)) / RATE
    roots = 110 * 2 ** (rng.integers(0, 12, 3) / 12)
    pitches = np.concatenate([[roots[0] / 2], 2 * roots])[:, None, None]
    tones = np.sin(2 * np.pi * pitches * OVERTONES[:, None] * time) / OVERTONES[:, None]
    drum = rng.standard_normal(len(time)) * np.exp(-30 * (time % (BAR_S / 4)))
    swell = 0.5 + 0.5 * np.sin(np.pi * time / BAR_S)
    return np.asarray(0.08 * tones.sum((0, 1)) * swell + 0.1 * drum)
