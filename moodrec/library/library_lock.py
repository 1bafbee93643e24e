"""The right to change a library, which must lie where it was opened: nobody would find what goes into a moved one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moodrec.errors import ConflictError, UsageError
from moodrec.library.place import DATABASE
from moodrec.lock import WriterLock


class LibraryLock(WriterLock):
    """The lock of a library that knows the library's file, as the system does, from when it was opened."""

    def __init__(self, folder: Path) -> None:
        """Remember the file of the library in a folder."""
        super().__init__(folder / "lock")
        self._database = folder / DATABASE
        self.identity = _identity(self._database)
        """The numbers by which the system knows the file; None where there is none."""

    def is_file_of(self, path: Path) -> bool:
        """Say whether a path leads to the library's own file."""
        return self.identity is not None and _identity(path) == self.identity

    def acquire(self) -> None:
        """Take the lock, as :meth:`WriterLock.acquire` does.

        Raises:
            StoreLockedError, CorruptStoreError, DiskFullError: as there.
            ConflictError: the library was moved, removed or replaced.
        """
        self._require(self.held)
        super().acquire()
        try:
            self._require()
        except ConflictError:
            self.release()
            raise

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Check before a change and after it that the lock is held, and that the library lies where it did.

        Raises:
            UsageError: the lock is not held.
            ConflictError: the library was moved, removed or replaced; the change is not in the one that is there.
        """
        if not self.held:
            raise UsageError("to change a library, hold its lock: with library.writer(): ...")
        self._require()
        yield
        self._require()

    def _require(self, locked: bool = True) -> None:
        """Refuse to go on in a library that is not there any more; if ``locked``, the lock must be its own."""
        if (locked and not self.in_place) or _identity(self._database) != self.identity:
            raise ConflictError(
                f"{self._database.parent}: the library was moved away or replaced while it was open, and what "
                "follows would not be in the one that is there; open it anew"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
