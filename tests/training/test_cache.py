"""The cache of spectrograms: audio and MTG-Jamendo's own, converted once."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from moodrec.config import AudioConfig
from moodrec.errors import ConfigError
from moodrec.model.stored_mel import AUDIO
from moodrec.training.cache import LogMelCache
from tests.model.published_mel import published_mel


def sound(seconds: float = 1.0) -> np.ndarray:
    """A steady chord far below 6 kHz, at 12 kHz."""
    time = np.arange(int(12_000 * seconds)) / 12_000
    return (0.2 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 990 * time)).astype(np.float32)


def fill(folder: Path, files: list[Path], config: AudioConfig = AUDIO) -> list[np.ndarray | None]:
    """What the cache gives for some files; counts them."""
    done: list[None] = []
    loads = LogMelCache(folder, config).fill([str(file) for file in files], 2, lambda: done.append(None))
    assert len(done) == len(files)
    return [None if load is None else load() for load in loads]


def test_a_stored_spectrogram_gives_what_its_audio_gives(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(), 12_000, "FLOAT")
    np.save(tmp_path / "a.npy", published_mel(sound(), 12_000))
    heard, read = fill(tmp_path / "cache", [tmp_path / "a.wav", tmp_path / "a.npy"])
    assert heard is not None
    assert read is not None
    assert heard.dtype == read.dtype == np.float16
    assert heard.shape == read.shape
    np.testing.assert_allclose(read[:, 1:-1], heard[:, 1:-1], atol=4e-3)


def test_a_second_run_reads_what_the_first_left(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", published_mel(sound(), 12_000))
    fill(tmp_path / "cache", [tmp_path / "a.npy"])
    (made,) = (tmp_path / "cache").rglob("*.npy")
    before = made.stat().st_mtime_ns
    fill(tmp_path / "cache", [tmp_path / "a.npy"])
    assert made.stat().st_mtime_ns == before
    np.save(tmp_path / "a.npy", published_mel(sound(2), 12_000))
    (longer,) = fill(tmp_path / "cache", [tmp_path / "a.npy"])
    assert longer is not None
    assert longer.shape[1] > 90


def test_a_file_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", published_mel(sound(), 12_000))
    (first,) = fill(tmp_path / "cache", [tmp_path / "a.npy"])
    whole = np.array(first)  # the file is mapped
    (made,) = (tmp_path / "cache").rglob("*.npy")
    for content in (made.read_bytes()[:-100], b"\x93NUMPY", b""):
        made.write_bytes(content)
        (again,) = fill(tmp_path / "cache", [tmp_path / "a.npy"])
        assert again is not None
        assert np.array_equal(again, whole)


def test_unreadable_files_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.save(tmp_path / "good.npy", published_mel(sound(), 12_000))
    np.save(tmp_path / "bad.npy", np.zeros((64, 3), np.float32))
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    files = [tmp_path / name for name in ("good.npy", "bad.npy", "bad.wav", "gone.wav")]
    with caplog.at_level(logging.WARNING):
        found = fill(tmp_path / "cache", files)
    assert [mel is None for mel in found] == [False, True, True, True]
    assert all(name in caplog.text for name in ("bad.npy", "bad.wav", "gone.wav"))


def test_training_on_stored_spectrograms_says_what_that_means(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.save(tmp_path / "a.npy", published_mel(sound(), 12_000))
    soundfile.write(tmp_path / "a.wav", sound(), 12_000)
    with caplog.at_level(logging.WARNING):
        fill(tmp_path / "cache", [tmp_path / "a.wav"])
        assert not caplog.records
        fill(tmp_path / "cache", [tmp_path / "a.npy"])
    assert "those of audio files are slightly different" in caplog.text


def test_other_settings_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sample_rate = 12000"):
        fill(tmp_path / "cache", [tmp_path / "gone.npy"], AudioConfig())
