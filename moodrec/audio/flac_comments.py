"""The comments of a FLAC file are read block by block, where a damaged picture keeps mutagen from reading any.

Layout: RFC 9639, section 8, and the Vorbis comment header of xiph.org.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

_COMMENTS: Final = 4
_LAST: Final = 0x80
_MOST_BLOCKS: Final = 1_000
_LONGEST: Final = 1 << 24


def flac_comments(file: BinaryIO, start: int) -> dict[str, list[str]]:
    """Read the comments of a FLAC file by their names, in small letters; none where its blocks cannot be followed.

    Args:
        file: the file, open for reading in binary mode.
        start: where ``fLaC`` stands, in bytes.
    """
    found: dict[str, list[str]] = {}
    for content in _comment_blocks(file, start + 4):
        for text in _comments(content):
            name, equals, value = text.partition("=")
            if equals:
                found.setdefault(name.lower(), []).append(value)
    return found


def _comment_blocks(file: BinaryIO, place: int) -> Iterator[bytes]:
    for _ in range(_MOST_BLOCKS):
        file.seek(place)
        header = file.read(4)
        if len(header) < 4:
            return
        length = int.from_bytes(header[1:])
        if header[0] & ~_LAST == _COMMENTS:
            yield file.read(length)
        if header[0] & _LAST:
            return
        place += 4 + length


def _comments(content: bytes) -> Iterator[str]:
    place = 4 + int.from_bytes(content[:4], "little")  # behind the name of the program that wrote them
    count = int.from_bytes(content[place : place + 4], "little")
    place += 4
    for _ in range(min(count, _LONGEST)):
        length = int.from_bytes(content[place : place + 4], "little")
        if place + 4 + length > len(content) or place + 4 > len(content):
            return
        yield content[place + 4 : place + 4 + length].decode("utf-8", "replace")
        place += 4 + length
