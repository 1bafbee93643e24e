"""What is at a path: links, devices and pipes are refused where a file is read or replaced."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from moodrec.errors import CorruptStoreError, UsageError

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
"""For ``os.open``: fail where the path is a symbolic link."""
NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0)
"""For ``os.open``: opening a pipe would wait for its other end, which may never come."""
_READING: Final = os.O_RDONLY | NO_WAITING | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def is_there(path: Path) -> bool:
    """Say whether a path leads to something; a link to a name that no file can have, and a loop of links, do not."""
    return os.path.exists(path)  # noqa: PTH110  (Path's raises where the name is too long)


def refuse_link(path: Path) -> None:
    """Refuse a symbolic link in a place of a store where moodrec writes: it would write to another place.

    Raises:
        CorruptStoreError: ``path`` is one.
    """
    if path.is_symlink():
        raise CorruptStoreError(
            f"{path}: is a link, and inside a library or an index none is followed; put what it points to there"
        )


def refuse_irregular(path: Path) -> None:
    """Refuse a folder, a pipe, a device or a socket in the place of a file of a store that is to be replaced.

    Raises:
        CorruptStoreError: ``path`` is one, or a link to one.
    """
    if is_there(path) and not path.is_file():
        raise CorruptStoreError(f"{path}: is no regular file; check what it is, and move it away")


def refuse_device(path: Path) -> None:
    """Refuse a device, a pipe, a socket or a folder where a file is to be replaced: a rename would put a file in its
    place, or fail after everything was written.

    A link to one is refused too; a link to a file is replaced by the new file.

    Raises:
        UsageError: ``path`` exists and is no file.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # there is nothing, or what writes will say why there cannot be
        return
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a folder; name a file")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path}: is a device or a pipe, and files are replaced whole; name a file")


def make_mark(path: Path) -> None:
    """Make an empty file, unless something has the name already, which stays as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o644))


def open_regular(path: Path, flags: int = 0) -> int:
    """Open a file for reading that may be a stranger's, and give its descriptor.

    Args:
        path: the file, or a link to one.
        flags: for ``os.open`` beside those for reading, such as :data:`NO_LINKS`.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        CorruptStoreError: it is a folder, a pipe, a device or a socket, or a link that leads to itself.
    """
    try:
        _require_regular(path, path.stat())  # opening a device may do things
        descriptor = os.open(path, _READING | flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            raise CorruptStoreError(f"{path}: is a link, and leads to no file here; remove it") from None
        raise
    with ExitStack() as on_failure:
        on_failure.callback(os.close, descriptor)
        _require_regular(path, os.fstat(descriptor))
        on_failure.pop_all()
    return descriptor


def _require_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CorruptStoreError(f"{path}: is no regular file")


@contextmanager
def opened_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a file as :func:`open_regular` does, and close it when the block ends."""
    with os.fdopen(open_regular(path), "rb") as file:
        yield file


def read_regular(path: Path, most: int) -> bytes:
    """Read a file that may be a stranger's: pipes and devices, which may never end, are refused.

    Args:
        path: the file, or a link to one.
        most: the greatest size that it may have, in bytes; of a larger one, nothing is read.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        CorruptStoreError: it is no regular file, or larger.
    """
    with opened_regular(path) as file:
        if os.fstat(file.fileno()).st_size <= most:
            content = file.read(most + 1)
            if len(content) <= most:  # it may have grown meanwhile
                return content
    size = f"{most >> 20:,} MiB" if most >= 1 << 20 else f"{most:,} bytes"
    raise CorruptStoreError(f"{path}: is larger than {size}, which none is")
