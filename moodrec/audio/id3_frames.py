"""The text frames of an ID3v2 tag are read from its bytes, also where the tag is damaged.

Mutagen reads tags that are as the standard says. This reads what is left of others: a tag behind junk, one whose
length is stated in another way, one with a picture of a wrong length in front of the title, dates that are no ISO
dates. Layout: id3.org, "ID3 tag version 2.4.0 - Main Structure", sections 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_HEADER: Final = re.compile(rb"ID3[\x02-\x04][\x00-\x0a][\x00\x10\x40\x50\x80\x90\xc0\xd0]....", re.DOTALL)
_FARTHEST: Final = 1 << 20
_MOST: Final = 1 << 25
_ID: Final = {2: re.compile(rb"[A-Z][A-Z0-9]{2}"), 3: re.compile(rb"[A-Z][A-Z0-9]{3}")}
_WANTED: Final = {
    2: re.compile(rb"TT2|TP[12]|TAL|TYE|TRD|TOR|TCO|TRC|TXX|UFI"),
    3: re.compile(rb"TIT2|TPE[12]|TALB|TDRC|TDRL|TDOR|TYER|TRDA|TORY|TCON|TSRC|TXXX|UFID"),
}
_LONGEST_TEXT: Final = 1 << 16
_UNSYNCHRONISED, _COMPRESSED_OR_ENCRYPTED, _DATA_LENGTH = 0x80, 0x0C, 0x01


def frame_texts(data: bytes) -> dict[str, list[str]]:
    """Read the texts of the wanted frames by frame, the first of each.

    Args:
        data: the start of a file, at most some megabytes of it.

    Returns:
        Frame (``TIT2``, or ``TXXX:`` and a name) to its texts; empty where there is no tag.
    """
    header = _HEADER.search(data, 0, _FARTHEST)
    if header is None:
        return {}
    version, flags = header[0][3], header[0][5]
    lengths = (_syncsafe(header[0][6:]), int.from_bytes(header[0][6:]))
    body = data[header.end() : header.end() + min(max(lengths), _MOST)]
    if flags & _UNSYNCHRONISED:
        body = body.replace(b"\xff\x00", b"\xff")
    found: dict[str, list[str]] = {}
    for name, content in _frames(body, version, lengths):
        key, texts = _read(name, content)
        if any(texts):
            found.setdefault(key, texts)
    return found


def _frames(body: bytes, version: int, ends: tuple[int, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the wanted frames; where a frame is none, go on at the next place that is named like
    a wanted one. ``ends`` says where the tag may end.
    """
    kind = 2 if version == 2 else 3
    letters, head = (3, 6) if version == 2 else (4, 10)
    place = 0
    while place + head < len(body):
        name = body[place : place + letters]
        end = _end(body, place, version, ends) if _ID[kind].fullmatch(name) else None
        if end is None:
            found = _WANTED[kind].search(body, place + 1)
            if found is None:
                return
            place = found.start()
            continue
        if _WANTED[kind].fullmatch(name) and end - place - head <= _LONGEST_TEXT:
            content = body[place + head : end]
            flags = 0 if version == 2 else body[place + 9]
            if version == 4 and flags & _DATA_LENGTH:
                content = content[4:]
            if not (version == 4 and flags & _COMPRESSED_OR_ENCRYPTED) and not (
                version == 3 and flags & 0xC0
            ):
                yield name.decode(), content
        place = end


def _end(body: bytes, place: int, version: int, ends: tuple[int, ...]) -> int | None:
    """Find the end of a frame: the first of the lengths that it may state behind which there is another frame,
    padding or the end of the tag.
    """
    head = 6 if version == 2 else 10
    if version == 2:
        lengths = [int.from_bytes(body[place + 3 : place + 6])]
    else:
        stated = body[place + 4 : place + 8]
        lengths = [_syncsafe(stated), int.from_bytes(stated)][:: 1 if version == 4 else -1]
    kind = 2 if version == 2 else 3
    for length in lengths:
        end = place + head + length
        following = body[end : end + (3 if version == 2 else 4)]
        is_last = end in ends or not following.strip(b"\0")
        if length > 0 and end <= len(body) and (is_last or _ID[kind].fullmatch(following)):
            return end
    return None


def _read(name: str, content: bytes) -> tuple[str, list[str]]:
    if name in ("UFID", "UFI"):
        owner, _, identifier = content.partition(b"\0")
        return f"UFID:{owner.decode('latin-1')}", [identifier.decode("utf-8", "replace")]
    texts = _texts(content)
    return (f"TXXX:{texts[0]}", texts[1:]) if name in ("TXXX", "TXX") and texts else (name, texts)


def _texts(content: bytes) -> list[str]:
    """Decode a frame's texts; an empty text ends them, and what follows it is junk."""
    encoding, text = content[0], content[1:]
    if encoding in (1, 2):
        pairs = text[: len(text) // 2 * 2]
        little = encoding == 1 and not pairs.startswith(b"\xfe\xff")
        decoded = pairs.decode("utf-16-le" if little else "utf-16-be", "replace")
        parts = [part.lstrip("\ufeff\ufffe") for part in decoded.split("\0")]
    else:
        try:
            parts = text.decode("utf-8" if encoding == 3 else "latin-1").split("\0")
        except UnicodeDecodeError:
            parts = text.decode("latin-1").split("\0")
    return parts[: parts.index("", 1)] if "" in parts[1:] else parts


def _syncsafe(four: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=False))
