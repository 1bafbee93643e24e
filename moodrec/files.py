"""Files are written so that a reader sees the old content or the new one, never a part of either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError

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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The temporary file is synced to disk before it is renamed. If the block raises, it is removed and ``path``
    stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because only a rename within one file system is atomic.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of a file in one step.

    Args:
        path: the file; its folder is made if it does not exist.
        data: the new content.

    Raises:
        OSError: the file cannot be written; it stays as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)
