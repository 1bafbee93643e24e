"""The songs of a player, as its API or a CSV file tells them."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from moodrec.arguments import brief
from moodrec.errors import DataError
from moodrec.files.texts import read_text_file

ID: Final = "id"
_TEXTS: Final = ("path", "title", "artist", "album", "artist_id", "recording_id")


@dataclass(frozen=True)
class PlayerSong:
    """A song as a player knows it."""

    id: str
    """The player's id."""
    path: str = ""
    """The path that the player tells, absolute or below its own music folder; "" where it tells none."""
    title: str = ""
    artist: str = ""
    album: str = ""
    artist_id: str = ""
    """The player's id of the artist."""
    recording_id: str = ""
    """The MusicBrainz id of the recording."""
    duration: float | None = None
    """The duration in seconds."""

    @property
    def description(self) -> str:
        """The song in a few words, for reports."""
        return " - ".join(filter(None, (self.artist, self.title))) or self.path or self.id


def song_of(child: Mapping[str, Any]) -> PlayerSong | None:
    """Read a ``Child`` of the Subsonic API; None for a folder or an entry without an id."""
    if child.get("isDir") or not child.get("id"):
        return None
    duration = child.get("duration")
    return PlayerSong(
        id=str(child["id"]),
        path=_text(child.get("path")),
        title=_text(child.get("title")),
        artist=_text(child.get("artist")),
        album=_text(child.get("album")),
        artist_id=_text(child.get("artistId")),
        recording_id=_text(child.get("musicBrainzId")),
        duration=float(duration) if isinstance(duration, int | float) and duration > 0 else None,
    )


def read_songs(file: Path) -> Iterator[PlayerSong]:
    """Read the songs of a player from a CSV file with a column ``id``, and any of ``path``, ``title``, ``artist``,
    ``album``, ``artist_id``, ``recording_id`` (MusicBrainz) and ``duration`` (seconds).

    Raises:
        NotFoundError: there is no such file.
        DataError: it has no column ``id``, is no text in UTF-8, or a duration is no number.
    """
    try:
        rows = csv.DictReader(StringIO(read_text_file(file), newline=""))
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if ID not in names:
            raise DataError(
                f"{file}: no column 'id' with the player's ids; it has {', '.join(names) or 'none'}"
            )
        rows.fieldnames = names
        for number, row in enumerate(rows, 2):
            if row.get(ID):
                yield _of_row(row, f"{file}:{number}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file}: cannot be read as CSV in UTF-8 ({error})") from error


def _of_row(row: Mapping[str, Any], place: str) -> PlayerSong:
    text = (row.get("duration") or "").strip()
    try:
        duration = float(text) if text else None
    except ValueError:
        duration = -1.0
    if duration is not None and not 0 <= duration < math.inf:
        raise DataError(f"{place}: duration is {brief(text)}; it must be a number of seconds")
    return PlayerSong(
        id=row[ID].strip(), duration=duration, **{name: (row.get(name) or "").strip() for name in _TEXTS}
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
