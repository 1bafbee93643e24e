"""Checksums of large memory-mapped files, taken while the index is in use already."""

from __future__ import annotations

from threading import Event, Thread
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.index.storage.checksums import damage_message
from moodrec.index.storage.store import Version

_DELAY_S: Final = 1.0
"""A first answer is on its way."""


class LateCheck:
    """Reads some files of a version in a thread of its own, a moment later; the process may end before it has.

    The files are opened at once, so that what is checked is what is mapped, even if a writer replaces the version.
    """

    def __init__(self, version: Version, names: frozenset[str]) -> None:
        """Open the files, and begin.

        Raises:
            FileNotFoundError: one is not there any more.
        """
        self._records = [(version.folder / name, version.manifest.files[name]) for name in sorted(names)]
        self._files = [path.open("rb", buffering=0) for path, _ in self._records]
        self._error: str | None = None
        self._finished = False
        self._hurry = Event()
        self._start()

    def _start(self) -> None:
        self._thread = Thread(target=self._run_later, name="moodrec-checksums", daemon=True)
        self._thread.start()

    def _run_later(self) -> None:
        self._hurry.wait(_DELAY_S)
        self._run()

    def _run(self) -> None:
        for (path, record), file in zip(self._records, self._files, strict=True):
            try:
                if not record.fits_open(file):
                    self._error = damage_message(path)
            except OSError as error:
                self._error = f"{path}: the file cannot be read ({error})"
        self._finished = True
        for file in self._files:
            file.close()

    def raise_if_damaged(self) -> None:
        """Say so if damage has been seen by now.

        Raises:
            CorruptStoreError: it has.
        """
        if self._error is not None:
            raise CorruptStoreError(self._error)
        if not self._finished and not self._thread.is_alive():  # left behind when this process was forked
            self._start()

    def wait(self) -> None:
        """Wait for the end, before anything is written that rests on those files.

        Raises:
            CorruptStoreError: a file is damaged.
        """
        self._hurry.set()
        self._thread.join()
        if not self._finished:
            self._run()
        self.raise_if_damaged()
