"""``Library`` is a folder that stores the analysis of every file of a music collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from moodrec.arguments import brief, flag
from moodrec.audio.probe import Tags
from moodrec.errors import NotFoundError, UsageError
from moodrec.files.disk import disk_errors
from moodrec.given import path_of, text_of
from moodrec.library import journal, labelling, queries, upkeep
from moodrec.library.checks import values_of
from moodrec.library.database import (
    SCHEMA_VERSION,
    check_rows,
    create_database,
    empty_database,
    holds_tables,
    open_database,
    transaction,
    translated,
)
from moodrec.library.labelling import NewLabels, Values
from moodrec.library.library_lock import LibraryLock
from moodrec.library.migration import Migration, copy_database, format_of, migrate, migrated_copy
from moodrec.library.place import DATABASE, holds_library
from moodrec.library.records import (
    FileRecord,
    FileResult,
    FileState,
    Labelled,
    LabelRecord,
    ModelRecord,
    Outcome,
    Pruned,
    RunRecord,
    StoredTags,
    TrackVectors,
)
from moodrec.library.snapshot import LibrarySnapshot, read_snapshot
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd


class Library:
    """A library folder: ``library.sqlite``, ``index/`` (derived, disposable) and ``lock``.

    Any number of processes may read; to change something, hold :meth:`writer`. A library is used from the thread
    that opened it.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, migration: Migration | None = None
    ) -> None:
        """Wrap an open database; use :meth:`open` and its siblings instead.

        Args:
            path: the library's folder.
            connection: its database.
            migration: the migration that was done when it was opened, if any.
        """
        self.path = path
        """The library's folder."""
        self.migration = migration
        """The migration that was done when it was opened, or first changed; None if none was needed."""
        self.older_format: int | None = None
        """The format on the disk, where it is read as a copy in memory until the first change; else None."""
        self._unchecked = connection
        self._is_checked = False
        self._lock = LibraryLock(path)
        self.identity = self._lock.identity
        """The numbers by which the system knows the file that was opened; None where there was none."""

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing library; reading changes nothing on the disk.

        One that an older moodrec wrote is read as a copy in memory, and :meth:`writer` migrates it.

        Raises:
            NotFoundError: there is no library.
            CorruptStoreError: it is damaged, not a library, or written by a newer moodrec.
        """
        folder = path_of(path, "path")
        database = folder / DATABASE
        found = format_of(database)
        if found == SCHEMA_VERSION:
            return cls(folder, open_database(database))
        library = cls(folder, migrated_copy(database))
        library.older_format = found
        return library

    @classmethod
    def formats(cls, path: Path | str) -> tuple[int, int]:
        """Read the format of an existing library, and give the one that this moodrec writes.

        Raises:
            NotFoundError, CorruptStoreError: as :meth:`open`.
        """
        return format_of(path_of(path, "path") / DATABASE), SCHEMA_VERSION

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty library in a folder, which is made too.

        Raises:
            UsageError: there is a library already, or ``path`` is a file.
        """
        if holds_library(path_of(path, "path")):
            raise UsageError(f"{path}: there is a library already")
        return cls.open_or_create(path)

    @classmethod
    def open_or_create(cls, path: Path | str) -> Self:
        """Open a library to change it, or make an empty one if there is none.

        One that an older moodrec wrote is backed up, then migrated to this format.

        Raises:
            UsageError: ``path`` is a file.
            CorruptStoreError: as :meth:`open`.
            StoreLockedError: it needs a migration, and another process is writing to it.
        """
        folder = path_of(path, "path")
        try:
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{path}: is a file, a library is a folder") from None
        database = folder / DATABASE
        create_database(database)
        migration = migrate(database, LibraryLock(folder))
        return cls(folder, open_database(database), migration)

    @classmethod
    def open_or_empty(cls, path: Path | str) -> Self:
        """Open a library, or an empty one in memory if there is none; then the disk stays as it is.

        Raises:
            UsageError: ``path`` is a file, or below one.
            CorruptStoreError: as :meth:`open`.
        """
        folder = path_of(path, "path")
        database = folder / DATABASE
        if holds_tables(database):
            return cls.open(folder)
        if not next(place for place in (folder, *folder.parents) if place.exists()).is_dir():
            raise UsageError(f"{path}: is a file, a library is a folder")
        return cls(folder, empty_database())

    def close(self) -> None:
        """Close the database; the object cannot be used afterwards."""
        self._unchecked.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        """Give the database; the rows of a file, which may be a stranger's, are checked before the first is read."""
        if not self._is_checked:
            check_rows(self._unchecked, self.path / DATABASE)
            self._is_checked = True
        return self._unchecked

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def index_path(self) -> Path:
        """Give the folder of the library's index."""
        return self.path / "index"

    @property
    def revision(self) -> int:
        """Read the revision, which grows with every change; an index stores the revision that it was built from."""
        with translated(self.path):
            return self._revision()

    def models(self) -> list[ModelRecord]:
        """List the models that were used: the one that search uses first, then earlier ones."""
        with translated(self.path):
            return queries.models(self._unchecked)

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
            return queries.waiting(self._connection, current, text_of(fingerprint, "fingerprint"))

    def files(self, model_fingerprint: str | None = None) -> dict[Path, FileRecord]:
        """List all files by path; ``acknowledged`` is set for the given model (default: the current one)."""
        with translated(self.path):
            return queries.files(self._connection, model_fingerprint)

    def outcomes(self) -> dict[Outcome, int]:
        """Count the files that exist by outcome; every outcome is a key."""
        with translated(self.path):
            return queries.outcomes(self._connection)

    def failures(self) -> list[FileRecord]:
        """List the files that exist and could not be analysed, by path."""
        files = self.files().values()
        return [one for one in files if one.outcome is Outcome.FAILED and not one.missing]

    def snapshot(
        self, model_fingerprint: str | None = None, only: Sequence[str] | None = None
    ) -> LibrarySnapshot:
        """Read the tracks, moods and embeddings of one model, all of one revision.

        Args:
            model_fingerprint: the model; by default the current one.
            only: ids of tracks; only these are read, and the time it takes does not depend on the library's size.
                Ids that are not there are left out.

        Raises:
            NotFoundError: the library holds no analyses of that model.
            CorruptStoreError: vectors differ from what was written.
        """
        # Of a few tracks, the values are checked as they are converted; checking all would take longer.
        connection = self._connection if only is None else self._unchecked
        with translated(self.path), transaction(connection, "DEFERRED"), values_of(self.path):
            model = self._model(model_fingerprint, counted=only is None)
            return read_snapshot(connection, model, self._revision(), only)

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

    def labels(self, history: bool = False) -> list[LabelRecord]:
        """List the mood labels that people gave, in the order in which they were given; with ``history`` also those
        that were replaced or taken back.
        """
        with translated(self.path):
            return labelling.entries(self._connection, flag(history, "history"))

    def last_run(self, model_fingerprint: str) -> RunRecord | None:
        """Read how long the last run with a model took; None if there was none."""
        with translated(self.path):
            return queries.last_run(self._connection, text_of(model_fingerprint, "model_fingerprint"))

    def back_up(self, out: Path) -> None:
        """Write a consistent copy of the database; ``out`` is replaced in one step.

        Raises:
            UsageError: ``out`` is the database itself.
        """
        if self._lock.is_file_of(path_of(out, "out")):
            raise UsageError(f"{out}: is the library itself; give the copy another place")
        with translated(self.path):
            copy_database(self._connection, path_of(out, "out"))

    @contextmanager
    def writer(self) -> Iterator[Self]:
        """Hold the right to write while the block runs; it is released when the process dies.

        A library that an older moodrec wrote is backed up and migrated first.

        Raises:
            StoreLockedError: another process holds it.
            ConflictError: the library's folder was moved or replaced since it was opened; every change says so too.
            CorruptStoreError: something else than moodrec's lock file is in its place.
        """
        self._lock.acquire()
        try:
            if self.older_format is not None:
                self._migrate()
            yield self
        finally:
            self._lock.release()

    def _migrate(self) -> None:
        database = self.path / DATABASE
        self.migration = migrate(database, self._lock)
        copy, self._unchecked = self._unchecked, open_database(database)
        self._is_checked = False
        copy.close()
        self.older_format = None

    def register_model(self, model: ModelRecord) -> None:
        """Record a model; the first one becomes the current one at once."""
        with self._writing() as connection:
            journal.register_model(connection, model)

    def promote(self, model_fingerprint: str) -> bool:
        """Make a known model the current one, which search uses; False if it is already."""
        with self._writing() as connection:
            return upkeep.promote(connection, text_of(model_fingerprint, "model_fingerprint"))

    def acknowledge(self, model: ModelRecord, result: FileResult) -> str | None:
        """Write the outcome of one file durably; when this returns, not even a power cut loses it.

        Args:
            model: the model that analysed it.
            result: the outcome.

        Returns:
            The id of the file's track, None if it has none.

        Raises:
            DataError: the vectors do not fit the model, or are not finite.
            UsageError: the lock is not held.
        """
        with self._writing() as connection:
            return journal.acknowledge(connection, model, result)

    def retag(self, track_id: str, tags: Tags) -> bool:
        """Replace the tags of a track by what its file says now; False if they are the same.

        Args:
            track_id: the track.
            tags: the tags of its file.

        Raises:
            UsageError: the lock is not held.
        """
        with self._writing() as connection:
            return journal.retag(connection, track_id, tags)

    def mark_missing(self, states: Iterable[FileState]) -> None:
        """Record that files are gone: their tracks leave the frame and keep their ids."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, True)

    def mark_present(self, states: Iterable[FileState]) -> None:
        """Record that files that were gone are back, unchanged."""
        with self._writing() as connection:
            journal.mark_missing(connection, states, False)

    def record_run(self, model: ModelRecord, files: int, seconds: float) -> None:
        """Record how long a run took.

        Args:
            model: the model of the run.
            files: number of files that were analysed.
            seconds: duration of the run.

        Raises:
            UsageError: the lock is not held.
        """
        with self._writing() as connection:
            journal.record_run(connection, model, files, seconds)

    def prune(self, *, gone: bool = False, old_models: bool = False) -> Pruned:
        """Delete what is no longer needed.

        Args:
            gone: whether to delete files that are gone, with their tracks.
            old_models: whether to delete the vectors of all models but the current one.

        Raises:
            UsageError: the lock is not held.
        """
        kept = self.model().fingerprint if flag(old_models, "old_models") else None
        with self._writing() as connection:
            return upkeep.prune(connection, flag(gone, "gone"), kept)

    def drop_damaged(self) -> int:
        """Delete vectors that differ from what was written, and count them; the next analysis computes them again."""
        rows = self.damaged()
        with self._writing() as connection:
            upkeep.drop_damaged(connection, rows)
        return len(rows)

    def label(
        self,
        moods: Values | None,
        *,
        track: str | None = None,
        artist: str | None = None,
        album: str | None = None,
        by: str | None = None,
    ) -> Labelled:
        """Store mood labels of a track, or of all tracks of an artist or of an album, those to come included.

        Args:
            moods: mood to a label from 0, not at all, to 1, or to None, which takes the label back. None in place of
                it all takes every label of the thing back.
            track: id of the track.
            artist: name of the artist, in any spelling; with ``album``, the artist of the album.
            album: title of the album, in any spelling.
            by: who gives the labels; by default the user of the process.

        Raises:
            UsageError: a mood or a value is wrong, not one thing is named, or the lock is not held.
            NotFoundError: the library has no such track, artist or album.
        """
        return self.label_all([NewLabels(moods, track, artist, album)], by)

    def label_all(self, new: Sequence[NewLabels], by: str | None = None) -> Labelled:
        """Store labels of many things, all of them or none.

        Args:
            new: the labels.
            by: who gives them; by default the user of the process.

        Raises:
            UsageError, NotFoundError: as :meth:`label`.
        """
        with self._writing() as connection:
            known = {mood for model in queries.models(connection, counted=False) for mood in model.moods}
            found = [labelling.resolved(connection, one, known) for one in new]
            written = labelling.write(connection, found, by)
            return Labelled(
                tuple(written), labelling.tracks_of(connection, {subject for subject, _ in found})
            )

    def back_up_tags(self, track_id: str, tags: StoredTags) -> bool:
        """Store the mood tags that a track's file had before moodrec wrote any; False if they are stored already.

        Args:
            track_id: the track.
            tags: the mood tags of its file.

        Raises:
            UsageError: the lock is not held.
        """
        with self._writing() as connection:
            return upkeep.back_up_tags(connection, track_id, tags)

    def forget_tag_backup(self, track_id: str) -> None:
        """Record that a track's file has its old tags again."""
        with self._writing() as connection:
            upkeep.forget_tag_backup(connection, track_id)

    def note_new_state(self, state: FileState) -> None:
        """Record that moodrec itself wrote a file's tags, so that its audio has not changed."""
        with self._writing() as connection:
            upkeep.note_new_state(connection, state)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock.changing(), translated(self.path):
            yield self._connection

    def _revision(self) -> int:
        return queries.revision(self._unchecked)

    def _model(self, fingerprint: str | None, counted: bool = True) -> ModelRecord:
        fingerprint = None if fingerprint is None else text_of(fingerprint, "model_fingerprint")
        for model in queries.models(self._unchecked, counted):
            if fingerprint in (None, model.fingerprint):
                return model
        which = "any model" if fingerprint is None else f"model {brief(fingerprint)}"
        raise NotFoundError(f"{self.path}: nothing was analysed with {which}; run: moodrec analyze FOLDER")
