"""A file's tags tell who made the track, when, and what it is called."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mutagen

from moodrec.audio.opening import open_audio_file
from moodrec.audio.tag_dialects import TagTexts, tag_values
from moodrec.errors import AudioError

DAMAGE: Final = (
    mutagen.MutagenError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    MemoryError,
    RecursionError,
    struct.error,
)
"""Errors by which damage surfaces: mutagen parses hostile bytes with plain indexing and struct."""
_MAX_LENGTH: Final = 1000
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Tags:
    """The tags of one file; each is ``None`` (``genre`` is empty) where the file does not state it.

    ``year`` is the first four digits of ``date``. Several artists are joined with ``"; "``.
    """

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    date: str | None = None
    year: int | None = None
    genre: tuple[str, ...] = ()
    musicbrainz_recording_id: str | None = None
    musicbrainz_album_id: str | None = None
    musicbrainz_artist_id: str | None = None


def read_tags(path: Path | str) -> Tags:
    """Read a file's tags; a file that has none, or cannot be read, gives empty ones.

    Where a file holds several titles, the last is taken: encoders append the track's own title after the
    album's.
    """
    try:
        # Opening it here first keeps mutagen from waiting on a named pipe.
        with open_audio_file(path):
            file: Any = mutagen.File(path)
        return _tags(tag_values(file))
    except (AudioError, *DAMAGE):
        return Tags()


def _tags(values: TagTexts) -> Tags:
    date = _first(values, "date")
    return Tags(
        title=_last(values, "title"),
        artist=_joined(values, "artist"),
        album_artist=_joined(values, "album_artist"),
        album=_first(values, "album"),
        date=date,
        year=_year(date),
        genre=_genres(values),
        musicbrainz_recording_id=_first(values, "musicbrainz_recording_id"),
        musicbrainz_album_id=_first(values, "musicbrainz_album_id"),
        musicbrainz_artist_id=_first(values, "musicbrainz_artist_id"),
    )


def _texts(values: TagTexts, field: str) -> list[str]:
    """Give a field's distinct texts in their order, each on one line and encodable as UTF-8."""
    cleaned = (_clean(text) for text in values.get(field, ()))
    return list(dict.fromkeys(text for text in cleaned if text))


def _clean(text: str) -> str:
    valid = text[:_MAX_LENGTH].encode("utf-8", "replace").decode()
    return " ".join("".join(char if char.isprintable() else " " for char in valid).split())


def _first(values: TagTexts, field: str) -> str | None:
    return next(iter(_texts(values, field)), None)


def _last(values: TagTexts, field: str) -> str | None:
    return next(reversed(_texts(values, field)), None)


def _joined(values: TagTexts, field: str) -> str | None:
    return "; ".join(_texts(values, field)) or None


def _genres(values: TagTexts) -> tuple[str, ...]:
    parts = (part.strip() for text in _texts(values, "genre") for part in text.split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _year(date: str | None) -> int | None:
    digits = _YEAR.search(date or "")
    return int(digits[0]) or None if digits else None
