"""Outcomes made up for the tests of the database; nothing is decoded here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moodrec.audio.probe import Tags
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis

MODEL = ModelRecord("f00d", "toy", ("calm", "happy"), 4)
OTHER = ModelRecord("beef", "other", ("calm",), 3)


def file_state(path: Path, content: bytes = b"x") -> FileState:
    """Write a file and describe it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return state_of(path)


def state_of(path: Path) -> FileState:
    status = path.stat()
    return FileState(path, status.st_size, status.st_mtime_ns)


def analysed(
    state: FileState, audio: str = "audio-1", tags: Tags | None = None, model: ModelRecord = MODEL
) -> FileResult:
    """A file that was analysed; equal ``audio`` stands for equal sound."""
    rng = np.random.default_rng(list(audio.encode()))
    moods = rng.random(len(model.moods), np.float32)
    embedding = rng.random(model.embedding_dim, np.float32)
    track = TrackAnalysis(
        audio, tags or Tags(title=audio), 12.5, embedding, moods, (moods / 2).astype(np.float32)
    )
    return FileResult(state, Outcome.OK, track=track)


def failed(state: FileState, reason: str = "not_audio") -> FileResult:
    return FileResult(state, Outcome.FAILED, reason, "no audio in it")
