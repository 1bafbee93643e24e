"""The pages of an Ogg file tell whether it is whole, and where one stream ends and the next begins.

Streams of internet radio, and joined files, are chains: one logical stream behind another. Layout: RFC 3533, section
6.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_MARK: Final = b"OggS"
_FIXED: Final = 27
_FIRST, _LAST = 2, 4
_NO_GRANULE: Final = (1 << 64) - 1
_VORBIS, _OPUS = b"\x01vorbis", b"OpusHead"
_OPUS_RATE: Final = 48_000
NEGLIGIBLE_S: Final = 0.1
"""Seconds that may be missing at the end of a file that still counts as whole."""


@dataclass(frozen=True)
class OggLayout:
    """Where the chained streams of a file begin, and whether its end is there."""

    links: tuple[tuple[int, int], ...]
    """First byte, and the one behind the last, of each stream."""
    complete: bool


@dataclass(frozen=True)
class _Page:
    place: int
    end: int
    """Where it should end: beyond the file's end if it was cut."""
    flags: int
    granule: int


def ogg_layout(file: BinaryIO) -> OggLayout:
    """Read the headers of all pages; the file is left at its start."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts: list[int] = []
        page, before, rate = None, 0, 0
        for following in _pages(data):
            if following.flags & _FIRST and (page is None or not page.flags & _FIRST):
                starts.append(following.place)
                rate, before = _rate(data, following) or rate, 0
            elif page is not None and page.granule != _NO_GRANULE and not page.flags & _FIRST:
                before = page.granule
            page = following
        complete = page is not None and _is_end(page, len(data), before, rate)
        starts = starts or [0]  # a damaged header may mark no page as the first of a stream
        ends = [*starts[1:], len(data)]
    file.seek(0)
    return OggLayout(tuple(zip(starts, ends, strict=True)), complete)


def _is_end(page: _Page, size: int, before: int, rate: int) -> bool:
    """Say whether the last page is there: a page that is marked as the last may lack what is not missed.

    A recording of a stream ends without that mark, but with a page that is complete.
    """
    if page.end <= size:
        return True
    lost = (page.granule - before) / rate if rate and page.granule != _NO_GRANULE else float("inf")
    return bool(page.flags & _LAST) and lost <= NEGLIGIBLE_S


def _pages(data: mmap.mmap) -> Iterator[_Page]:
    place = data.find(_MARK)
    while place >= 0:
        header = data[place : place + _FIXED]
        if len(header) < _FIXED:
            # The header itself is cut; what it began is missing.
            yield _Page(place, len(data) + 1, 0, _NO_GRANULE)
            return
        sizes = data[place + _FIXED : place + _FIXED + header[26]]
        end = place + _FIXED + header[26] + sum(sizes)
        if len(sizes) < header[26]:
            end = len(data) + 1
        yield _Page(place, end, header[5], int.from_bytes(header[6:14], "little"))
        place = (
            end if data[end : end + 4] == _MARK else data.find(_MARK, place + 4 if end > len(data) else end)
        )


def _rate(data: mmap.mmap, page: _Page) -> int:
    """Give the positions a second that a stream counts in, in Hz; 0 where its codec is not known here."""
    packet = data[page.place + _FIXED + data[page.place + 26] :][:16] if page.end <= len(data) else b""
    if packet.startswith(_OPUS):
        return _OPUS_RATE
    return int.from_bytes(packet[12:16], "little") if packet.startswith(_VORBIS) else 0
