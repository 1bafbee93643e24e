"""These queries read a library's database, except for the tracks themselves (see ``snapshot.py``)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from moodrec.errors import CorruptStoreError
from moodrec.given import text_of
from moodrec.library.checks import REMEDY
from moodrec.library.checksum import checksum
from moodrec.library.records import (
    FileRecord,
    FileState,
    ModelRecord,
    Outcome,
    RunRecord,
    Section,
    StoredTags,
    TrackVectors,
)
from moodrec.library.stored_json import stored_tags, stored_texts
from moodrec.schema import TRACK_FIELDS, probability_column

_FILES: Final = """
    SELECT f.path, f.size, f.mtime_ns, f.outcome, f.reason, f.message, f.track_id, f.missing,
        f.audio, f.start, CASE f.outcome
            WHEN 'failed' THEN 1
            WHEN 'silent' THEN f.model_fingerprint = :model
            ELSE EXISTS (
                SELECT 1 FROM analyses a WHERE a.track_id = f.track_id AND a.model_fingerprint = :model
            )
        END
    FROM files f ORDER BY f.path
"""
_MODELS: Final = """
    SELECT m.fingerprint, m.name, m.moods, m.embedding_dim, m.context, (
        SELECT count(*) FROM analyses a JOIN files f ON f.track_id = a.track_id AND f.missing = 0
        WHERE a.model_fingerprint = m.fingerprint
    )
    FROM models m ORDER BY m.last_used DESC
"""
_UNCOUNTED: Final = """
    SELECT fingerprint, name, moods, embedding_dim, context, 0 FROM models ORDER BY last_used DESC
"""
_WAITING: Final = """
    SELECT count(*) FROM files f
    JOIN analyses a ON a.track_id = f.track_id AND a.model_fingerprint = :current
    WHERE f.missing = 0 AND f.outcome IN ('ok', 'partial') AND NOT EXISTS (
        SELECT 1 FROM analyses b WHERE b.track_id = f.track_id AND b.model_fingerprint = :new
    )
"""
_SAME_AUDIO: Final = """
    SELECT a.model_fingerprint, a.track_id, a.embedding, a.mood_scores, a.probabilities, a.checksum
    FROM tracks t JOIN analyses a USING (track_id)
    WHERE t.audio_fingerprint = ? AND a.model_fingerprint = ?
"""
_ANALYSES: Final = (
    "SELECT model_fingerprint, track_id, embedding, mood_scores, probabilities, checksum FROM analyses"
)


def revision(connection: sqlite3.Connection) -> int:
    """Read the revision, which grows with every change; see :data:`moodrec.library.tables.REVISE`."""
    return int(connection.execute("SELECT value FROM counters WHERE name = 'revision'").fetchone()[0])


def models(connection: sqlite3.Connection, counted: bool = True) -> list[ModelRecord]:
    """List the library's models, the current one first.

    Args:
        connection: an open library.
        counted: whether to count their tracks, which takes as long as the library is large; else they are 0.
    """
    return [
        ModelRecord(fingerprint, name, _moods(moods), dim, tracks, context)
        for fingerprint, name, moods, dim, context, tracks in connection.execute(
            _MODELS if counted else _UNCOUNTED
        )
    ]


def _moods(text: str) -> tuple[str, ...]:
    """Read the names of a model's moods, each of which becomes a column beside those of the tracks."""
    moods = tuple(stored_texts(text))
    taken = {*TRACK_FIELDS.names, *map(probability_column, moods)}
    if len(set(moods)) != len(moods) or not taken.isdisjoint(moods):
        raise CorruptStoreError(f"the library has a model whose moods cannot be columns; {REMEDY}")
    return moods


def files(connection: sqlite3.Connection, model_fingerprint: str | None) -> dict[Path, FileRecord]:
    """List all files by path.

    Args:
        connection: an open library.
        model_fingerprint: the model for which ``acknowledged`` is set; None is the current one.
    """
    current = next((model.fingerprint for model in models(connection, counted=False)), None)
    chosen = current if model_fingerprint is None else text_of(model_fingerprint, "model_fingerprint")
    rows = connection.execute(_FILES, {"model": chosen}).fetchall()
    return {record.state.path: record for record in map(_file, rows)}


def outcomes(connection: sqlite3.Connection) -> dict[Outcome, int]:
    """Count the files that exist by outcome."""
    query = "SELECT outcome, count(*) FROM files WHERE missing = 0 GROUP BY outcome"
    counts = dict(connection.execute(query).fetchall())
    return {outcome: counts.get(outcome, 0) for outcome in Outcome}


def waiting(connection: sqlite3.Connection, current: str, new: str) -> int:
    """Count the tracks that exist and that the current model has analysed, but a new one has not.

    Args:
        connection: an open library.
        current: fingerprint of the current model.
        new: fingerprint of the new model.
    """
    return int(connection.execute(_WAITING, {"current": current, "new": new}).fetchone()[0])


def last_run(connection: sqlite3.Connection, model_fingerprint: str) -> RunRecord | None:
    """Read how long the last run with a model took; None if there was none.

    Args:
        connection: an open library.
        model_fingerprint: the model.
    """
    query = "SELECT files, seconds FROM runs WHERE model_fingerprint = ? ORDER BY run DESC LIMIT 1"
    row = connection.execute(query, (model_fingerprint,)).fetchone()
    return None if row is None else RunRecord(*row)


def find_vectors(
    connection: sqlite3.Connection, model_fingerprint: str, audio_fingerprint: str
) -> TrackVectors | None:
    """Find the vectors that a model computed of the same audio earlier; damaged rows are skipped.

    Args:
        connection: an open library.
        model_fingerprint: the model.
        audio_fingerprint: hash of the decoded audio.
    """
    model = text_of(model_fingerprint, "model_fingerprint")
    for row in connection.execute(_SAME_AUDIO, (text_of(audio_fingerprint, "audio_fingerprint"), model)):
        if _is_whole(row) and all(len(blob) % 4 == 0 for blob in row[2:5]):
            return TrackVectors(*(np.frombuffer(blob, "<f4").astype(np.float32) for blob in row[2:5]))
    return None


def damaged(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """List ``(model fingerprint, track id)`` of the vectors that differ from what was written."""
    return [(row[0], row[1]) for row in connection.execute(_ANALYSES) if not _is_whole(row)]


def tag_backups(connection: sqlite3.Connection) -> dict[str, StoredTags]:
    """Read, by track id, the mood tags that its file had before moodrec wrote any."""
    rows = connection.execute("SELECT track_id, tags FROM tag_backups").fetchall()
    return {track_id: stored_tags(tags) for track_id, tags in rows}


def _is_whole(row: tuple[str, str, bytes, bytes, bytes, bytes]) -> bool:
    return checksum(*row[:5]) == row[5]


def _file(row: Sequence[Any]) -> FileRecord:
    path, size, mtime_ns, outcome, reason, message, track_id, missing, audio, start, acknowledged = row
    section = None if audio is None else Section(Path(os.fsdecode(audio)), start)
    state = FileState(Path(os.fsdecode(path)), size, mtime_ns, section)
    return FileRecord(state, Outcome(outcome), reason, message, track_id, bool(missing), bool(acknowledged))
