"""What is at a path: links, devices and pipes are refused where a file is read or replaced."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, UsageError

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


def refuse_device(path: Path) -> None:
    """Refuse a device, a pipe or a socket where a file is to be replaced: a rename would put a file in its place.

    A link to one is refused too; a link to a file is replaced by the new file.

    Raises:
        UsageError: ``path`` exists and is neither a file nor a folder.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # there is nothing, or what writes will say why there cannot be
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a device or a pipe, and files are replaced whole; name a file")


def make_mark(path: Path) -> None:
    """Make an empty file, unless something has the name already, which stays as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o644))


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
