"""``Library``: a folder that remembers what was heard in every file of a music collection."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from moodrec.errors import NotFoundError, UsageError
from moodrec.library import journal
from moodrec.library.database import (
    create_database,
    empty_database,
    holds_tables,
    open_database,
    transaction,
    translated,
)
from moodrec.library.records import FileRecord, FileResult, FileState, Floats, ModelRecord, Outcome, RunRecord
from moodrec.library.snapshot import LibrarySnapshot, read_snapshot
from moodrec.lock import WriterLock

if TYPE_CHECKING:
    import pandas as pd

_DATABASE: Final = "library.sqlite"
_FILES: Final = """
    SELECT f.path, f.size, f.mtime_ns, f.outcome, f.reason, f.message, f.track_id, f.missing,
        CASE f.outcome
            WHEN 'failed' THEN 1
            WHEN 'silent' THEN f.model_fingerprint = :model
            ELSE EXISTS (
                SELECT 1 FROM analyses a WHERE a.track_id = f.track_id AND a.model_fingerprint = :model
            )
        END
    FROM files f ORDER BY f.path
"""
_MODELS: Final = """
    SELECT m.fingerprint, m.name, m.moods, m.embedding_dim, (
        SELECT count(*) FROM analyses a JOIN files f ON f.track_id = a.track_id AND f.missing = 0
        WHERE a.model_fingerprint = m.fingerprint
    )
    FROM models m ORDER BY m.last_used DESC
"""


class Library:
    """A library folder: ``library.sqlite``, ``index/`` (derived, disposable) and ``lock``.

    Any number of processes may read; to change something, hold :meth:`writer`. A library is used from the
    thread that opened it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        """The library's folder."""
        self._connection = connection
        self._lock = WriterLock(path / "lock")

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing library.

        Raises:
            NotFoundError: there is none.
            CorruptStoreError: it is damaged, no library, or written by a newer moodrec.
        """
        folder = Path(path)
        return cls(folder, open_database(folder / _DATABASE))

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty library in a folder, which is made too.

        Raises:
            UsageError: there is a library already, or ``path`` is a file.
        """
        if (Path(path) / _DATABASE).exists():
            raise UsageError(f"{path}: there is a library already")
        return cls.open_or_create(path)

    @classmethod
    def open_or_create(cls, path: Path | str) -> Self:
        """Open a library, made empty if there is none. Raises as :meth:`open` and :meth:`create`."""
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{path}: is a file, a library is a folder") from None
        create_database(folder / _DATABASE)
        return cls.open(folder)

    @classmethod
    def open_or_empty(cls, path: Path | str) -> Self:
        """Open a library; where there is none, an empty one that can be read alone and leaves the disk as it is.

        Raises:
            UsageError: ``path`` is a file, or below one.
            CorruptStoreError: as :meth:`open`.
        """
        folder = Path(path)
        if holds_tables(folder / _DATABASE):
            return cls.open(folder)
        if not next(place for place in (folder, *folder.parents) if place.exists()).is_dir():
            raise UsageError(f"{path}: is a file, a library is a folder")
        return cls(folder, empty_database())

    def close(self) -> None:
        """Let go of the file; the object cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def index_path(self) -> Path:
        """Where the library's index is kept."""
        return self.path / "index"

    @property
    def revision(self) -> int:
        """Grows with every change; an index remembers the revision that it was built from."""
        with translated(self.path):
            return self._revision()

    @contextmanager
    def writer(self) -> Iterator[Self]:
        """Hold the right to write; it frees itself when the process dies.

        Raises:
            StoreLockedError: another process holds it.
        """
        self._lock.acquire()
        try:
            yield self
        finally:
            self._lock.release()

    # Reading

    def models(self) -> list[ModelRecord]:
        """The models that were used, the last used first."""
        with translated(self.path):
            return self._models()

    def model(self, fingerprint: str | None = None) -> ModelRecord:
        """One model; without a fingerprint, the one used last.

        Raises:
            NotFoundError: the library holds no analyses of it.
        """
        with translated(self.path):
            return self._model(fingerprint)

    def files(self, model_fingerprint: str | None = None) -> dict[Path, FileRecord]:
        """All files by path; ``acknowledged`` is told for the given model (default: the one used last)."""
        fingerprint = model_fingerprint or next((model.fingerprint for model in self.models()), None)
        with translated(self.path):
            rows = self._connection.execute(_FILES, {"model": fingerprint}).fetchall()
        return {record.state.path: record for record in map(_record, rows)}

    def outcomes(self) -> dict[Outcome, int]:
        """How many of the files that are there have which outcome; every outcome is a key."""
        query = "SELECT outcome, count(*) FROM files WHERE missing = 0 GROUP BY outcome"
        with translated(self.path):
            counts = dict(self._connection.execute(query).fetchall())
        return {outcome: counts.get(outcome, 0) for outcome in Outcome}

    def failures(self) -> list[FileRecord]:
        """The files that are there and could not be analysed, by path."""
        return [
            record
            for record in self.files().values()
            if record.outcome is Outcome.FAILED and not record.missing
        ]

    def snapshot(self, model_fingerprint: str | None = None) -> LibrarySnapshot:
        """The tracks, moods and embeddings of one model (default: the one used last), all of one revision.

        Raises:
            NotFoundError: the library holds no analyses of that model.
        """
        with translated(self.path), transaction(self._connection, "DEFERRED"):
            return read_snapshot(self._connection, self._model(model_fingerprint), self._revision())

    def frame(self, model_fingerprint: str | None = None) -> pd.DataFrame:
        """One row an analysed track: TRACK_FIELDS, ``duplicate_of``, a column a mood, a ``prob_`` column a mood."""
        return self.snapshot(model_fingerprint).frame

    def embeddings(self, model_fingerprint: str | None = None) -> Floats:
        """(n, d) float32, in the order of :meth:`frame`."""
        return self.snapshot(model_fingerprint).embeddings

    def last_run(self, model_fingerprint: str) -> RunRecord | None:
        """How long the last run with a model took."""
        query = "SELECT files, seconds FROM runs WHERE model_fingerprint = ? ORDER BY run DESC LIMIT 1"
        with translated(self.path):
            row = self._connection.execute(query, (model_fingerprint,)).fetchone()
        return None if row is None else RunRecord(*row)

    # Writing

    def register_model(self, model: ModelRecord) -> None:
        """Make a model the current one."""
        with self._writing() as connection:
            journal.register_model(connection, model)

    def acknowledge(self, model: ModelRecord, result: FileResult) -> str | None:
        """Write the outcome of one file for good; when this returns, not even a power cut loses it.

        Returns:
            The id of the file's track, None if it has none.

        Raises:
            DataError: the vectors do not fit the model, or are not finite.
        """
        with self._writing() as connection:
            return journal.acknowledge(connection, model, result)

    def mark_missing(self, states: Iterable[FileState]) -> None:
        """Note that files are gone: their tracks leave the frame and keep their ids."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, True)

    def mark_present(self, states: Iterable[FileState]) -> None:
        """Note that files that were gone are back, unchanged."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, False)

    def record_run(self, model: ModelRecord, files: int, seconds: float) -> None:
        """Remember how long a run took."""
        with self._writing() as connection:
            journal.record_run(connection, model, files, seconds)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.held:
            raise UsageError("to change a library, hold its lock: with library.writer(): ...")
        with translated(self.path):
            yield self._connection

    def _revision(self) -> int:
        query = "SELECT value FROM counters WHERE name = 'revision'"
        return int(self._connection.execute(query).fetchone()[0])

    def _models(self) -> list[ModelRecord]:
        return [
            ModelRecord(fingerprint, name, tuple(json.loads(moods)), dim, tracks)
            for fingerprint, name, moods, dim, tracks in self._connection.execute(_MODELS)
        ]

    def _model(self, fingerprint: str | None) -> ModelRecord:
        for model in self._models():
            if fingerprint in (None, model.fingerprint):
                return model
        which = "any model" if fingerprint is None else f"model {fingerprint}"
        raise NotFoundError(f"{self.path}: nothing was analysed with {which}; run: moodrec analyze FOLDER")


def _record(row: tuple[bytes, int, int, str, str | None, str | None, str | None, int, int]) -> FileRecord:
    path, size, mtime_ns, outcome, reason, message, track_id, missing, acknowledged = row
    state = FileState(Path(os.fsdecode(path)), size, mtime_ns)
    return FileRecord(state, Outcome(outcome), reason, message, track_id, bool(missing), bool(acknowledged))
