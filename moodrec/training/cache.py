"""Log-mel spectrograms of training tracks are computed once and memory-mapped afterwards."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from moodrec.audio.decode import decode
from moodrec.audio.level import level_track
from moodrec.config import AudioConfig
from moodrec.errors import AudioError, ConfigError, MissingExtraError
from moodrec.files.npy import write_array
from moodrec.files.replacing import replacing
from moodrec.model.frontend import build_front_end
from moodrec.model.stored_mel import CAUTION, check_settings, is_stored_mel, read_stored_mel
from moodrec.training.copies import copied

log = logging.getLogger(__name__)


LoadLogMel = Callable[[], NDArray[np.float16]]
"""Loads a track's spectrogram, (n_mels, frames) float16."""


@dataclass(frozen=True)
class StoredLogMel:
    """A spectrogram on disk, which is mapped into memory at each call.

    It is not kept open, because large datasets have more files than a process may hold open.
    """

    place: Path

    def __call__(self) -> NDArray[np.float16]:
        stored: NDArray[np.float16] = np.load(self.place, mmap_mode="r", allow_pickle=False)
        return stored


def is_whole(place: Path) -> bool:
    """Say whether a ``.npy`` file is there and as long as its header says: a full disk may have cut it short."""
    try:
        np.load(place, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return True


@dataclass(frozen=True)
class LogMelCache:
    """A folder of ``.npy`` files, each (n_mels, frames) float16, named by audio file and settings."""

    folder: Path
    config: AudioConfig
    copies: str = ""
    """The kind of copy of each file that is taken in its place; empty takes the file as it is."""

    def place(self, audio: str) -> Path:
        """Give the path of the spectrogram of an audio file; it changes when the file or the settings do."""
        # Size and time stand for the content, because hashing every file would take as long as decoding it.
        status = Path(audio).stat()
        key = f"{audio}|{status.st_size}|{status.st_mtime_ns}|{self.config.model_dump_json()}"
        if self.copies:
            key += f"|{self.copies}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:26]}.npy"

    def fill(
        self, files: Sequence[str], workers: int, on_done: Callable[[], None]
    ) -> list[StoredLogMel | None]:
        """Compute the spectrograms that are missing.

        A ``.npy`` file is one of MTG-Jamendo's mel spectrograms and is converted instead.

        Args:
            files: paths of the audio files.
            workers: number of threads.
            on_done: called in the caller's thread, once per file.

        Returns:
            One spectrogram per file, None where a file cannot be read.

        Raises:
            ConfigError: there are ``.npy`` spectrograms, and the settings differ from those they were made with, or
                copies of them are wanted.
        """
        if any(map(is_stored_mel, files)):
            if self.copies:
                raise ConfigError("copies: are made of audio files; the dataset has spectrograms")
            check_settings(self.config)
            log.warning(CAUTION)
        front = build_front_end(self.config)
        with ThreadPoolExecutor(workers) as pool:
            jobs = [pool.submit(self._one, front, audio) for audio in files]
            for _ in as_completed(jobs):
                on_done()
            return [job.result() for job in jobs]

    def _one(self, front: nn.Module, audio: str) -> StoredLogMel | None:
        try:
            place = self.place(audio)
        except OSError as error:
            log.warning("left out of training: %s", error)
            return None
        try:
            if not is_whole(place):
                self._compute(front, audio, place)
        except (AudioError, MissingExtraError) as error:
            log.warning("left out of training: %s", error)
            return None
        return StoredLogMel(place)

    def _compute(self, front: nn.Module, audio: str, place: Path) -> None:
        mel = read_stored_mel(Path(audio)) if is_stored_mel(audio) else self._log_mel(front, Path(audio))
        with replacing(place) as temporary:
            write_array(temporary, mel.astype(np.float16))

    def _log_mel(self, front: nn.Module, audio: Path) -> NDArray[np.float32]:
        config = self.config
        samples = decode(audio, config.sample_rate).samples
        if self.copies:
            samples = copied(samples, config.sample_rate, self.copies)
        audible = level_track(samples, config.sample_rate, config.loudness_lufs, config.quiet_lu)
        with torch.inference_mode():
            mel: NDArray[np.float32] = front(torch.from_numpy(audible)).numpy()
        return mel
