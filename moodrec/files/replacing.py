"""Files are written so that a reader sees the old content or the new one, never a part of either."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.files.disk import TEMPORARY, disk_errors, require_room
from moodrec.files.kinds import refuse_device

_LONGEST_SUFFIX: Final = 16
_LARGE: Final = 1 << 20
"""Bytes from which on there must be room before a write begins; smaller writes try."""


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


@contextmanager
def replacing(path: Path, needed: int | None = None, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The temporary file is synced to disk before it is renamed. If the block raises, it is removed and ``path``
    stays as it was.

    Args:
        path: the file to replace; its folder is made if it does not exist.
        needed: bytes that the block writes, where that is known: without room for them, it does not begin.
        mode: who may read and write the file.

    Raises:
        DiskFullError: the disk is full.
        UsageError: ``path`` is a device, a pipe or a socket.
        OSError: it cannot be written to.
    """
    if needed is not None and needed >= _LARGE:
        require_room(path, needed)
    with _beside(path, needed) as temporary, disk_errors(path, needed, temporary):
        yield temporary
        _finish(temporary, mode)
        temporary.replace(path)


@contextmanager
def _beside(path: Path, needed: int | None = None) -> Iterator[Path]:
    """Make an empty file beside another one, and remove it in the end if it is still there."""
    refuse_device(path)
    with disk_errors(path, needed):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because only a rename within one file system is atomic. The name is a short one of its
        # own: that of the file may be as long as a name can be. The suffix stays, because some writers go by it.
        suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=suffix, dir=path.parent)
    temporary = Path(name)
    try:
        with disk_errors(path, needed):
            os.close(handle)
        yield temporary
    finally:
        remove_quietly(temporary)


def _finish(temporary: Path, mode: int) -> None:
    """Bring a file to the disk; mkstemp makes files that only their owner may read."""
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.chmod(mode)


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace the content of a file in one step.

    Args:
        path: the file; its folder is made if it does not exist.
        data: the new content.
        mode: who may read and write the file.

    Raises:
        DiskFullError, OSError: the file cannot be written; it stays as it was.
    """
    with replacing(path, len(data), mode) as temporary:
        temporary.write_bytes(data)


def write_together(contents: Sequence[tuple[Path, bytes]]) -> None:
    """Replace several files of one folder, none before all of the new ones are on the disk.

    Args:
        contents: files and their contents, in the order in which they are replaced; one may come several times.

    Raises:
        DiskFullError, OSError: one cannot be written; all stay as they were.
    """
    require_room(contents[0][0], sum(len(data) for _, data in contents))
    with ExitStack() as afterwards:
        fresh = []
        for path, data in contents:
            temporary = afterwards.enter_context(_beside(path, len(data)))
            fresh.append((temporary, path))
            with disk_errors(path, len(data), temporary):
                temporary.write_bytes(data)
                _finish(temporary, 0o644)
        for temporary, path in fresh:
            with disk_errors(path):
                temporary.replace(path)
