"""A file's tags tell who made the track, when, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moodrec.artists import credit, first_id, guests_in_title
from moodrec.audio.chromaprint import shortened
from moodrec.audio.dates import plausible_year
from moodrec.audio.genres import genre_names
from moodrec.audio.opening import open_audio_file
from moodrec.audio.tag_dialects import TagTexts
from moodrec.audio.tag_sources import DAMAGE, read_sources
from moodrec.audio.tag_text import cleaned, isrc_of
from moodrec.errors import AudioError


@dataclass(frozen=True)
class Tags:
    """The tags of one file; each is ``None`` (``genre`` is empty) where the file does not state it.

    ``date`` is that of the release at hand, as it stands in the file, and ``year`` its year: of the tags that may
    hold it, the first that gives a plausible year wins, and where none does, that of the first release.
    ``original_year`` is the year of the first release, where tags of its own state it. Several artists are joined
    with ``"; "`` in ``artist``, which is the text to show; ``artists`` names each of them, the main ones first
    (:func:`moodrec.artists.credit`). ``musicbrainz_artist_id`` is that of the first one.
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
    original_year: int | None = None


def read_tags(path: Path | str) -> Tags:
    """Read a file's tags; a file that has none, or cannot be read, gives empty ones.

    A file may hold several sets of tags; one fills in what another leaves out. Where a file holds several titles,
    ID3's first is taken, and otherwise the last: encoders append the track's own title after the album's.
    """
    return tags_of(path) or Tags()


def tags_of(path: Path | str) -> Tags | None:
    """Read a file's tags as :func:`read_tags`; None for a file that cannot be opened."""
    try:
        # Opening it here first keeps mutagen from waiting on a named pipe.
        with open_audio_file(path) as file:
            return _tags(read_sources(file))
    except (AudioError, *DAMAGE):
        return None


def _tags(values: TagTexts) -> Tags:
    date, year = _dated(values, "date")
    original_date, original_year = _dated(values, "original_date")
    if year is None and original_year is not None:
        date, year = original_date, original_year
    return Tags(
        title=_title(values),
        artist=_joined(values, "artist"),
        album_artist=_joined(values, "album_artist"),
        album=_first(values, "album"),
        date=date or original_date,
        year=year,
        genre=genre_names(_texts(values, "genre")),
        musicbrainz_recording_id=_first(values, "musicbrainz_recording_id"),
        musicbrainz_album_id=_first(values, "musicbrainz_album_id"),
        musicbrainz_artist_id=first_id(_first(values, "musicbrainz_artist_id")),
        artists=_artists(values),
        isrc=isrc_of(_first(values, "isrc")),
        acoustid_id=_first(values, "acoustid_id"),
        acoustid_fingerprint=shortened(_raw(values, "acoustid_fingerprint")),
        original_year=original_year,
    )


def _artists(values: TagTexts) -> tuple[str, ...]:
    """Give the names of all artists: those that the file lists, else those that its artist tags name."""
    shown = _joined(values, "artist")
    found = credit(shown, _texts(values, "artists"))
    guests = guests_in_title(_title(values))
    return tuple(dict.fromkeys((*found.everyone, *guests)))


def _texts(values: TagTexts, field: str) -> list[str]:
    """Give the distinct texts of the first key that holds any, each on one line and encodable as UTF-8.

    Programs separate several texts by a NUL, where their format has no other way.
    """
    for texts in values.get(field, ()):
        if found := cleaned(part for text in texts for part in text.split("\0")):
            return found
    return []


def _raw(values: TagTexts, field: str) -> str:
    """Give the first text of a field as it stands, "" where there is none."""
    return next((text for texts in values.get(field, ()) for text in texts), "")


def _title(values: TagTexts) -> str | None:
    """Give the last title of a file; what follows a terminator within a text is junk."""
    for texts in values.get("title", ()):
        if found := cleaned(text.lstrip("\0").split("\0")[0] for text in texts):
            return found[-1]
    return None


def _first(values: TagTexts, field: str) -> str | None:
    return next(iter(_texts(values, field)), None)


def _joined(values: TagTexts, field: str) -> str | None:
    return "; ".join(_texts(values, field)) or None


def _dated(values: TagTexts, field: str) -> tuple[str | None, int | None]:
    """Give the first date with a plausible year, and the year; where none has one, the first text."""
    dates = cleaned(part for texts in values.get(field, ()) for text in texts for part in text.split("\0"))
    for date in dates:
        if (year := plausible_year(date)) is not None:
            return date, year
    return (dates[0] if dates else None), None
