"""Tags that other programs put behind the audio are no part of it."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

_ID3V1, _APE_FOOTER, _LYRICS_END = 128, 32, 15
_APE_MARK, _LYRICS_MARK = b"APETAGEX", b"LYRICS200"
_APE_HAS_HEADER: Final = 1 << 31
_MOST: Final = 1 << 24
_FILLED_UP: Final = 64


def audio_end(file: BinaryIO) -> int:
    """Find where the audio of a file ends, in bytes: before ID3v1, APEv2 and Lyrics3 tags, in any order, and before
    zeros that fill it up.

    The file is left at its start.
    """
    end = file.seek(0, os.SEEK_END)
    while (before := _without_tag(file, end)) != end:
        end = before
    end = _without_zeros(file, end)
    file.seek(0)
    return end


def _without_tag(file: BinaryIO, end: int) -> int:
    if _last(file, end, _ID3V1)[:3] == b"TAG":
        return end - _ID3V1
    footer = _last(file, end, _APE_FOOTER)
    if footer[:8] == _APE_MARK:
        length = int.from_bytes(footer[12:16], "little")
        length += _APE_FOOTER if int.from_bytes(footer[20:24], "little") & _APE_HAS_HEADER else 0
        return end - length if _APE_FOOTER <= length <= min(end, _MOST) else end
    lyrics = _last(file, end, _LYRICS_END)
    if lyrics[6:] == _LYRICS_MARK and lyrics[:6].isdigit():
        length = int(lyrics[:6]) + _LYRICS_END
        return end - length if length <= end else end
    return end


def _without_zeros(file: BinaryIO, end: int) -> int:
    if _last(file, end, _FILLED_UP).strip(b"\0"):
        return end
    tail = _last(file, end, min(end, 1 << 20))
    zeros = len(tail) - len(tail.rstrip(b"\0"))
    # A few may belong to the audio.
    return end - zeros if zeros > _FILLED_UP else end


def _last(file: BinaryIO, end: int, count: int) -> bytes:
    if end < count:
        return b""
    file.seek(end - count)
    return file.read(count)
