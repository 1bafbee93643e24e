"""These functions maintain a library apart from analysing: they switch models, delete, and record tags.

Each is one transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from typing import Final

from moodrec.library.database import transaction
from moodrec.library.journal import revising
from moodrec.library.records import FileState, Pruned, StoredTags

# A track is deleted with its last file; a copy of it that stays becomes an original.
_ORPHANS: Final = "SELECT track_id FROM tracks EXCEPT SELECT track_id FROM files WHERE track_id IS NOT NULL"
_OLD_MODELS: Final = "SELECT fingerprint FROM models WHERE fingerprint <> ?"


def promote(connection: sqlite3.Connection, model_fingerprint: str) -> bool:
    """Make a model the library's current one; False, and nothing written, if it is already.

    Args:
        connection: an open library.
        model_fingerprint: a known model.
    """
    current = connection.execute("SELECT fingerprint FROM models ORDER BY last_used DESC LIMIT 1").fetchone()
    if current == (model_fingerprint,):
        return False
    with revising(connection):
        connection.execute(
            "UPDATE models SET last_used = (SELECT max(last_used) + 1 FROM models) WHERE fingerprint = ?",
            (model_fingerprint,),
        )
    return True


def prune(connection: sqlite3.Connection, gone: bool, other_models_than: str | None) -> Pruned:
    """Delete files that are gone, with the tracks that are left without one, and the vectors of old models.

    Args:
        connection: an open library.
        gone: whether to delete files that are gone.
        other_models_than: fingerprint of the model to keep; None keeps all.
    """
    with revising(connection):
        files = _prune_files(connection) if gone else 0
        tracks = _prune_tracks(connection) if gone else 0
        models = [] if other_models_than is None else _prune_models(connection, other_models_than)
    return Pruned(files, tracks, tuple(models))


def _prune_files(connection: sqlite3.Connection) -> int:
    return connection.execute("DELETE FROM files WHERE missing = 1").rowcount


def _prune_tracks(connection: sqlite3.Connection) -> int:
    # References to the orphans are removed first, as foreign keys demand.
    connection.execute(f"UPDATE tracks SET duplicate_of = NULL WHERE duplicate_of IN ({_ORPHANS})")
    for table in ("analyses", "tag_backups"):
        connection.execute(f"DELETE FROM {table} WHERE track_id IN ({_ORPHANS})")
    return connection.execute(f"DELETE FROM tracks WHERE track_id IN ({_ORPHANS})").rowcount


def _prune_models(connection: sqlite3.Connection, kept: str) -> list[str]:
    names = [
        name for (name,) in connection.execute("SELECT name FROM models WHERE fingerprint <> ?", (kept,))
    ]
    for table in ("analyses", "runs"):
        connection.execute(f"DELETE FROM {table} WHERE model_fingerprint IN ({_OLD_MODELS})", (kept,))
    # Silence is one model's judgement and has to be made again; any other outcome holds for every model.
    connection.execute(
        f"DELETE FROM files WHERE outcome = 'silent' AND model_fingerprint IN ({_OLD_MODELS})", (kept,)
    )
    connection.execute("UPDATE files SET model_fingerprint = ?", (kept,))
    connection.execute(f"DELETE FROM models WHERE fingerprint IN ({_OLD_MODELS})", (kept,))
    return names


def drop_damaged(connection: sqlite3.Connection, rows: Iterable[tuple[str, str]]) -> None:
    """Delete vectors that differ from what was written; the next analysis computes them again.

    Args:
        connection: an open library.
        rows: ``(model fingerprint, track id)`` of the vectors.
    """
    with revising(connection):
        connection.executemany(
            "DELETE FROM analyses WHERE model_fingerprint = ? AND track_id = ?", list(rows)
        )


def back_up_tags(connection: sqlite3.Connection, track_id: str, tags: StoredTags) -> bool:
    """Store the tags that a file had; False if the track has an earlier backup, which is kept because it is older.

    Args:
        connection: an open library.
        track_id: the track.
        tags: the mood tags of its file.
    """
    with transaction(connection):
        row = (track_id, json.dumps(tags))
        return connection.execute("INSERT OR IGNORE INTO tag_backups VALUES (?, ?)", row).rowcount > 0


def forget_tag_backup(connection: sqlite3.Connection, track_id: str) -> None:
    """Record that a file has its old tags again.

    Args:
        connection: an open library.
        track_id: the track of the file.
    """
    with transaction(connection):
        connection.execute("DELETE FROM tag_backups WHERE track_id = ?", (track_id,))


def note_new_state(connection: sqlite3.Connection, state: FileState) -> None:
    """Record that moodrec itself wrote a file's tags: its audio is the same, and it need not be decoded again.

    Args:
        connection: an open library.
        state: the file as it is now.
    """
    with transaction(connection):
        connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?",
            (state.size, state.mtime_ns, os.fsencode(state.path)),
        )
