"""A library is described as a whole and track by track, for people and programs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moodrec.arguments import flag
from moodrec.catalog.loose_seeds import find_seed
from moodrec.catalog.refresh import index_is_stale
from moodrec.catalog.run_text import run_text
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.disk import size_below
from moodrec.given import kind_of, text_of
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.library.notes import RunState, latest_run
from moodrec.library.records import FileRecord, ModelRecord, Outcome, RunRecord
from moodrec.library.snapshot import DUPLICATE_OF, shown_path
from moodrec.library.tables import SCHEMA_VERSION
from moodrec.names import compose
from moodrec.schema import PATH, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

NO_INDEX: Final = "none"
FRESH: Final = "up to date"
STALE: Final = "older than the library"
DAMAGED: Final = "damaged"


@dataclass(frozen=True)
class LibraryInfo:
    """A library in figures."""

    path: Path
    format: int
    size: int
    """Bytes on disk, including the index and backups."""
    tracks: int
    """Tracks that can be searched, analysed by the current model."""
    duplicates: int
    """Number of those that are copies of another track."""
    outcomes: Mapping[Outcome, int]
    """Files that exist, by outcome."""
    gone: int
    """Files that the last scan did not find."""
    reasons: Mapping[str, int]
    """Failed files by reason, the most frequent first."""
    models: tuple[ModelRecord, ...]
    """The models, the one that search uses first."""
    waiting: Mapping[str, int]
    """Fingerprint of each other model to the tracks that it has yet to analyse before search uses it."""
    index: str
    """State of the index: one of the constants above."""
    tags_written: int
    """Tracks whose files have moods in their tags that moodrec wrote."""
    last_run: RunRecord | None
    """Duration of the last run of the current model."""
    analysis: RunState | None = None
    """How far the latest run is, if it is running or has left files."""


@dataclass(frozen=True, eq=False)
class TrackReport:
    """All that a library knows of one file or track."""

    file: FileRecord | None
    track: pd.Series[Any] | None
    """Its row of the track table; None if it has no track."""
    copies: tuple[str, ...]
    """Paths of other files with the same audio."""
    model: ModelRecord | None
    """The model that computed its moods."""


def library_info(library: Library) -> LibraryInfo:
    """Count what a library holds."""
    files, models, state = library.files(), library.models(), latest_run(library.path)
    frame = library.frame() if models else None
    there = [record for record in files.values() if not record.missing]
    failed = Counter(record.reason or "unknown" for record in there if record.outcome is Outcome.FAILED)
    return LibraryInfo(
        path=library.path,
        format=SCHEMA_VERSION,
        size=size_below(library.path),
        tracks=0 if frame is None else len(frame),
        duplicates=0 if frame is None else int(frame[DUPLICATE_OF].notna().sum()),
        outcomes=library.outcomes(),
        gone=len(files) - len(there),
        reasons=dict(failed.most_common()),
        models=tuple(models),
        waiting={model.fingerprint: library.waiting(model.fingerprint) for model in models[1:]},
        index=_index_state(library),
        tags_written=len(library.tag_backups()),
        last_run=library.last_run(models[0].fingerprint) if models else None,
        analysis=state if run_text(state) else None,
    )


def track_report(library: Library, seed: str) -> TrackReport:
    """Collect what is known of the file or the track that a seed names; files that failed are known by their path.

    Args:
        library: the library.
        seed: an id, a path, a title, or ``artist - title``.

    Raises:
        AmbiguousSeedError, NotFoundError: as :func:`moodrec.catalog.loose_seeds.find_seed`.
    """
    files = library.files()
    record = _file_at(files, text_of(seed, "seed"))
    if not library.models():
        raise NotFoundError(f"{library.path}: nothing was analysed yet; run: moodrec analyze FOLDER")
    frame = library.frame()
    if record is None:
        track_id = find_seed(frame, seed)
        record = next((file for file in files.values() if file.track_id == track_id), None)
    rows = frame[frame[TRACK_ID] == record.track_id] if record is not None else frame[:0]
    track = rows.iloc[0] if len(rows) else None
    return TrackReport(record, track, _copies(frame, track), library.models()[0])


def track_id_of(library: Library, seed: str) -> str:
    """Find the id of the track that a seed names; a path of a file that failed stays as it is.

    Args:
        library: the library.
        seed: an id, a path, a title, or ``artist - title``.

    Raises:
        AmbiguousSeedError, NotFoundError: as :func:`moodrec.catalog.loose_seeds.find_seed`.
    """
    report = track_report(library, seed)
    return seed if report.track is None else str(report.track[TRACK_ID])


def files_of(library: Library, outcome: Outcome | None = None, gone: bool = False) -> list[FileRecord]:
    """List the library's files by path.

    Args:
        library: the library.
        outcome: only files of this outcome; None for all.
        gone: whether to list the files that are gone instead of those that exist.

    Raises:
        UsageError: ``outcome`` is none.
    """
    if outcome is not None:
        kind_of(outcome, Outcome, "outcome")
    gone = flag(gone, "gone")
    return [
        record
        for record in library.files().values()
        if record.missing == gone and (outcome is None or record.outcome is outcome)
    ]


def _file_at(files: Mapping[Path, FileRecord], seed: str) -> FileRecord | None:
    """Find the file whose path a seed is, in whatever Unicode form it is written; None if there is none."""
    if "\0" in seed:
        return None
    # Path's own expanduser raises on unknown users.
    place = os.path.realpath(os.path.expanduser(seed))  # noqa: PTH111
    if (record := files.get(Path(place))) is not None:
        return record
    composed = compose(place)
    return next((record for path, record in files.items() if compose(str(path)) == composed), None)


def _copies(frame: pd.DataFrame, track: pd.Series[Any] | None) -> tuple[str, ...]:
    if track is None:
        return ()
    marked = track[DUPLICATE_OF]
    original = marked if isinstance(marked, str) else track[TRACK_ID]
    same = (frame[TRACK_ID] == original) | (frame[DUPLICATE_OF] == original)
    return tuple(frame[PATH][same & (frame[TRACK_ID] != track[TRACK_ID])])


def _index_state(library: Library) -> str:
    try:
        index = MoodIndex.open(library.index_path)
    except NotFoundError:
        return NO_INDEX
    except CorruptStoreError:
        return DAMAGED
    return STALE if index_is_stale(index, library) else FRESH


def path_text(record: FileRecord) -> str:
    """Write a file's path as text, whatever its bytes."""
    return shown_path(os.fsencode(record.state.path))
