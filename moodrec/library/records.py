"""Plain frozen records describe what a library stores and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from moodrec.audio.probe import Tags
from moodrec.typing import Float32Array

StoredTags = dict[str, list[str]]
"""The texts of some tags of a file by name; a tag that the file lacks has no texts."""


class Outcome(StrEnum):
    """The result of analysing a file; every file that was processed has exactly one."""

    OK = "ok"
    """The file was analysed from its start to its end."""
    PARTIAL = "partial"
    """The file was analysed as far as it could be read, or up to the duration limit."""
    SILENT = "silent"
    """The file can be read, and holds only silence."""
    FAILED = "failed"
    """The file cannot be analysed; reason and message say why."""


@dataclass(frozen=True)
class Section:
    """A part of a file that is a track of its own, as a CUE sheet says."""

    audio: Path
    """The file."""
    start_s: float
    """Where the track begins in it, in seconds."""


_TIMES: Final = 1 << 63


@dataclass(frozen=True)
class FileState:
    """A file on disk: a canonical absolute path, and the size and time that change with its content.

    A track of a CUE sheet has a path of its own, ``SHEET#NUMBER``, the size of its audio, and the later of both
    times.
    """

    path: Path
    size: int
    mtime_ns: int
    section: Section | None = field(default=None, compare=False)
    """Where the track lies, for one of a CUE sheet."""

    def __post_init__(self) -> None:
        """Fold times that no database can hold, beyond the year 2262: they are only compared for equality."""
        if not -_TIMES <= self.mtime_ns < _TIMES:
            object.__setattr__(self, "mtime_ns", folded_time(self.mtime_ns))

    @property
    def audio(self) -> Path:
        """The file that holds the sound: the one that is divided, for a track of a CUE sheet."""
        return self.path if self.section is None else self.section.audio


def folded_time(nanoseconds: int) -> int:
    """Give a time as a database can hold it: one of 64 bits is itself, others are folded onto those."""
    return (nanoseconds + _TIMES) % (2 * _TIMES) - _TIMES


@dataclass(frozen=True, eq=False)
class TrackVectors:
    """What one model computed of some audio."""

    embedding: Float32Array
    """(embedding_dim,) float32."""
    mood_scores: Float32Array
    """(moods,) float32 in [0, 1]."""
    probabilities: Float32Array
    """(moods,) float32 in [0, 1]."""


@dataclass(frozen=True, eq=False)
class TrackAnalysis:
    """What one model computed of one file."""

    audio_fingerprint: str
    """Hash of the decoded audio, which is the same for moved and re-tagged files."""
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
    """The outcome of one file, to be written; ``track`` is set for ``ok`` and ``partial`` alone."""

    state: FileState
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    track: TrackAnalysis | None = None


@dataclass(frozen=True)
class FileRecord:
    """A file as the library stores it."""

    state: FileState
    outcome: Outcome
    reason: str | None
    message: str | None
    track_id: str | None
    missing: bool
    """Whether the last scan of its folder did not find it."""
    acknowledged: bool
    """Whether nothing is left to do for the model in question while the file stays as it is."""


@dataclass(frozen=True)
class ModelRecord:
    """A model whose vectors the library holds."""

    fingerprint: str
    name: str
    moods: tuple[str, ...]
    embedding_dim: int
    tracks: int = 0
    """Tracks analysed by it whose files exist."""
    context: str | None = None
    """JSON of the :class:`~moodrec.model.context.model.ContextModel` by which metadata corrects its scores; None
    where it has none."""


LabelKind = Literal["track", "artist", "album"]


@dataclass(frozen=True)
class LabelRecord:
    """One entry of a library's mood labels."""

    kind: LabelKind
    key: str
    """What is labelled: the hash of a track's audio, or the folded names of an artist or album."""
    name: str
    """The same for people."""
    mood: str
    value: float | None
    """From 0, not at all, to 1; None where the entry takes an earlier label back."""
    given_by: str
    """Who gave it."""
    given_at: str
    """When: ISO 8601, UTC."""


@dataclass(frozen=True)
class Labelled:
    """What a call that labels has done."""

    written: tuple[LabelRecord, ...]
    """The new entries; labels that held already are not written again."""
    tracks: tuple[str, ...]
    """Ids of the tracks that exist and whose scores these labels may change: those that are labelled, and those of
    the same artists and albums."""


@dataclass(frozen=True)
class RunRecord:
    """How long an earlier run took."""

    files: int
    seconds: float


@dataclass(frozen=True)
class Pruned:
    """What was deleted from a library."""

    files: int
    """Number of files that were gone."""
    tracks: int
    """Number of tracks that were left without a file."""
    models: tuple[str, ...]
    """Names of the models whose vectors were dropped."""
