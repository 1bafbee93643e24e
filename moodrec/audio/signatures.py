"""The first bytes of a sound file tell its format, before libsndfile is given the file.

For a file that it does not recognise, libsndfile goes on to open the resource fork, which is another file.
Recognising the format here first prevents that.
"""

from __future__ import annotations

import os
from typing import BinaryIO, Final, Literal

from moodrec.audio.mp3 import RESYNC, first_frame, id3_length

_W64: Final = b"riff\x2e\x91\xcf\x11"
_STARTS: Final = (b"fLaC", b"OggS", b".snd", b"dns.", b"caff", _W64)
_CONTAINERS: Final = {
    b"RIFF": (b"WAVE",),
    b"RIFX": (b"WAVE",),
    b"RF64": (b"WAVE",),
    b"FORM": (b"AIFF", b"AIFC"),
}
_HEAD: Final = 16


def sound_kind(file: BinaryIO) -> Literal["mpeg", "other"] | None:
    """Tell which of the formats that libsndfile reads a file starts like, after its ID3 tags.

    The file is left at its start.

    Returns:
        ``"mpeg"`` or ``"other"``; None if it starts like none of them.
    """
    place = 0
    head = file.read(_HEAD)
    while head[:3] == b"ID3" and len(head) >= 10:
        place += id3_length(head)
        file.seek(place)
        head = file.read(_HEAD)
    after = file.read(RESYNC)
    file.seek(0, os.SEEK_SET)
    if head.startswith(_STARTS) or head[8:12] in _CONTAINERS.get(head[:4], ()):
        return "other"
    return "mpeg" if _is_mpeg(head) or first_frame(head + after) is not None else None


def _is_mpeg(head: bytes) -> bool:
    """Say whether a frame of MPEG audio starts here: no field of its header has a reserved value."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bit_rate != 15 and rate != 3
