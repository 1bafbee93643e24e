"""Texts of tags as they are stored: on one line, not too long, and without what steers terminals or turns text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from moodrec.printable import is_shown

_MAX_LENGTH: Final = 1000
_ISRC: Final = 12
"""The number of characters of an ISRC, without hyphens."""
_MISREAD: Final = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
"""How the bytes of a character in UTF-8 begin when they are read as Latin-1, or as Windows reads them."""
# Windows leaves five bytes undefined, and reads them as Latin-1 does.
_BYTES: Final = {
    char: byte
    for encoding in ("latin-1", "cp1252")
    for byte in range(256)
    if (char := bytes([byte]).decode(encoding, "ignore"))
}
"""The byte that each character of Latin-1 and of Windows-1252 was."""
# Latin-1 has controls that no text holds where Windows-1252 has quotes, dashes and dots.
_OF_WINDOWS: Final = {
    byte: char for byte in range(0x80, 0xA0) if (char := bytes([byte]).decode("cp1252", "ignore"))
}
_SPACES: Final = frozenset({"Cc", "Zl", "Zp", "Zs"})
_DROPPED: Final = frozenset({"Cf", "Cs"})
# The letters of the flags of England, Scotland and Wales.
_FLAG_LETTERS: Final = range(0xE0020, 0xE0080)


def cleaned(texts: Iterable[str]) -> list[str]:
    """Clean texts, and leave out empty ones and repetitions.

    Args:
        texts: as a file has them.
    """
    return list(dict.fromkeys(text for text in map(clean, texts) if text))


def clean(text: str) -> str:
    """Clean one text: controls become single spaces, and what turns text around is dropped.

    UTF-8 that was read as Latin-1 or Windows-1252, where a tag says so or cannot say anything else, is read as UTF-8,
    and Windows-1252 that was read as Latin-1 as what it is: its quotes and dashes are no controls.

    Returns:
        At most a thousand characters that UTF-8 can encode.
    """
    valid = (
        _as_utf8(text[: 4 * _MAX_LENGTH])[:_MAX_LENGTH]
        .translate(_OF_WINDOWS)
        .encode("utf-8", "replace")
        .decode()
    )
    return " ".join("".join(map(_kept, valid)).split())


def isrc_of(text: str | None) -> str | None:
    """Read the code of a recording (ISO 3901) out of a tag, which may have hyphens and several of them.

    Args:
        text: the tag.

    Returns:
        Its twelve characters; None where there are not so many.
    """
    code = re.sub("[^A-Z0-9]", "", (text or "").split(";")[0].upper())
    return code if len(code) == _ISRC else None


def _as_utf8(text: str) -> str:
    # No text in Latin-1 reads as UTF-8 by chance: each of its accents would have to be followed by a sign.
    if not _MISREAD.search(text):
        return text
    try:
        return bytes(_BYTES[char] for char in text).decode("utf-8")
    except (KeyError, UnicodeError):
        return text


def _kept(char: str) -> str:
    if is_shown(char) or ord(char) in _FLAG_LETTERS:
        return char
    category = unicodedata.category(char)
    return " " if category in _SPACES else "" if category in _DROPPED else char
