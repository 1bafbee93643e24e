"""Folders of music and of files that are none, made for the tests."""

from __future__ import annotations

import os
from pathlib import Path

import mutagen
import numpy as np
import soundfile

from tests.audio.sounds import tone, write_any, write_av

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a")


def noise(seconds: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * 48_000)).astype(np.float32)


def write_song(path: Path, seed: int = 0, seconds: float = 1.0, **tags: str) -> Path:
    """A song of its own for each seed, tagged where tags are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_any(path, tone(110.0 * 1.1**seed, seconds) * 0.8 + 0.05 * noise(seconds, seed))
    if tags:
        retag(path, **tags)
    return path


def retag(path: Path, **tags: str) -> None:
    file = mutagen.File(path, easy=True)
    for name, value in tags.items():
        file[name] = value
    file.save()


def write_songs(folder: Path, count: int, suffix: str = ".flac") -> list[Path]:
    return [write_song(folder / f"{i:03d}{suffix}", i) for i in range(count)]


def write_broken(folder: Path) -> dict[str, str]:
    """One file for each way to fail; the outcome, and the reason if any, that each must get."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty.wav").touch()
    (folder / "text.mp3").write_text("just some text\n" * 100)
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.ogg")
    (folder / "nowhere.flac").symlink_to("gone/nowhere.flac")
    (folder / "playlist.m4a").write_text("ffconcat version 1.0\nfile '/etc/hostname'\n")
    bad = tone(440.0, 1.0)
    bad[1000] = np.nan
    soundfile.write(folder / "nan.wav", bad, 48_000, subtype="FLOAT")
    write_any(folder / "silence.flac", np.zeros(48_000, np.float32))
    _cut(write_any(folder / "half.flac", noise(6.0, 1)), 0.5)
    _cut(write_any(folder / "stump.flac", noise(6.0, 2)), 0.004)
    _cut(write_av(folder / "index_lost.m4a", noise(2.0, 3)), 0.5)
    name = os.fsdecode(b"caf\xe9.wav")
    write_song(folder / "x.wav", 50).rename(folder / name)
    (folder / "cover.jpg").write_bytes(b"\xff\xd8")
    return {
        "empty.wav": "failed empty",
        "text.mp3": "failed not_audio",
        "folder.wav": "failed not_a_file",
        "pipe.ogg": "failed not_a_file",
        "nowhere.flac": "failed missing",
        "playlist.m4a": "failed not_audio",
        "nan.wav": "failed bad_samples",
        "silence.flac": "silent silent",
        "half.flac": "partial cut_off",
        "stump.flac": "failed truncated",
        "index_lost.m4a": "failed not_audio",
        name: "ok None",
    }


def _cut(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
