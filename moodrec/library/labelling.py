"""Mood labels that people gave to tracks, artists and albums: written, taken back, and read.

Labels are a journal: an entry is never changed, and of each thing and mood the last entry holds. A track is known by
its audio, so that its labels outlive models, moves, new tags and a file that is gone for a while, and hold for its
copies. A label of an artist or album holds for all of their tracks, those to come included.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from moodrec.arguments import brief, share
from moodrec.artists import credit
from moodrec.errors import NotFoundError, UsageError
from moodrec.filters.names import hint
from moodrec.given import text_of
from moodrec.library.groups import artist_key, title_and_artist
from moodrec.library.journal import revising
from moodrec.library.records import LabelKind, LabelRecord
from moodrec.names import fold, track_name
from moodrec.schema import is_mood_name

Values = Mapping[str, float | None]
"""Mood to a label from 0 to 1, or to None, which takes the label back."""

_COLUMNS: Final = "kind, key, name, mood, value, given_by, given_at"
_LAST: Final = "SELECT max(entry) FROM labels GROUP BY kind, key, mood"
_NAMES: Final = {
    "artist": "SELECT artist_key, min(artist) FROM tracks WHERE artist_key IS NOT NULL GROUP BY artist_key",
    "album": """SELECT album_key, min(album || ' - ' || coalesce(album_artist, artist, '')) FROM tracks
        WHERE album_key IS NOT NULL GROUP BY album_key""",
}


@dataclass(frozen=True)
class NewLabels:
    """Labels for one track, for all tracks of an artist, or for all of an album.

    Attributes:
        moods: mood to a label from 0 to 1, or None to take the label back; None takes all of them back.
        track: id of the track.
        artist: name of the artist, in any spelling; with ``album``, the artist of the album.
        album: title of the album, in any spelling.
    """

    moods: Values | None
    track: str | None = None
    artist: str | None = None
    album: str | None = None


@dataclass(frozen=True)
class Subject:
    """What is labelled, as the database has it."""

    kind: LabelKind
    key: str
    name: str


def subject_of(connection: sqlite3.Connection, new: NewLabels) -> Subject:
    """Find what labels are for.

    Args:
        connection: an open library.
        new: the labels.

    Raises:
        UsageError: they are for nothing, for what is no text, or for a track and an artist or album at once.
        NotFoundError: the library has no such track, artist or album.
    """
    for name in ("track", "artist", "album"):
        if getattr(new, name) is not None:
            text_of(getattr(new, name), name)
    if (new.track is None) == (new.artist is None and new.album is None):
        raise UsageError("a label is for a track, or for an artist or an album: name one of them")
    if new.track is not None:
        return _track(connection, new.track)
    if new.album is not None:
        return _album(connection, new.album, new.artist)
    shown = connection.execute(_NAMES["artist"]).fetchall()
    names = {key: next(iter(credit(text).main), text) for key, text in shown}
    key = artist_key(new.artist)
    if key is None or key not in names:
        raise NotFoundError(
            f"no track of the library is by {brief(new.artist)}; {hint(str(new.artist), names.values(), 'artists')}"
        )
    return Subject("artist", key, names[key])


def resolved(
    connection: sqlite3.Connection, new: NewLabels, moods: Iterable[str]
) -> tuple[Subject, dict[str, float | None]]:
    """Find what labels are for, and check them.

    Args:
        connection: an open library.
        new: the labels.
        moods: moods of the library's models.

    Raises:
        UsageError, NotFoundError: as :func:`subject_of`, :func:`checked` and :func:`taken_back`.
    """
    subject = subject_of(connection, new)
    return subject, taken_back(connection, subject) if new.moods is None else checked(new.moods, moods)


def taken_back(connection: sqlite3.Connection, subject: Subject) -> dict[str, float | None]:
    """Give the labels that take back all that hold of one thing.

    Args:
        connection: an open library.
        subject: what is labelled.

    Raises:
        NotFoundError: it has none.
    """
    query = (
        f"""SELECT mood FROM labels WHERE entry IN ({_LAST}) AND value IS NOT NULL AND kind = ? AND key = ?"""
    )
    moods = [mood for (mood,) in connection.execute(query, (subject.kind, subject.key))]
    if not moods:
        raise NotFoundError(f"{subject.name}: there are no labels of this {subject.kind} to take back")
    return dict.fromkeys(moods)


def checked(values: Values, known: Iterable[str]) -> dict[str, float | None]:
    """Check moods and labels.

    Args:
        values: mood to label.
        known: moods of the library's models; where there are none, every name goes.

    Raises:
        UsageError: a mood is not known, or a label lies outside [0, 1].
    """
    moods = sorted(set(known))
    if not isinstance(values, Mapping):
        raise UsageError(f"labels are given by mood, such as {{'calm': 1}}, not {brief(values)}")
    if not values:
        raise UsageError("there are no labels; give moods and labels, such as calm=1")
    for mood in values:
        text_of(mood, "a mood")
        if mood not in moods and (moods or not is_mood_name(mood)):
            raise UsageError(f"there is no mood {brief(mood)}; {hint(mood, moods, 'moods')}")
    return {mood: None if value is None else share(value, mood) for mood, value in values.items()}


def write(
    connection: sqlite3.Connection,
    labels: Sequence[tuple[Subject, Mapping[str, float | None]]],
    by: str | None,
) -> list[LabelRecord]:
    """Write labels in one transaction; those that hold already are left out, and nothing is written for none.

    Args:
        connection: an open library.
        labels: what is labelled, and its checked labels.
        by: who gives them; by default the user of the process.

    Returns:
        The entries that were written.
    """
    who, when = (
        ("" if by is None else text_of(by, "by")).strip() or _user(),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    held = {(one.kind, one.key, one.mood): one.value for one in entries(connection)}
    written = []
    for subject, values in labels:
        for mood, value in values.items():
            if held.get((subject.kind, subject.key, mood)) != value:
                held[subject.kind, subject.key, mood] = value
                written.append(LabelRecord(subject.kind, subject.key, subject.name, mood, value, who, when))
    if written:
        with revising(connection):
            connection.executemany(
                f"INSERT INTO labels ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.kind, one.key, one.name, one.mood, one.value, one.given_by, one.given_at)
                    for one in written
                ],
            )
    return written


def entries(connection: sqlite3.Connection, history: bool = False) -> list[LabelRecord]:
    """Read the labels that hold, in the order in which they were given.

    Those that hold have the names that tracks have now; the history keeps the names of the time.

    Args:
        connection: an open library.
        history: whether to read every entry, labels that were replaced or taken back included.
    """
    which = "" if history else f"WHERE entry IN ({_LAST}) AND value IS NOT NULL"
    query = f"SELECT {_COLUMNS} FROM labels {which} ORDER BY entry"
    found = [LabelRecord(*row) for row in connection.execute(query)]
    if history:
        return found
    now = _names_now(connection)
    return [replace(one, name=now.get(one.key) or one.name) if one.kind == "track" else one for one in found]


def _names_now(connection: sqlite3.Connection) -> dict[str, str]:
    """Give the names of labelled tracks by their audio: of several copies, that of the first one that is there."""
    query = """SELECT audio_fingerprint, artist, title, path FROM tracks JOIN files USING (track_id)
        WHERE audio_fingerprint IN (SELECT key FROM labels WHERE kind = 'track')
        ORDER BY missing DESC, tracks.row DESC"""
    return {key: _name(*names) for key, *names in connection.execute(query)}


def tracks_of(connection: sqlite3.Connection, subjects: Iterable[Subject]) -> tuple[str, ...]:
    """List the ids of the tracks that exist and that are labelled, or are by an artist or of an album of those.

    Args:
        connection: an open library.
        subjects: what is labelled.
    """
    found: dict[str, None] = {}
    for subject in subjects:
        keys = [(f"{subject.kind}_key", subject.key)]
        if subject.kind == "track":
            rows = connection.execute(
                "SELECT artist_key, album_key FROM tracks WHERE audio_fingerprint = ?", (subject.key,)
            ).fetchall()
            keys = [("audio_fingerprint", subject.key)]
            keys += [("artist_key", row[0]) for row in rows] + [("album_key", row[1]) for row in rows]
        elif subject.kind == "album":
            rows = connection.execute(
                "SELECT DISTINCT artist_key FROM tracks WHERE album_key = ?", (subject.key,)
            ).fetchall()
            keys += [("artist_key", row[0]) for row in rows]
        for column, key in dict.fromkeys(keys):
            query = f"""SELECT track_id FROM tracks JOIN files USING (track_id)
                WHERE {column} = ? AND missing = 0 ORDER BY tracks.row"""
            found |= dict.fromkeys(track_id for (track_id,) in connection.execute(query, (key,)))
    return tuple(found)


def _track(connection: sqlite3.Connection, track_id: str) -> Subject:
    row = connection.execute(
        """SELECT audio_fingerprint, artist, title, path FROM tracks LEFT JOIN files USING (track_id)
        WHERE track_id = ?""",
        (track_id,),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"the library has no track {brief(track_id)}")
    return Subject("track", row[0], _name(*row[1:]) or track_id)


def _name(artist: str | None, title: str | None, path: bytes | None) -> str:
    name = track_name(title, _text(path))
    return " - ".join(filter(None, (artist, name))) if title else name


def _album(connection: sqlite3.Connection, title: str, artist: str | None) -> Subject:
    names = dict(connection.execute(_NAMES["album"]).fetchall())
    wanted = (fold(title), fold(artist or ""))
    found = [
        key for key in names if title_and_artist(key)[: 2 if artist else 1] == wanted[: 2 if artist else 1]
    ]
    if len(found) == 1:
        return Subject("album", found[0], names[found[0]])
    called = f"{brief(title)}" + (f" by {brief(artist)}" if artist else "")
    if not found:
        raise NotFoundError(
            f"no album of the library is called {called}; {hint(title, names.values(), 'albums')}"
        )
    listed = ", ".join(sorted(names[key] for key in found)[:5])
    raise UsageError(f"{len(found)} albums are called {called}; name the artist too: {listed}")


def _text(path: bytes | None) -> str | None:
    return None if path is None else os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a user's name
        return "unknown"
