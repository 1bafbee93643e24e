"""The track table has the columns that libraries, indexes and exports share.

A table of the user's own needs ``track_id`` alone. Every other column is optional; columns that are not named
here are carried along and can be filtered on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

import pyarrow as pa

TRACK_ID: Final = "track_id"
PATH: Final = "path"
ARTIST: Final = "artist"
ALBUM: Final = "album"
ALBUM_ARTIST: Final = "album_artist"
TITLE: Final = "title"
YEAR: Final = "year"
ORIGINAL_YEAR: Final = "original_year"
GENRE: Final = "genre"
ARTISTS: Final = "artists"
"""The names of all artists of a track as a list, the main ones first; ``artist`` is the text to show."""
RECORDING_ID: Final = "musicbrainz_recording_id"
ALBUM_ID: Final = "musicbrainz_album_id"
ARTIST_ID: Final = "musicbrainz_artist_id"
FINGERPRINT: Final = "acoustid_fingerprint"
"""The beginning of a track's Chromaprint fingerprint."""
START: Final = "start"
EMBEDDING: Final = "embedding"
PROBABILITY_PREFIX: Final = "prob_"
AUDIO_PREFIX: Final = "audio_"
LABEL_PREFIX: Final = "label_"

TAG_FIELDS: Final = pa.schema(
    [
        pa.field(TITLE, pa.string()),
        pa.field(ARTIST, pa.string()),
        pa.field(ALBUM_ARTIST, pa.string()),
        pa.field(ALBUM, pa.string()),
        pa.field("date", pa.string()),
        pa.field(YEAR, pa.int32()),
        pa.field(GENRE, pa.list_(pa.string())),
        pa.field(RECORDING_ID, pa.string()),
        pa.field(ALBUM_ID, pa.string()),
        pa.field(ARTIST_ID, pa.string()),
        pa.field(ARTISTS, pa.list_(pa.string())),
        pa.field("isrc", pa.string()),
        pa.field("acoustid_id", pa.string()),
        pa.field(FINGERPRINT, pa.string()),
        pa.field(ORIGINAL_YEAR, pa.int32()),
    ]
)
"""The columns that are read from a file's tags; ``year`` is that of ``date``, the release at hand, and
``original_year`` that of the first release where the tags state it."""

LISTS: Final = tuple(field.name for field in TAG_FIELDS if pa.types.is_list(field.type))
"""The columns of tags that hold lists of texts."""

TRACK_FIELDS: Final = pa.schema(
    [
        pa.field(TRACK_ID, pa.string(), nullable=False),
        pa.field(PATH, pa.string()),
        *TAG_FIELDS,
        pa.field("duration", pa.float32()),
        pa.field(START, pa.float32()),
    ]
)
"""The columns of a library's track; ``duration`` is in seconds, and so is ``start``, which says where in its file a
track of a CUE sheet begins; unknown for a track that is a file of its own."""

_MOOD_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def is_mood_name(name: str) -> bool:
    """Say whether a name is snake_case and is not one of the track table's own columns, so that it can name a
    mood.
    """
    return bool(_MOOD_NAME.match(name)) and name not in TRACK_FIELDS.names and name != EMBEDDING


def probability_column(mood: str) -> str:
    """Give the name of the column that holds ``prob(mood)``."""
    return PROBABILITY_PREFIX + mood


def audio_column(name: str) -> str:
    """Give the name of the column that holds what the audio alone says, beside the column of a mood's score or
    probability in context.
    """
    return AUDIO_PREFIX + name


def audio_columns(moods: Iterable[str], there: Collection[str]) -> dict[str, str]:
    """Give, by mood, the column that holds what the audio alone says: its own where no context changes the scores.

    Args:
        moods: names of the moods.
        there: the columns of the table.
    """
    return {mood: column if (column := audio_column(mood)) in there else mood for mood in moods}


def label_column(mood: str) -> str:
    """Give the name of the column that holds the labels that people gave."""
    return LABEL_PREFIX + mood
