"""Checksums of large memory-mapped files, taken while the index is in use already."""

from __future__ import annotations

from threading import Event, Thread
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.index.store import Version

_DELAY_S: Final = 1.0
"""A first answer is on its way."""


class LateCheck:
    """Reads some files of a version in a thread of its own, a moment later; the process may end before it has."""

    def __init__(self, version: Version, names: frozenset[str]) -> None:
        """Begin."""
        self._version, self._names = version, names
        self._error: CorruptStoreError | None = None
        self._finished = False
        self._hurry = Event()
        self._thread = Thread(target=self._run_later, name="moodrec-checksums", daemon=True)
        self._thread.start()

    def _run_later(self) -> None:
        self._hurry.wait(_DELAY_S)
        self._run()

    def _run(self) -> None:
        try:
            self._version.verify(self._names, threads=1)
        except CorruptStoreError as error:
            self._error = error
        except FileNotFoundError:  # a writer has replaced the version; what is mapped stays as it was
            pass
        self._finished = True

    def raise_if_damaged(self) -> None:
        """Say so if damage has been seen by now.

        Raises:
            CorruptStoreError: it has.
        """
        if self._error is not None:
            raise CorruptStoreError(str(self._error))

    def wait(self) -> None:
        """Wait for the end, before anything is written that rests on those files.

        Raises:
            CorruptStoreError: a file is damaged.
        """
        self._hurry.set()
        self._thread.join()
        if not self._finished:  # the thread was left behind when this process was forked
            self._run()
        self.raise_if_damaged()
