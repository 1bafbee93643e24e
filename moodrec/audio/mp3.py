"""MP3 files that do not state their length, or state it wrongly, are given a header with the right one.

An MP3 states its length in a Xing, Info or VBRI header, which is optional. Without it, the decoder takes the
bit rate of the first frame for that of all frames and reads no further than the length that follows: of a
file with a variable bit rate that may be the first quarter. Joined files have the header of their first part.
For such files the frames are counted, and the decoder is given the file with a correct header in front.

The layout of frames and header is that of ISO/IEC 11172-3, section 2.4, and of the Xing header as LAME writes
it.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from moodrec.audio.file_part import FilePart

_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MPEG_1, _LAYER_3, _MONO = 3, 1, 3
_FRAMES_KNOWN, _BYTES_KNOWN = 1, 2
RESYNC: Final = 1 << 16
"""Bytes of damage, or of tags between joined parts, after which a decoder gives up."""
_FARTHEST: Final = 1 << 25
"""Bytes of tags and pictures behind which audio is still searched."""
_SYNC: Final = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_MANY: Final = 8
_ID3_FOOTER: Final = 0x10
_MORE_THAN_SAID: Final = 1.02
_ROOMY_BIT_RATE: Final = 9
# No layer III stream has more frames per second than this.
_FRAMES_A_SECOND: Final = 50


@dataclass(frozen=True)
class _Frame:
    """The content of the four bytes of a frame header."""

    header: bytes
    mpeg: int
    length: int
    """Length of the frame in bytes, header included."""

    def is_like(self, other: _Frame) -> bool:
        """Say whether both may belong to one stream: version, sample rate and mono or not are the same."""
        mine, theirs = self.header, other.header
        same_rate = mine[1] == theirs[1] and mine[2] & 0x0C == theirs[2] & 0x0C
        return same_rate and (mine[3] >> 6 == _MONO) == (theirs[3] >> 6 == _MONO)

    @property
    def side_information(self) -> int:
        """Count the bytes between the header and the frame's data, where a length header starts."""
        mono = self.header[3] >> 6 == _MONO
        return (17 if mono else 32) if self.mpeg == _MPEG_1 else (9 if mono else 17)


def with_length(file: BinaryIO, max_seconds: float) -> BinaryIO:
    """Give a view of an MP3 file that states its length, or the file itself where that is not needed.

    Args:
        file: MPEG audio at any position; in other data, arbitrary bytes might be taken for frames.
        max_seconds: frames beyond this are not counted.

    Returns:
        A file at its start.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        missing = _missing_header(data, int(max_seconds * _FRAMES_A_SECOND) + 1)
    file.seek(0)
    if missing is None:
        return file
    prefix, start = missing
    # The view implements the part of BinaryIO that reading uses.
    return cast(BinaryIO, FilePart(file, start, prefix=prefix))


def _missing_header(data: mmap.mmap, max_frames: int) -> tuple[bytes, int] | None:
    """Give the frame to put before the audio, empty where its own is right, and the position where the audio starts;
    None where the file is right as it is.
    """
    begin, is_standard = _after_tags(data)
    start = first_frame(data, begin)
    first = None if start is None else _frame_at(data, start)
    if start is None or first is None:
        return None
    whole = is_standard and start == begin
    said = _stated_frames(data, start, first)
    if said is None:
        return _header_frame(first, _count_frames(data, start, max_frames)), start
    frames, size = said
    behind = start + first.length
    # Junk in front of the first frame is left out: libsndfile skips it only in a file that is called .mp3.
    as_it_is = None if whole else (b"", start)
    if size * _MORE_THAN_SAID > len(data) - behind:
        return as_it_is
    counted = _count_frames(data, behind, max_frames)
    return as_it_is if counted <= frames * _MORE_THAN_SAID else (_header_frame(first, counted), behind)


def id3_end(data: mmap.mmap | bytes, start: int) -> tuple[int, ...]:
    """Compute where an ID3v2 tag may end.

    The length is stated in four bytes of seven bits each; some programs write four of eight. A footer adds ten
    bytes.

    Args:
        data: the bytes of the file.
        start: where the tag begins, in bytes.

    Returns:
        Positions in bytes, the standard's first; none where the file ends within the header.
    """
    head = data[start : start + 10]
    if len(head) < 10:
        return ()
    length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    first = start + 10 + length
    ends = [first, first + 10] if head[5] & _ID3_FOOTER else [first]
    return (*ends, start + 10 + int.from_bytes(head[6:10]))


def first_frame(data: mmap.mmap | bytes, start: int = 0) -> int | None:
    """Find a place where one frame follows another.

    Beyond as much damage as a decoder tolerates, as behind large pictures whose tag states a wrong length, there
    must be several frames of one kind in a row.

    Args:
        data: the bytes of the file.
        start: position to begin at, in bytes.

    Returns:
        The position in bytes, or None if there is no such place.
    """
    if _is_followed(data, start):
        return start
    place = _resync(data, start)
    if place < len(data):
        return place
    for found in _SYNC.finditer(data, start, start + _FARTHEST):
        if _are_many(data, found.start()):
            return found.start()
    return None


def _is_followed(data: mmap.mmap | bytes, place: int) -> bool:
    frame = _frame_at(data, place)
    return frame is not None and _frame_at(data, place + frame.length) is not None


def _are_many(data: mmap.mmap | bytes, place: int) -> bool:
    """Say whether frames of one kind follow one another from here on."""
    first = _frame_at(data, place)
    frame = first
    for _ in range(_MANY):
        if frame is None or first is None or not frame.is_like(first):
            return False
        place += frame.length
        frame = _frame_at(data, place)
    return True


def _after_tags(data: mmap.mmap) -> tuple[int, bool]:
    """Find the end of the ID3v2 tags at the start of a file, and say whether it is where their lengths say."""
    start, is_standard = 0, True
    while data[start : start + 3] == b"ID3" and (ends := id3_end(data, start)):
        known = next((end for end in ends if _is_followed(data, end) or data[end : end + 3] == b"ID3"), None)
        if known is None:
            return (ends[0] if ends[0] < len(data) else start + 10), is_standard
        is_standard = is_standard and known == ends[0]
        start = known
    return start, is_standard


def _frame_at(data: mmap.mmap | bytes, place: int) -> _Frame | None:
    header = data[place : place + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    mpeg, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if mpeg not in _RATES or layer != _LAYER_3 or bit_rate in (0, 15) or rate == 3:
        return None
    return _Frame(header, mpeg, _length(mpeg, bit_rate, rate) + padding)


def _length(mpeg: int, bit_rate: int, rate: int) -> int:
    if mpeg == _MPEG_1:
        return 144_000 * _KBITS_1[bit_rate] // _RATES[mpeg][rate]
    return 72_000 * _KBITS_2[bit_rate] // _RATES[mpeg][rate]


def _stated_frames(data: mmap.mmap, start: int, first: _Frame) -> tuple[int, int] | None:
    """Read how many frames and bytes the file's own header states; a VBRI header counts as stating all bytes
    there are.
    """
    place = start + 4 + first.side_information
    if data[start + 36 : start + 40] == b"VBRI":
        return 0, len(data)
    if data[place : place + 4] not in (b"Xing", b"Info"):
        return None
    flags, frames, size = (int.from_bytes(data[place + at : place + at + 4]) for at in (4, 8, 12))
    if not flags & _FRAMES_KNOWN:
        return None
    return frames, size if flags & _BYTES_KNOWN else len(data)


def _count_frames(data: mmap.mmap, place: int, max_frames: int) -> int:
    count = 0
    while place < len(data) and count < max_frames:
        frame = _frame_at(data, place)
        if frame is None:
            place = _resync(data, place)
            continue
        count += 1
        place += frame.length
    return count


def _resync(data: mmap.mmap | bytes, place: int) -> int:
    """Find the next place where one frame follows another; the end of the data if none is near."""
    limit = min(len(data), place + RESYNC)
    while (place := data.find(b"\xff", place + 1, limit)) >= 0:
        if _is_followed(data, place):
            return place
    return len(data)


def _header_frame(like: _Frame, frames: int) -> bytes:
    """Make a silent frame that holds a Xing header with a number of frames."""
    rate, side = like.header[2] >> 2 & 3, like.side_information
    header = bytes([0xFF, like.header[1] | 1, _ROOMY_BIT_RATE << 4 | rate << 2, like.header[3]])
    body = header + bytes(side) + b"Xing" + _FRAMES_KNOWN.to_bytes(4) + frames.to_bytes(4)
    return body.ljust(_length(like.mpeg, _ROOMY_BIT_RATE, rate), b"\0")
