"""Only one process writes to a store at a time: a lock file guards it, and frees itself when its holder dies."""

from __future__ import annotations

import os
import re
import socket
import stat
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, StoreLockedError
from moodrec.files.disk import disk_errors
from moodrec.files.kinds import NO_LINKS, NO_WAITING

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        # The locked byte lies beyond the text, because Windows forbids reading a locked range.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_OURS: Final = re.compile(rb"process \d+ on [^\n]*")
"""The text of a lock file; anything else in its place was not written by moodrec."""
_MOST_TEXT: Final = 1000


class WriterLock:
    """A lock that the operating system releases when the process ends; its holder can take it several times."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._depth = 0

    @property
    def held(self) -> bool:
        """Say whether this object holds the lock."""
        return self._depth > 0

    @property
    def in_place(self) -> bool:
        """Say whether the lock is held, and its file still lies where it was taken; its folder may be replaced."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except FileNotFoundError:
            return False

    def acquire(self) -> None:
        """Take the lock, or raise the count of its holder by one.

        Raises:
            StoreLockedError: another process holds it; the message names the process.
            CorruptStoreError: in the place of the lock file there is a link, or a file that moodrec did not write.
            DiskFullError: the disk has no room for the lock file.
        """
        if self._depth == 0:
            with disk_errors(self._path):
                self._descriptor = self._take()
        self._depth += 1

    def release(self) -> None:
        """Undo one :meth:`acquire`; the last one gives the lock back."""
        self._depth -= 1
        if self._depth == 0 and self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            # What was written under the lock is on the disk; text that stays is taken for a dead writer's.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            with suppress(OSError):
                os.close(descriptor)

    def _take(self) -> int:
        descriptor = self._opened()
        with ExitStack() as on_failure:
            on_failure.callback(os.close, descriptor)
            text = self._text_of(descriptor)
            try:
                _try_lock(descriptor)
            except OSError:
                raise StoreLockedError(self._message(text.decode("utf-8", "replace"))) from None
            on_failure.pop_all()
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with suppress(OSError):  # on a full disk the lock holds all the same, without its text
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        return descriptor

    def _opened(self) -> int:
        """Open the lock file, which is made if there is none; a link in its place is not followed."""
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | NO_LINKS | NO_WAITING, 0o644)
        except OSError:
            if self._path.is_symlink() or (self._path.exists() and not self._path.is_file()):
                raise self._foreign() from None
            raise

    def _text_of(self, descriptor: int) -> bytes:
        """Read what the lock file says, which moodrec must have written: it is about to be replaced."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_TEXT or self._path.is_symlink():
            raise self._foreign()
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, _MOST_TEXT)
        if text and not _OURS.fullmatch(text):
            raise self._foreign()
        return text

    def _foreign(self) -> CorruptStoreError:
        return CorruptStoreError(
            f"{self._path}: is not a lock file of moodrec; check what it is, and move it away"
        )

    def _message(self, holder: str) -> str:
        return f"{self._path.parent}: {holder or 'another process'} is writing; wait for it, or stop it"
