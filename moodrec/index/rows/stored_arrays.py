"""Arrays of an index's files, which may be a stranger's, are checked before anything computes with them.

A checksum shows that a file is what its writer wrote; it does not show that the writer meant well. So shape, type and
range of every array are checked, and no more is allocated than the file holds.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from moodrec.errors import CorruptStoreError
from moodrec.files.npy import UNREADABLE, UNREADABLE_ARCHIVE

_AT_ONCE: Final = 1 << 20
"""Numbers that are checked at a time."""


def damaged(path: Path, what: str) -> CorruptStoreError:
    """Make the error for a file whose content cannot be used.

    Args:
        path: the path of the file.
        what: what is wrong with it.
    """
    return CorruptStoreError(f"{path}: {what}; build the index anew")


def read_array(path: Path, mapped: bool = False) -> NDArray[Any]:
    """Read a ``.npy`` file.

    Args:
        path: the file.
        mapped: whether to map it into memory instead of reading it.

    Raises:
        CorruptStoreError: it is none, or its header promises another size than it has.
    """
    try:
        with path.open("rb") as file:
            shape, dtype = _header(file, path)
            if file.tell() + math.prod(shape) * dtype.itemsize != path.stat().st_size:
                raise damaged(path, "the array has another size than its header says")
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except UNREADABLE as error:
        raise damaged(path, f"no array can be read ({error})") from None
    return array


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read a ``.npz`` file whose arrays lie in it as they are, so that it holds no more than its size.

    Raises:
        CorruptStoreError: it is none, its arrays are packed, or a header promises another size.
    """
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = path.stat().st_size
            if any(one.compress_type != zipfile.ZIP_STORED or one.file_size > size for one in members):
                raise damaged(path, "its arrays are packed, or larger than the file")
            if sum(one.file_size for one in members) > size:
                raise damaged(path, "its arrays lie over one another")
            for one in members:
                with archive.open(one) as file:
                    found[one.filename.removesuffix(".npy")] = _member(file, one.file_size, path)
    except UNREADABLE_ARCHIVE as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise damaged(path, f"no arrays can be read ({error})") from None
    return found


def _member(file: IO[bytes], size: int, path: Path) -> NDArray[Any]:
    shape, dtype = _header(file, path)
    if file.tell() + math.prod(shape) * dtype.itemsize != size:
        raise damaged(path, "an array has another size than its header says")
    if not math.prod(shape) or not dtype.itemsize:
        return np.empty(shape, dtype)
    return np.frombuffer(bytearray(file.read()), dtype).reshape(shape)


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise damaged(path, "the array has an unknown format")
    shape, by_columns, dtype = readers[version](file)
    if by_columns and len(shape) > 1:
        raise damaged(path, "the array does not lie row by row")
    if dtype.kind not in "biufU" or any(length < 0 for length in shape):
        raise damaged(path, f"arrays of {dtype} do not belong there")
    return shape, dtype


def require(
    path: Path,
    name: str,
    array: NDArray[Any],
    dtype: DTypeLike,
    shape: tuple[int | None, ...],
    within: tuple[float, float] | None = None,
) -> None:
    """Check an array's type, shape and range.

    Args:
        path: its file, for messages.
        name: its name, for messages.
        array: the array.
        dtype: the type that it must have.
        shape: lengths that it must have; None stands for any.
        within: the least and the greatest value that it may hold; floats must be finite in any case.

    Raises:
        CorruptStoreError: it has another one.
    """
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if array.dtype != np.dtype(dtype) or not fits:
        raise damaged(path, f"{name} is {array.dtype} {array.shape}")
    if not array.size:
        return
    low, high = array.min(), array.max()
    if array.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
        raise damaged(path, f"{name} holds numbers that are not finite")
    if within is not None and (low < within[0] or high > within[1]):
        raise damaged(path, f"{name} holds values out of range")


def all_finite(array: NDArray[Any]) -> bool:
    """Whether every number of an array of floats is finite; a large array is read in parts."""
    flat = array.reshape(-1)
    return all(np.isfinite(flat[i : i + _AT_ONCE]).all() for i in range(0, len(flat), _AT_ONCE))
