"""Files are written so that a reader sees the old content or the new one, never a part of either."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, DiskFullError, MoodrecError

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
"""For ``os.open``: fail where the path is a symbolic link."""


def refuse_link(path: Path) -> None:
    """Refuse a symbolic link in a place of a store where moodrec writes: it would write to another place.

    Raises:
        CorruptStoreError: ``path`` is one.
    """
    if path.is_symlink():
        raise CorruptStoreError(
            f"{path}: is a link, and inside a library or an index none is followed; put what it points to there"
        )


def make_mark(path: Path) -> None:
    """Make an empty file, unless something has the name already, which stays as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o644))


TEMPORARY: Final = ".moodrec-"
"""Names of temporary files begin so; the dot hides them from scans."""
_LONGEST_SUFFIX: Final = 16


def remove_quietly(path: Path) -> None:
    """Remove a file where that works: cleaning up after an error must not raise another one over it."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """Give a short hidden name in a file's folder that is always the same for the file, so that what a killed run
    left is replaced; the suffix stays.
    """
    digest = hashlib.blake2b(os.fsencode(path.name), digest_size=8).hexdigest()
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return path.with_name(f"{TEMPORARY}{digest}{suffix}")


_FULL: Final = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)
)
_FULL_WORDS: Final = re.compile("No space left on device|Disk quota exceeded|File too large")
_SHORT_WRITE: Final = re.compile(r"(\d+) requested and (\d+) written")


def disk_full(place: Path, needed: int | None = None) -> DiskFullError:
    """Make the error that says that a disk is full.

    Args:
        place: where was to be written.
        needed: bytes, where that is known.
    """
    room = "there is no room for what is to be written" if needed is None else f"{_mb(needed)} are needed"
    return DiskFullError(f"{place}: the disk is full: {room}, and {_mb(_free(place))} are free")


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
def disk_errors(place: Path, needed: int | None = None) -> Iterator[None]:
    """Translate what the system, NumPy and Arrow say of a full disk into one error.

    Args:
        place: where the block writes.
        needed: bytes that it writes, where that is known.

    Raises:
        DiskFullError: the disk is full.
        MoodrecError: NumPy wrote a part of an array, for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or _FULL_WORDS.search(str(error)):
            raise disk_full(place, needed) from error
        if short := _SHORT_WRITE.search(str(error)):  # NumPy does not say why
            missing = int(short[1]) - int(short[2])
            if _free(place) < max(missing, 1 << 20) * 16:
                raise disk_full(place, needed) from error
            raise MoodrecError(f"{place}: the disk cannot be written to ({error})") from error
        raise


def _free(place: Path) -> int:
    there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The temporary file is synced to disk before it is renamed. If the block raises, it is removed and ``path``
    stays as it was.

    Raises:
        DiskFullError: the disk is full.
    """
    with disk_errors(path), _replacing(path) as temporary:
        yield temporary


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because only a rename within one file system is atomic. The name is a short one of its own:
    # that of the file may be as long as a name can be. The suffix stays, because some writers go by it.
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
        temporary.replace(path)
    finally:
        remove_quietly(temporary)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of a file in one step.

    Args:
        path: the file; its folder is made if it does not exist.
        data: the new content.

    Raises:
        DiskFullError, OSError: the file cannot be written; it stays as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_regular(path: Path, most: int) -> bytes:
    """Read a file that may be a stranger's: pipes and devices, which may never end, are refused.

    Args:
        path: the file, or a link to one.
        most: the greatest size that it may have, in bytes.

    Raises:
        FileNotFoundError: there is none.
        CorruptStoreError: it is no regular file, or larger.
    """
    if path.exists() and not path.is_file():
        raise CorruptStoreError(f"{path}: is no regular file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise CorruptStoreError(f"{path}: is larger than {most >> 20:,} MiB, which none is")
    return content
