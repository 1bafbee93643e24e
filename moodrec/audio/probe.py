"""A file's tags tell who made the track, when, and what it is called."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mutagen

from moodrec.artists import credit, first_id, guests_in_title
from moodrec.audio.chromaprint import shortened
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
_ISRC: Final = 12
"""The number of characters of an ISRC, without hyphens."""
_SEVERAL: Final = frozenset(("artist", "album_artist", "artists", "musicbrainz_artist_id"))
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Tags:
    """The tags of one file; each is ``None`` (``genre`` is empty) where the file does not state it.

    ``year`` is the first four digits of ``date``. Several artists are joined with ``"; "`` in ``artist``, which is
    the text to show; ``artists`` names each of them, the main ones first (:func:`moodrec.artists.credit`).
    ``musicbrainz_artist_id`` is that of the first one.
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
    artists: tuple[str, ...] = ()
    isrc: str | None = None
    acoustid_id: str | None = None
    acoustid_fingerprint: str | None = None
    """The beginning of the Chromaprint fingerprint; see :func:`moodrec.audio.chromaprint.shortened`."""


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
        musicbrainz_artist_id=first_id(_first(values, "musicbrainz_artist_id")),
        artists=_artists(values),
        isrc=_isrc(_first(values, "isrc")),
        acoustid_id=_first(values, "acoustid_id"),
        acoustid_fingerprint=shortened(next(iter(values.get("acoustid_fingerprint", ())), "")),
    )


def _artists(values: TagTexts) -> tuple[str, ...]:
    """Give the names of all artists: those that the file lists, else those that its artist tags name."""
    shown = _joined(values, "artist")
    found = credit(shown, _texts(values, "artists"))
    guests = guests_in_title(_last(values, "title"))
    return tuple(dict.fromkeys((*found.everyone, *guests)))


def _isrc(text: str | None) -> str | None:
    code = re.sub("[^A-Z0-9]", "", (text or "").split(";")[0].upper())
    return code if len(code) == _ISRC else None


def _texts(values: TagTexts, field: str) -> list[str]:
    """Give a field's distinct texts in their order, each on one line and encodable as UTF-8."""
    divided = (part for text in values.get(field, ()) for part in (_parts(text, field)))
    cleaned = (_clean(text) for text in divided)
    return list(dict.fromkeys(text for text in cleaned if text))


def _parts(text: str, field: str) -> list[str]:
    """Divide the text of a field that may hold several values at the NULs between them."""
    return text.split("\0") if field in _SEVERAL else [text]


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
