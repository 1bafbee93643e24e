"""Holding a version while it is being opened, so that no writer removes its files meanwhile.

A reader takes a shared lock on the version's manifest, which the operating system releases when the process ends. A
writer removes an old version only under an exclusive lock on its manifest. Once a reader has opened or mapped the
files, it needs the lock no longer: the system keeps removed files as long as they are open. Where a file system
has no such locks, old versions stay for ten minutes.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.files.kinds import NO_LINKS, NO_WAITING, open_regular, refuse_link
from moodrec.index.storage.manifest import MANIFEST

if sys.platform != "win32":
    import fcntl

_GRACE_S: Final = 600.0
"""Seconds that a version stays after it was written, where no lock tells whether it is being opened."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a version from being removed inside a ``with`` block.

    Raises:
        FileNotFoundError: the version has been removed already.
        CorruptStoreError: its manifest is a link, a folder, a pipe or a device.
    """
    path = folder / MANIFEST
    refuse_link(path)
    try:
        descriptor = open_regular(path, NO_LINKS)
    except NotADirectoryError:
        raise CorruptStoreError(f"{folder}: is no folder, and a version of an index is one") from None
    try:
        if sys.platform != "win32":
            with suppress(OSError):  # no locks on this file system: the grace period protects the reader
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        # The manifest may have been removed between opening and locking it.
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        yield
    finally:
        os.close(descriptor)


def remove_if_free(folder: Path) -> None:
    """Remove a version that is not the current one, unless a reader may be opening it, or it is a link."""
    if folder.is_symlink():
        return
    try:
        descriptor = os.open(folder / MANIFEST, os.O_RDONLY | NO_LINKS | NO_WAITING)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)  # an earlier removal was interrupted
        return
    except OSError:
        return
    try:
        if _nobody_holds(descriptor):
            _remove(folder)
    finally:
        os.close(descriptor)


def _nobody_holds(descriptor: int) -> bool:
    """Whether no reader holds the version; the exclusive lock stays until the file is closed."""
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
    """Remove a version, its manifest first, without which the other files are no version any more."""
    with suppress(OSError):
        (folder / MANIFEST).unlink()
    shutil.rmtree(folder, ignore_errors=True)
