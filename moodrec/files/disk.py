"""Errors of the system are told in one sentence each, a full disk above all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import DiskFullError, MoodrecError

TEMPORARY: Final = ".moodrec-"
"""Names of temporary files begin so; the dot hides them from scans."""
UNFINISHED: Final = ".writing-"
"""Names of unfinished versions of an index begin so."""
_MB_FROM: Final = 100_000
_FULL: Final = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)
)
_FULL_WORDS: Final = re.compile("No space left on device|Disk quota exceeded|File too large")
_SHORT_WRITE: Final = re.compile(r"(\d+) requested and (\d+) written")


def disk_full(
    place: Path, needed: int | None = None, at_least: int = 0, why: int = errno.ENOSPC
) -> DiskFullError:
    """Make the error that says that a disk is full.

    Args:
        place: where was to be written.
        needed: bytes, where that is known.
        at_least: bytes that were written before the disk was full; the caller removes them again.
        why: the number of the system's error.
    """
    free = _amount(_free(place) + at_least)
    if needed is not None:
        room = f"{_amount(needed)} are needed"
    elif at_least:
        room = f"more than {_amount(at_least)} are needed"
    else:
        room = "there is no room for what is to be written"
    if why == errno.EFBIG:
        return DiskFullError(f"{place}: the disk takes no file of this size: {room}, and {free} are free")
    if why == getattr(errno, "EDQUOT", None):
        return DiskFullError(f"{place}: your share of the disk is full: {room}, and {free} are free in all")
    return DiskFullError(f"{place}: the disk is full: {room}, and {free} are free")


def is_disk_full(error: OSError) -> bool:
    """Say whether an error of the system, or one that Arrow or NumPy made of it, means that a disk is full."""
    return error.errno in _FULL or _FULL_WORDS.search(str(error)) is not None


def explained(error: OSError) -> MoodrecError:
    """Make one of moodrec's errors of an error of the system: a full disk, or the file and what is wrong with it."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    if is_disk_full(error):
        return disk_full(Path(place or os.curdir), why=_reason(error))
    reason = error.strerror or str(error)
    if error.errno == errno.ENOENT and not place and not _working_folder_is_there():
        reason = "the working directory is gone; change to one that is there"
    return MoodrecError(f"{place}: {reason}" if place else reason)


def _working_folder_is_there() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def require_room(place: Path, needed: int) -> None:
    """Refuse to begin a large write where there is no room for it.

    Args:
        place: where it will be written; it need not exist yet.
        needed: bytes.

    Raises:
        DiskFullError: fewer are free.
    """
    if _free(place) < needed:
        raise disk_full(place, needed)


@contextmanager
def disk_errors(place: Path, needed: int | None = None, written: Path | None = None) -> Iterator[None]:
    """Translate what the system, NumPy and Arrow say of a full disk into one error, and name the place in others.

    Args:
        place: where the block writes.
        needed: bytes that it writes, where that is known.
        written: the unfinished file, where there is one; its size is the least that is needed.

    Raises:
        DiskFullError: the disk is full.
        MoodrecError: NumPy wrote a part of an array, or Arrow failed, for another reason.
        OSError: any other error of the system; it names a file.
    """
    try:
        yield
    except OSError as error:
        at_least = 0 if written is None else _size(written)
        if is_disk_full(error):
            raise disk_full(place, needed, at_least, _reason(error)) from error
        if short := _SHORT_WRITE.search(str(error)):  # NumPy does not say why
            missing = int(short[1]) - int(short[2])
            if _free(place) < max(missing, 1 << 20) * 16:
                raise disk_full(place, needed, at_least) from error
            raise MoodrecError(f"{place}: the disk cannot be written to ({error})") from error
        if type(error) is OSError and error.errno is None:  # Arrow's; fsspec raises subclasses
            raise MoodrecError(f"{place}: the disk cannot be written to ({error})") from error
        if error.errno is not None and (error.filename is None or _is_temporary(error.filename)):
            raise OSError(error.errno, error.strerror, str(place)) from error
        raise


def size_below(folder: Path) -> int:
    """Sum up the sizes of the files below a folder, as far as they are there: others may write and remove some."""
    size = 0
    for place, _, names in os.walk(folder):  # passes over what it cannot read
        for name in names:
            with suppress(OSError):
                status = Path(place, name).lstat()
                size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return size


def _is_temporary(name: object) -> bool:
    """Say whether a name is that of an unfinished file or folder, which says nothing to users."""
    if not isinstance(name, str | bytes):
        return False
    return Path(os.fsdecode(name)).name.startswith((TEMPORARY, UNFINISHED))


def _reason(error: OSError) -> int:
    """The number of an error; Arrow's have it in their words alone."""
    if error.errno in _FULL:
        return int(error.errno or 0)
    words = {"quota": "EDQUOT", "too large": "EFBIG"}
    named = (number for word, number in words.items() if word in str(error))
    return int(getattr(errno, next(named, "ENOSPC"), errno.ENOSPC))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _free(place: Path) -> int:
    there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _amount(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= _MB_FROM else f"{size / 1e3:,.1f} kB"
