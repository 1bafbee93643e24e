"""Genres stand in tags as names, or as numbers of the list that ID3v1 has, which converters copy into any format."""

from __future__ import annotations

from collections.abc import Iterable

from mutagen.id3 import TCON

from moodrec.audio.tag_text import cleaned
from moodrec.names import known_name


def genre_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Read the distinct genres of some texts, which may hold several.

    Args:
        texts: names, with semicolons between them, or numbers as ID3 writes them: ``17``, ``(17)``, ``(4)Eurodisco``.

    Returns:
        The names in their order; numbers that stand for no genre are left out, and so is "Unknown".
    """
    parts = [part.strip() for text in cleaned(texts) for part in text.split(";")]
    # A number of no genre is "Unknown" to mutagen.
    names = (known_name(name) for part in parts for name in TCON(encoding=3, text=[part]).genres)
    return tuple(dict.fromkeys(name for name in names if name is not None))
