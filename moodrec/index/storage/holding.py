"""Holding a version while it is being opened, so that no writer removes it meanwhile.

A reader takes a shared lock on the version's manifest, which the operating system drops with the process. A writer
removes an old version only under an exclusive lock on it. Where the file system has no such locks, old versions stay
for ten minutes.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.index.storage.manifest import MANIFEST

if sys.platform != "win32":
    import fcntl

_GRACE_S: Final = 600.0
"""How long a version stays after it was written, where nobody can tell whether it is being opened."""
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for its other end


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a version from being removed.

    Raises:
        FileNotFoundError: it has been removed already.
    """
    path = folder / MANIFEST
    descriptor = os.open(path, os.O_RDONLY | _NO_LINKS | _NO_WAITING)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CorruptStoreError(f"{path}: is no regular file")
        if sys.platform != "win32":
            with suppress(OSError):  # no locks on this file system: the grace period protects the reader
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        yield
    finally:
        os.close(descriptor)


def remove_if_free(folder: Path) -> None:
    """Remove a version that is not the current one, unless somebody may be opening it, or it is a link."""
    if folder.is_symlink():
        return
    try:
        descriptor = os.open(folder / MANIFEST, os.O_RDONLY | _NO_LINKS)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)  # a removal that was cut short
        return
    except OSError:
        return
    try:
        if _nobody_holds(descriptor):
            _remove(folder)
    finally:
        os.close(descriptor)


def _nobody_holds(descriptor: int) -> bool:
    if sys.platform == "win32":  # where open files cannot be removed
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(descriptor).st_mtime > _GRACE_S
    return True


def _remove(folder: Path) -> None:
    """Remove a version, its manifest first: what is left of it then is no version any more."""
    with suppress(OSError):
        (folder / MANIFEST).unlink()
    shutil.rmtree(folder, ignore_errors=True)
