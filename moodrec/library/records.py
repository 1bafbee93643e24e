"""What a library stores and tells: plain frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from moodrec.audio.probe import Tags
from moodrec.typing import Float32Array

StoredTags = dict[str, list[str]]
"""The texts of some tags of a file by name; a tag that the file does not have has no texts."""


class Outcome(StrEnum):
    """What became of a file; every file that was looked at has exactly one."""

    OK = "ok"
    """Analysed from its start to its end."""
    PARTIAL = "partial"
    """Analysed as far as it could be read, or as far as the duration limit."""
    SILENT = "silent"
    """It can be read, and there is nothing to hear."""
    FAILED = "failed"
    """It cannot be analysed; reason and message say why."""


@dataclass(frozen=True)
class FileState:
    """A file on disk: a canonical absolute path, and what changes when its content does."""

    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, eq=False)
class TrackVectors:
    """What one model heard in some audio."""

    embedding: Float32Array
    """(embedding_dim,) float32."""
    mood_scores: Float32Array
    """(moods,) float32 in [0, 1]."""
    probabilities: Float32Array
    """(moods,) float32 in [0, 1]."""


@dataclass(frozen=True, eq=False)
class TrackAnalysis:
    """What one model heard in one file."""

    audio_fingerprint: str
    """Hash of the decoded audio: the same for moved and re-tagged files."""
    tags: Tags
    duration_s: float
    embedding: Float32Array
    """(embedding_dim,) float32."""
    mood_scores: Float32Array
    """(moods,) float32 in [0, 1]."""
    probabilities: Float32Array
    """(moods,) float32 in [0, 1]."""


@dataclass(frozen=True, eq=False)
class FileResult:
    """The outcome of one file, to be written; ``track`` is there for ``ok`` and ``partial`` alone."""

    state: FileState
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    track: TrackAnalysis | None = None


@dataclass(frozen=True)
class FileRecord:
    """A file as the library remembers it."""

    state: FileState
    outcome: Outcome
    reason: str | None
    message: str | None
    track_id: str | None
    missing: bool
    """It was not there at the last scan of its folder."""
    acknowledged: bool
    """For the model that was asked about, nothing is left to do while the file stays as it is."""


@dataclass(frozen=True)
class ModelRecord:
    """A model whose vectors the library holds."""

    fingerprint: str
    name: str
    moods: tuple[str, ...]
    embedding_dim: int
    tracks: int = 0
    """Tracks analysed by it whose files are there."""


@dataclass(frozen=True)
class RunRecord:
    """How long an earlier run took."""

    files: int
    seconds: float


@dataclass(frozen=True)
class Pruned:
    """What was dropped from a library."""

    files: int
    """Files that were gone."""
    tracks: int
    """Tracks that were left without a file."""
    models: tuple[str, ...]
    """Names of the models whose vectors were dropped."""
