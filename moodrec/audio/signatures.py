"""The first bytes of a sound file tell what it holds, whatever its name says, before a decoder is given it.

For a file that it does not recognise, libsndfile goes on to open the resource fork, which is another file, and
FFmpeg may take text for a playlist that names other files. Recognising the content here first prevents both.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from typing import BinaryIO, Final

from moodrec.audio.mp3 import first_frame, id3_end

_W64: Final = b"riff\x2e\x91\xcf\x11"
_STARTS: Final = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b".snd": "au",
    b"dns.": "au",
    b"caff": "caf",
    _W64: "w64",
    b"\x1aE\xdf\xa3": "matroska",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "asf",
    b"MAC ": "ape",
    b"wvpk": "wv",
    b"TTA1": "tta",
    b"TTA2": "tta",
    b"DSD ": "DSD",
    b"FRM8": "DSD",
    b"MPCK": "Musepack",
    b"MP+": "Musepack",
}
_CONTAINERS: Final = {
    b"RIFF": ((b"WAVE",), "wav"),
    b"RIFX": ((b"WAVE",), "wav"),
    b"RF64": ((b"WAVE",), "wav"),
    b"BW64": ((b"WAVE",), "wav"),
    b"FORM": ((b"AIFF", b"AIFC"), "aiff"),
}
# The first atom of a file of the MP4 family; old QuickTime files have none that says so.
_ATOMS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"pnot"})
_HEAD: Final = 16

SOUND_KINDS: Final = frozenset({"mpeg", "wav", "aiff", "flac", "ogg", "au", "caf", "w64"})
"""Kinds that libsndfile decodes."""
AV_KINDS: Final = {
    "mp4": "mp4",
    "adts": "aac",
    "asf": "asf",
    "matroska": "matroska",
    "ape": "ape",
    "wv": "wv",
    "tta": "tta",
}
"""Kinds that PyAV decodes, with the demuxer of each."""
NAMES: Final = {
    "mpeg": "MP3",
    "adts": "AAC",
    "mp4": "MP4 (m4a)",
    "asf": "WMA",
    "wv": "WavPack",
    "ape": "Monkey's Audio",
}
"""Kinds as people call them; others by their capitals."""


_MOST: Final = 1 << 26
"""Bytes that are searched where a file cannot be mapped into memory, as too large a one where that is limited."""


@dataclass(frozen=True)
class Content:
    """What a file holds: the kind, such as ``flac``, and the position in bytes where it starts, behind tags and
    junk."""

    kind: str
    start: int

    @property
    def name(self) -> str:
        """Give the kind as people call it."""
        return NAMES.get(self.kind, self.kind if self.kind[0].isupper() else self.kind.upper())


def content_of(file: BinaryIO) -> Content | None:
    """Tell what a file holds, by its bytes alone; None if it is no music that is known.

    ID3 tags at the start are stepped over, also where they state their length wrongly, and so is junk before MP3.
    The file is left at its start.
    """
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _content_of(data)
    except (OSError, ValueError):  # not a file of the system, or an empty one
        file.seek(0)
        found = _content_of(file.read(_MOST))
    file.seek(0, os.SEEK_SET)
    return found


def _content_of(data: mmap.mmap | bytes) -> Content | None:
    start = 0
    while data[start : start + 3] == b"ID3":
        ends = id3_end(data, start)
        known = next((end for end in ends if _kind_at(data, end) or data[end : end + 3] == b"ID3"), None)
        if known is None:
            # Its length is wrong in every way: what follows is searched for, behind the tag if there is anything.
            start += 10
            start = ends[0] if ends and ends[0] < len(data) else start
            break
        start = known
    kind = _kind_at(data, start)
    if kind is not None:
        return Content(kind, start)
    place = first_frame(data, start)
    return None if place is None else Content("mpeg", place)


def _kind_at(data: mmap.mmap | bytes, place: int) -> str | None:
    head = data[place : place + _HEAD]
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    forms, kind = _CONTAINERS.get(head[:4], ((), ""))
    if head[8:12] in forms:
        return kind
    if head[4:8] in _ATOMS:
        return "mp4"
    if head[4:8] in (b"free", b"skip", b"wide") and (after := int.from_bytes(head[:4])) >= 8:
        return "mp4" if data[place + after + 4 : place + after + 8] in _ATOMS else None
    if _is_adts(data, place):
        return "adts"
    return "mpeg" if _is_mpeg(head) else None


def _is_adts(data: mmap.mmap | bytes, place: int) -> bool:
    """Say whether a frame of AAC starts here and another one follows, or the file ends with it."""
    head = data[place : place + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return False
    after = place + (int.from_bytes(head[3:6]) >> 5 & 0x1FFF)
    following = data[after : after + 2]
    return after >= place + 7 and (
        not following or (following[0] == 0xFF and following[1:2][0] & 0xF6 == 0xF0)
    )


def _is_mpeg(head: bytes) -> bool:
    """Say whether a frame of MPEG audio starts here: no field of its header has a reserved value."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bit_rate != 15 and rate != 3
