"""The check of large memory-mapped files, whose checksums are computed while the index is in use already.

Hashing the vectors of millions of tracks takes seconds, and the first search should not wait for that. Damaged
vectors can spoil scores and nothing else, so searches start at once and fail as soon as damage is found.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.index.rows.stored_arrays import all_finite
from moodrec.index.storage.checksums import damage_message
from moodrec.index.storage.version import Version
from moodrec.typing import Vectors

_DELAY_S: Final = 1.0
"""Seconds before hashing begins, so that it does not compete with the first search."""


class LateCheck:
    """Verifies some files of a version in a thread of its own, which does not keep the process from ending.

    The files are opened at once, so that the bytes that are checked are those that are mapped, even if a writer
    replaces the version.
    """

    def __init__(self, version: Version, names: frozenset[str], vectors: Vectors) -> None:
        """Open the files, and start the thread.

        Args:
            version: the version.
            names: the names of the files to verify.
            vectors: (n, d) the vectors as they are mapped, whose numbers must be finite.

        Raises:
            FileNotFoundError: a file has been removed.
        """
        self._records = [(version.folder / name, version.manifest.files[name]) for name in sorted(names)]
        self._files = [path.open("rb", buffering=0) for path, _ in self._records]
        self._vectors: Vectors | None = vectors
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
        if self._error is None and self._vectors is not None and not all_finite(self._vectors):
            self._error = (
                f"{self._records[0][0]}: the vectors hold numbers that are not finite; build the index anew"
            )
        self._finished, self._vectors = True, None
        for file in self._files:
            file.close()

    def raise_if_damaged(self) -> None:
        """Raise if damage has been found so far.

        Raises:
            CorruptStoreError: a file is damaged.
        """
        if self._error is not None:
            raise CorruptStoreError(self._error)
        if not self._finished and not self._thread.is_alive():  # a fork has no threads of its parent
            self._start()

    def wait(self) -> None:
        """Wait for the end of the check, as every change does, so that nothing is written from damaged files.

        Raises:
            CorruptStoreError: a file is damaged.
        """
        self._hurry.set()
        self._thread.join()
        if not self._finished:
            self._run()
        self.raise_if_damaged()
