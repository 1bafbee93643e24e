"""These functions record analyses in a library; each is one transaction and raises the revision."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from moodrec.audio.probe import Tags
from moodrec.errors import DataError
from moodrec.library.checksum import checksum
from moodrec.library.database import transaction
from moodrec.library.groups import album_key, artist_key
from moodrec.library.identity import TrackIdentity, identify
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis
from moodrec.library.tables import REVISE
from moodrec.schema import FINGERPRINT, LISTS, TAG_FIELDS
from moodrec.typing import Float32Array

_WITH_TRACK: Final = frozenset({Outcome.OK, Outcome.PARTIAL})
_TAG_COLUMNS: Final = (*TAG_FIELDS.names, "artist_key", "album_key")
_TRACK_COLUMNS: Final = ("audio_fingerprint", "duration", *_TAG_COLUMNS)


@contextmanager
def revising(connection: sqlite3.Connection) -> Iterator[None]:
    """Execute the block as a transaction that raises the revision once."""
    with transaction(connection):
        yield
        connection.execute(REVISE)


def register_model(connection: sqlite3.Connection, model: ModelRecord) -> None:
    """Record a model; the first one becomes the library's current one. Nothing is written if it is known.

    Args:
        connection: an open library.
        model: the model.
    """
    if connection.execute("SELECT 1 FROM models WHERE fingerprint = ?", (model.fingerprint,)).fetchone():
        return
    with revising(connection):
        connection.execute(
            "INSERT INTO models VALUES (?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM models), ?)",
            (model.fingerprint, model.name, json.dumps(model.moods), model.embedding_dim, model.context),
        )


def acknowledge(connection: sqlite3.Connection, model: ModelRecord, result: FileResult) -> str | None:
    """Write the outcome of one file.

    A file that has not changed and fails now (another model cannot process it, the machine is overloaded) keeps its
    track with its earlier analyses.

    Args:
        connection: an open library.
        model: the model that analysed it.
        result: the outcome.

    Returns:
        The id of its track, None if it has none.

    Raises:
        DataError: vectors have a wrong length, or are not finite; nothing is written.
    """
    if (result.track is not None) != (result.outcome in _WITH_TRACK):
        raise DataError(f"a file with outcome {result.outcome} and {'a' if result.track else 'no'} track")
    if result.track is not None:
        _check_vectors(model, result.track)
    path = os.fsencode(result.state.path)
    with revising(connection):
        if result.track is not None:
            track_id: str | None = _write_track(connection, model, path, result.track)
        else:
            track_id = _track_of(connection, result) if result.outcome is Outcome.FAILED else None
        _write_file(connection, model, path, result, track_id)
    return track_id


def retag(connection: sqlite3.Connection, track_id: str, tags: Tags) -> bool:
    """Replace the tags of a track; False, and nothing written, if they are as they were.

    Args:
        connection: an open library.
        track_id: the track.
        tags: what its file says now.
    """
    names, values = _TAG_COLUMNS, tuple(_tag_values(tags))
    query = f"SELECT {', '.join(names)} FROM tracks WHERE track_id = ?"
    stored = connection.execute(query, (track_id,)).fetchone()
    if stored is None:
        return False
    # A fingerprint that was computed of the sound stays where the tags have none.
    place = names.index(FINGERPRINT)
    values = (*values[:place], values[place] or stored[place], *values[place + 1 :])
    if stored == values:
        return False
    assignments = ", ".join(f"{name} = ?" for name in names)
    with revising(connection):
        connection.execute(f"UPDATE tracks SET {assignments} WHERE track_id = ?", (*values, track_id))
    return True


def mark_missing(connection: sqlite3.Connection, states: Iterable[FileState], missing: bool) -> None:
    """Record that files were not found by a scan, or that they came back; their tracks keep their ids.

    Args:
        connection: an open library.
        states: the files.
        missing: true for files that are gone, false for files that came back.
    """
    rows = [(int(missing), os.fsencode(state.path)) for state in states]
    if not rows:
        return
    with revising(connection):
        connection.executemany("UPDATE files SET missing = ? WHERE path = ?", rows)


def record_run(connection: sqlite3.Connection, model: ModelRecord, files: int, seconds: float) -> None:
    """Record how long a run took, for the next estimate; the revision stays.

    Args:
        connection: an open library.
        model: the model of the run.
        files: number of files that were analysed.
        seconds: duration of the run.
    """
    with transaction(connection):
        connection.execute(
            "INSERT INTO runs (model_fingerprint, files, seconds) VALUES (?, ?, ?)",
            (model.fingerprint, files, seconds),
        )


def _write_track(
    connection: sqlite3.Connection, model: ModelRecord, path: bytes, track: TrackAnalysis
) -> str:
    # The track is found by its audio and not by the file's path or tags, so that its id outlives both.
    identity = identify(connection, path, track.audio_fingerprint)
    values = (track.audio_fingerprint, track.duration_s, *_tag_values(track.tags))
    (_update if identity.known else _insert)(connection, identity, values)
    key, blobs = (model.fingerprint, identity.track_id), [_blob(vector) for vector in _vectors(track)]
    connection.execute(
        "INSERT OR REPLACE INTO analyses VALUES (?, ?, ?, ?, ?, ?)", (*key, *blobs, checksum(*key, *blobs))
    )
    return identity.track_id


def _track_of(connection: sqlite3.Connection, result: FileResult) -> str | None:
    """Find the track of a file that has not changed: a failure does not invalidate its earlier analyses."""
    state = result.state
    row = connection.execute(
        "SELECT track_id FROM files WHERE path = ? AND size = ? AND mtime_ns = ?",
        (os.fsencode(state.path), state.size, state.mtime_ns),
    ).fetchone()
    return None if row is None else row[0]


def _insert(connection: sqlite3.Connection, identity: TrackIdentity, values: tuple[Any, ...]) -> None:
    columns = ("track_id", "duplicate_of", *_TRACK_COLUMNS)
    connection.execute(
        f"INSERT INTO tracks ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
        (identity.track_id, identity.duplicate_of, *values),
    )


def _update(connection: sqlite3.Connection, identity: TrackIdentity, values: tuple[Any, ...]) -> None:
    assignments = ", ".join(f"{column} = ?" for column in _TRACK_COLUMNS)
    connection.execute(f"UPDATE tracks SET {assignments} WHERE track_id = ?", (*values, identity.track_id))


def _write_file(
    connection: sqlite3.Connection, model: ModelRecord, path: bytes, result: FileResult, track_id: str | None
) -> None:
    section = result.state.section
    values = {
        "path": path,
        "size": result.state.size,
        "mtime_ns": result.state.mtime_ns,
        "outcome": result.outcome,
        "reason": result.reason,
        "message": result.message,
        "model_fingerprint": model.fingerprint,
        "track_id": track_id,
        "missing": 0,
        "audio": None if section is None else os.fsencode(section.audio),
        "start": None if section is None else section.start_s,
    }
    connection.execute(
        f"""INSERT INTO files ({", ".join(values)}) VALUES ({", ".join(f":{name}" for name in values)})
        ON CONFLICT (path) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in values)}""",
        values,
    )


def _tag_values(tags: Tags) -> list[Any]:
    values = asdict(tags)
    values |= {name: json.dumps(values[name]) if values[name] else None for name in LISTS}
    keys = artist_key(tags.artist), album_key(tags.album, tags.album_artist, tags.artist)
    return [*(values[name] for name in TAG_FIELDS.names), *keys]


def _vectors(track: TrackAnalysis) -> tuple[Float32Array, Float32Array, Float32Array]:
    return track.embedding, track.mood_scores, track.probabilities


def _blob(values: Float32Array) -> bytes:
    # A fixed byte order lets a library move between machines.
    return values.astype("<f4").tobytes()


def _check_vectors(model: ModelRecord, track: TrackAnalysis) -> None:
    shapes = [vector.shape for vector in _vectors(track)]
    expected = [(model.embedding_dim,), (len(model.moods),), (len(model.moods),)]
    if shapes != expected:
        raise DataError(f"embedding, mood scores, probabilities have shapes {shapes}, not {expected}")
    if not all(np.isfinite(vector).all() for vector in _vectors(track)):
        raise DataError("the model gave NaN or infinite values")
    if not track.embedding.any():
        raise DataError("the model gave an embedding of zeros, which has no direction")
