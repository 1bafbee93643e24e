"""The keys by which hits are capped: of artists, albums and titles, folded so that all spellings are equal."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from moodrec.names import fold
from moodrec.schema import ALBUM, ALBUM_ARTIST, ARTIST, TITLE

Keys = Sequence[str | None]
_BETWEEN = "\x1f"
"""Stands between the parts of a key; folded names hold no control characters that a name could confuse it with."""


def keys_of(table: pa.Table) -> tuple[Keys, Keys, Keys]:
    """Return the keys of tracks by which the hits of a search are capped.

    Args:
        table: n rows of a track table.

    Returns:
        (n,) the key of each track's artist, of its album and of its title, None where unknown: an album is known by
        its title and its album artist (or, without one, its artist), a title by itself and its artist.
    """
    artists, albums, by, titles = (_folded(table, name) for name in (ARTIST, ALBUM, ALBUM_ARTIST, TITLE))
    of_albums = [
        None if album is None else _BETWEEN.join((album, "a", whole) if whole else (album, "t", artist or ""))
        for album, whole, artist in zip(albums, by, artists, strict=True)
    ]
    of_titles = [
        None if artist is None or title is None else _BETWEEN.join((artist, title))
        for artist, title in zip(artists, titles, strict=True)
    ]
    return artists, of_albums, of_titles


def _folded(table: pa.Table, name: str) -> list[str | None]:
    if name not in table.column_names or not pa.types.is_string(table[name].type):
        return [None] * table.num_rows
    return [(fold(text) or None) if text is not None else None for text in table[name].to_pylist()]
