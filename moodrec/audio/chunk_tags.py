"""WAV and AIFF files name their tracks in chunks of their own: ``INFO`` lists, ``NAME`` and ``AUTH``.

Layout: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0"; Apple, "Audio Interchange
File Format 1.3".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

_LONGEST: Final = 1 << 20
_MOST_CHUNKS: Final = 10_000
_AIFF_TEXTS: Final = (b"NAME", b"AUTH")
_UNKNOWN: Final = 0xFFFFFFFF


def riff_info(file: BinaryIO) -> dict[str, list[str]]:
    """Read the texts of a WAV file's ``INFO`` lists by their four letters (RIFF, RIFX, RF64, BW64)."""
    found: dict[str, list[str]] = {}
    order = "big" if _start(file) == b"RIFX" else "little"
    for name, size in _chunks(file, order):
        if name.upper() == b"LIST" and 4 <= size <= _LONGEST:
            content = file.read(size)
            if content[:4].upper() == b"INFO":
                for key, text in _inside(content[4:], order):
                    found.setdefault(key.decode("latin-1"), [_text(text, "cp1252")])
    return found


def id3_chunk(file: BinaryIO) -> bytes:
    """Read the chunk of a WAV or AIFF file that holds an ID3 tag; empty where there is none."""
    order = "big" if _start(file) in (b"FORM", b"RIFX") else "little"
    for name, size in _chunks(file, order):
        if name.lower() in (b"id3 ", b"id3\0"):
            return file.read(min(size, _LONGEST))
    return b""


def aiff_texts(file: BinaryIO) -> dict[str, list[str]]:
    """Read the texts of an AIFF file's ``NAME`` and ``AUTH`` chunks."""
    found: dict[str, list[str]] = {}
    for name, size in _chunks(file, "big"):
        if name in _AIFF_TEXTS and size <= _LONGEST:
            found.setdefault(name.decode(), [_text(file.read(size), "mac-roman")])
    return found


def _start(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(4)


def _chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int]]:
    """Yield name and size of each chunk, with the file at its content."""
    end = file.seek(0, os.SEEK_END)
    place, long_data = 12, 0
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = head[:4], int.from_bytes(head[4:], "big" if order == "big" else "little")
        if name == b"ds64":  # the lengths that do not fit into 32 bits: of the file, then of the data
            long_data = int.from_bytes(file.read(16)[8:], "little")
            file.seek(place + 8)
        if name == b"data" and size == _UNKNOWN:
            size = long_data or end
        yield name, min(size, max(0, end - place - 8))
        place += 8 + size + size % 2


def _inside(content: bytes, order: str) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "big" if order == "big" else "little")
        yield content[place : place + 4], content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
        # Some writers do not fill up to an even length.
        if size % 2 and content[place - 1 : place + 3].isalnum() and not content[place : place + 4].isalnum():
            place -= 1


def _text(content: bytes, older: str) -> str:
    """Decode up to the terminator: UTF-8, else the encoding of the system that the format is from."""
    text = content.split(b"\0", 1)[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode(older, "replace")
