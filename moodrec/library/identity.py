"""A file is matched to a track by its audio, so that ids outlive moves and new tags, and copies are told apart."""

from __future__ import annotations

import os
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Final

from moodrec.library.records import folded_time

_CANDIDATES: Final = """
    SELECT t.track_id, t.duplicate_of, f.path, f.size, f.mtime_ns, f.audio
    FROM tracks t LEFT JOIN files f USING (track_id)
    WHERE t.audio_fingerprint = ? ORDER BY t.row
"""


@dataclass(frozen=True)
class TrackIdentity:
    """The id for a file, whether a track of that id exists, and the id of the track that it is a copy of, if any."""

    track_id: str
    known: bool
    duplicate_of: str | None


@dataclass(frozen=True)
class _Candidate:
    track_id: str
    duplicate_of: str | None
    path: bytes | None
    size: int
    mtime_ns: int
    audio: bytes | None
    """The file of a track of a CUE sheet, whose own path is ``SHEET#NUMBER``."""

    @property
    def places(self) -> list[bytes]:
        """Give the files that must be as they were: the track's own, or its sheet's and its audio's."""
        if self.path is None:
            return []
        return [self.path] if self.audio is None else [self.audio, self.path.rpartition(b"#")[0]]


def identify(connection: sqlite3.Connection, path: bytes, audio_fingerprint: str) -> TrackIdentity:
    """Find the track of a file by its audio.

    It is the track that this path had, or else one with the same audio whose own file is gone or has changed (the
    file was moved), or else a new one, marked as a copy where the same audio is elsewhere. The file that a moved
    track had before loses it.

    Args:
        connection: an open library, in a transaction.
        path: the file, as bytes of the file system.
        audio_fingerprint: hash of its decoded audio.
    """
    same_audio = [_Candidate(*row) for row in connection.execute(_CANDIDATES, (audio_fingerprint,))]
    for candidate in same_audio:
        if candidate.path == path:
            return TrackIdentity(candidate.track_id, True, candidate.duplicate_of)
    for candidate in same_audio:
        if not _still_there(candidate):
            _release(connection, candidate)
            return TrackIdentity(candidate.track_id, True, candidate.duplicate_of)
    original = same_audio[0] if same_audio else None
    return TrackIdentity(
        secrets.token_hex(8), False, (original.duplicate_of or original.track_id) if original else None
    )


def _still_there(candidate: _Candidate) -> bool:
    if candidate.path is None:
        return False
    try:
        statuses = [os.stat(place) for place in candidate.places]  # noqa: PTH116  (bytes: a name need not be UTF-8)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # the file may exist: an extra copy is better than an id taken from its file
        return True
    latest = max(status.st_mtime_ns for status in statuses)
    return (statuses[0].st_size, folded_time(latest)) == (candidate.size, candidate.mtime_ns)


def _release(connection: sqlite3.Connection, candidate: _Candidate) -> None:
    if candidate.path is None:
        return
    if all(map(os.path.lexists, candidate.places)):
        connection.execute("UPDATE files SET track_id = NULL WHERE path = ?", (candidate.path,))
    else:
        connection.execute("DELETE FROM files WHERE path = ?", (candidate.path,))
