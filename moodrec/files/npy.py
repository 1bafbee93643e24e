"""``.npy`` files are written whole, all rows at once or as they come."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

UNREADABLE: Final = (
    ValueError,
    TypeError,
    EOFError,
    SyntaxError,
    TokenError,
    MemoryError,
    RecursionError,
    struct.error,
)
"""What NumPy raises where a header cannot be parsed as the Python literal that it should be."""
UNREADABLE_ARCHIVE: Final = (
    *UNREADABLE,
    OSError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What it raises for a ``.npz`` file that is damaged, or none."""

_AT_ONCE: Final = 1 << 26
"""Bytes that are written at a time."""
_MOST_ROWS: Final = 1 << 48
_BEFORE_TEXT: Final = 10
"""Bytes of a ``.npy`` file before the text that describes its array."""


def write_array(path: Path, *parts: NDArray[Any]) -> None:
    """Write a ``.npy`` file, byte for byte as NumPy does, which does not notice that a disk is full.

    Args:
        path: the file.
        parts: one array, or several of one type and row length that follow one another in the file: of numbers, truth
            values or texts of a fixed length.

    Raises:
        OSError: the file cannot be written.
    """
    import numpy as np

    first = np.ascontiguousarray(parts[0])
    shape = (sum(map(len, parts)), *first.shape[1:]) if len(parts) > 1 else first.shape
    with path.open("wb", buffering=0) as file:
        _write_whole(file, memoryview(_header_of(first.dtype, shape)))
        for part in parts:
            _write_whole(file, np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)


class RowWriter:
    """Writes the rows of a matrix to a ``.npy`` file as they come, without knowing how many there will be."""

    def __init__(self, path: Path, dtype: DTypeLike, length: int) -> None:
        """Open the file, with room for its header.

        Args:
            path: the file, which is an array when the ``with`` block has ended.
            dtype: the type of the numbers.
            length: how many a row has.
        """
        import numpy as np

        self._dtype, self._length, self._rows = np.dtype(dtype), length, 0
        self._file = path.open("wb", buffering=0)
        self._room = len(_header_of(self._dtype, (_MOST_ROWS, length)))
        self._file.write(bytes(self._room))

    def append(self, rows: NDArray[Any]) -> None:
        """Write (m, length) rows after those before them.

        Raises:
            OSError: the file cannot be written.
        """
        import numpy as np

        whole = np.ascontiguousarray(rows, self._dtype).reshape(-1, self._length)
        _write_whole(self._file, whole.reshape(-1).view(np.uint8).data)
        self._rows += len(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Write how many rows there are, without which the file is no array, and close it."""
        self._file.seek(0)
        self._file.write(_header_of(self._dtype, (self._rows, self._length), self._room))
        self._file.close()


def _header_of(dtype: Any, shape: tuple[int, ...], room: int = 0) -> bytes:
    """Make the beginning of a ``.npy`` file, ``room`` bytes long if that is not 0."""
    from numpy.lib import format as npy

    header = io.BytesIO()
    facts = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(header, facts)
    text = header.getvalue()
    if not room:
        return text
    # The length of the text stands before it in two bytes, and blanks fill it up to its last line break.
    body = text[_BEFORE_TEXT:].rstrip().ljust(room - _BEFORE_TEXT - 1) + b"\n"
    return text[: _BEFORE_TEXT - 2] + len(body).to_bytes(2, "little") + body


def _write_whole(file: IO[bytes], content: memoryview) -> None:
    """Write all of some bytes; the system may take fewer at a time."""
    while len(content):
        content = content[file.write(content[:_AT_ONCE]) :]
