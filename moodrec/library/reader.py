"""Reading a library needs no lock, and any number of processes may read at the same time."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from moodrec.errors import NotFoundError
from moodrec.library import queries
from moodrec.library.database import transaction, translated
from moodrec.library.migration import copy_database
from moodrec.library.records import FileRecord, ModelRecord, Outcome, RunRecord, StoredTags, TrackVectors
from moodrec.library.snapshot import LibrarySnapshot, read_snapshot
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd


class LibraryReader:
    """The methods that read a library; :class:`moodrec.library.library.Library` opens and changes it."""

    path: Path
    """The library's folder."""
    _connection: sqlite3.Connection

    @property
    def revision(self) -> int:
        """Read the revision, which grows with every change; an index stores the revision that it was built from."""
        with translated(self.path):
            return self._revision()

    def models(self) -> list[ModelRecord]:
        """List the models that were used: the one that search uses first, then earlier ones."""
        with translated(self.path):
            return queries.models(self._connection)

    def model(self, fingerprint: str | None = None) -> ModelRecord:
        """Give one model; without a fingerprint, the one that search uses.

        Raises:
            NotFoundError: the library holds no analyses of it.
        """
        with translated(self.path):
            return self._model(fingerprint)

    def waiting(self, fingerprint: str) -> int:
        """Count the tracks of the current model that another model has not analysed yet."""
        current = next((model.fingerprint for model in self.models()), fingerprint)
        with translated(self.path):
            return queries.waiting(self._connection, current, fingerprint)

    def files(self, model_fingerprint: str | None = None) -> dict[Path, FileRecord]:
        """List all files by path; ``acknowledged`` is set for the given model (default: the current one)."""
        fingerprint = model_fingerprint or next((model.fingerprint for model in self.models()), None)
        with translated(self.path):
            return queries.files(self._connection, fingerprint)

    def outcomes(self) -> dict[Outcome, int]:
        """Count the files that exist by outcome; every outcome is a key."""
        with translated(self.path):
            return queries.outcomes(self._connection)

    def failures(self) -> list[FileRecord]:
        """List the files that exist and could not be analysed, by path."""
        return [
            record
            for record in self.files().values()
            if record.outcome is Outcome.FAILED and not record.missing
        ]

    def snapshot(self, model_fingerprint: str | None = None) -> LibrarySnapshot:
        """Read the tracks, moods and embeddings of one model (default: the current one), all of one revision.

        Raises:
            NotFoundError: the library holds no analyses of that model.
            CorruptStoreError: vectors differ from what was written.
        """
        with translated(self.path), transaction(self._connection, "DEFERRED"):
            return read_snapshot(self._connection, self._model(model_fingerprint), self._revision())

    def frame(self, model_fingerprint: str | None = None) -> pd.DataFrame:
        """Read one row per analysed track: TRACK_FIELDS, ``duplicate_of``, and a score and a ``prob_`` column for
        each mood.
        """
        return self.snapshot(model_fingerprint).frame

    def embeddings(self, model_fingerprint: str | None = None) -> Float32Array:
        """Read the embeddings (n, d) float32, in the order of :meth:`frame`."""
        return self.snapshot(model_fingerprint).embeddings

    def find_vectors(self, model_fingerprint: str, audio_fingerprint: str) -> TrackVectors | None:
        """Find the vectors that a model computed of the same audio earlier, in whatever file and with whatever
        tags.

        Args:
            model_fingerprint: the model.
            audio_fingerprint: hash of the decoded audio.
        """
        with translated(self.path):
            return queries.find_vectors(self._connection, model_fingerprint, audio_fingerprint)

    def damaged(self) -> list[tuple[str, str]]:
        """List ``(model fingerprint, track id)`` of the vectors that differ from what was written."""
        with translated(self.path):
            return queries.damaged(self._connection)

    def tag_backups(self) -> dict[str, StoredTags]:
        """Read, by track id, the mood tags that its file had before moodrec wrote any."""
        with translated(self.path):
            return queries.tag_backups(self._connection)

    def last_run(self, model_fingerprint: str) -> RunRecord | None:
        """Read how long the last run with a model took; None if there was none."""
        with translated(self.path):
            return queries.last_run(self._connection, model_fingerprint)

    def back_up(self, out: Path) -> None:
        """Write a consistent copy of the database; ``out`` is replaced in one step."""
        with translated(self.path):
            copy_database(self._connection, out)

    def _revision(self) -> int:
        return queries.revision(self._connection)

    def _model(self, fingerprint: str | None) -> ModelRecord:
        for model in queries.models(self._connection):
            if fingerprint in (None, model.fingerprint):
                return model
        which = "any model" if fingerprint is None else f"model {fingerprint}"
        raise NotFoundError(f"{self.path}: nothing was analysed with {which}; run: moodrec analyze FOLDER")
