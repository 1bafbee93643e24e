"""Only one process writes to a store at a time: a lock file guards it, and frees itself when its holder dies."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from moodrec.errors import StoreLockedError

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

    def acquire(self) -> None:
        """Take the lock, or raise the count of its holder by one.

        Raises:
            StoreLockedError: another process holds it; the message names the process.
        """
        if self._depth == 0:
            self._descriptor = self._take()
        self._depth += 1

    def release(self) -> None:
        """Undo one :meth:`acquire`; the last one gives the lock back."""
        self._depth -= 1
        if self._depth == 0 and self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _try_lock(descriptor)
        except OSError:
            holder = os.pread(descriptor, 1000, 0) if hasattr(os, "pread") else b""
            os.close(descriptor)
            raise StoreLockedError(self._message(holder.decode("utf-8", "replace"))) from None
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with suppress(OSError):  # on a full disk the lock holds all the same, without its text
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        return descriptor

    def _message(self, holder: str) -> str:
        return f"{self._path.parent}: {holder or 'another process'} is writing; wait for it, or stop it"
