"""The tracks of an artist, and those of an album, are found by keys: names as they are compared."""

from __future__ import annotations

from typing import Final

from moodrec.artists import credit
from moodrec.names import fold, known_name

_BETWEEN: Final = "\x1f"
"""Stands between an album's title and its artist; no name holds it, for folding makes it a space."""


def artist_key(artist: str | None) -> str | None:
    """Give the key of the first main artist of a credit; None where it names nobody ("Various Artists")."""
    main = credit(artist).main
    return fold(main[0]) if main else None


def album_key(album: str | None, album_artist: str | None, artist: str | None) -> str | None:
    """Give the key of an album, to which the artist belongs: many albums are called "Greatest Hits".

    Args:
        album: its title.
        album_artist: the artist of the whole album.
        artist: the artist of one of its tracks, who stands in for an unknown ``album_artist``.

    Returns:
        None where the title is unknown.
    """
    title = known_name(album)
    by = (album_artist or "").strip() or (artist or "").strip()
    return f"{fold(title)}{_BETWEEN}{fold(by)}" if title else None


def title_and_artist(key: str) -> tuple[str, str]:
    """Split the key of an album into its title and its artist, both folded."""
    title, _, artist = key.partition(_BETWEEN)
    return title, artist
