"""A part of a file is given to a decoder as if it were a file of its own."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class FilePart(io.RawIOBase):
    """The bytes from ``start`` to ``end`` of a file, with other bytes before them."""

    def __init__(self, file: BinaryIO, start: int = 0, end: int | None = None, prefix: bytes = b"") -> None:
        """Make a view of a file, which keeps no position of its own in it.

        Args:
            file: the file, open for reading.
            start: position of the first byte of the part.
            end: position behind its last byte; None is the end of the file.
            prefix: bytes to put before the part.
        """
        self._file, self._prefix, self._start = file, prefix, start
        last = file.seek(0, os.SEEK_END)
        self._size = len(prefix) + max(0, (last if end is None else min(end, last)) - start)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._size - self._place)]
        head = self._prefix[self._place : self._place + len(view)]
        view[: len(head)] = head
        tail = b""
        if len(head) < len(view):
            self._file.seek(self._start + self._place + len(head) - len(self._prefix))
            tail = self._file.read(len(view) - len(head))
            view[len(head) : len(head) + len(tail)] = tail
        self._place += len(head) + len(tail)
        return len(head) + len(tail)


def file_from(file: BinaryIO, start: int) -> BinaryIO:
    """Give a file from a position on; the file itself where that is its start.

    Args:
        file: the file, open for reading.
        start: the position in bytes.
    """
    # The view implements the part of BinaryIO that reading uses.
    return cast(BinaryIO, FilePart(file, start)) if start else file


def is_at_end(source: BinaryIO) -> bool:
    """Say whether a decoder that failed has read a source to its end; damage within stops it earlier."""
    place = source.tell()
    end = source.seek(0, os.SEEK_END)
    source.seek(place)
    return place >= end
