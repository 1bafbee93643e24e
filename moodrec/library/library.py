"""``Library`` is a folder that stores the analysis of every file of a music collection."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from moodrec.arguments import brief, flag
from moodrec.audio.probe import Tags
from moodrec.errors import NotFoundError, UsageError
from moodrec.given import path_of, text_of
from moodrec.library import journal, labelling, queries, upkeep
from moodrec.library.checks import values_of
from moodrec.library.database import transaction
from moodrec.library.labelling import NewLabels, Values
from moodrec.library.migration import copy_database, opened_copy
from moodrec.library.opened import OpenedLibrary
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


class Library(OpenedLibrary):
    """A library folder: ``library.sqlite``, ``index/`` (derived, disposable) and ``lock``.

    Any number of processes may read; to change something, hold :meth:`writer`. A library is used from the thread
    that opened it.
    """

    @property
    def revision(self) -> int:
        """Read the revision, which grows with every change, by steps that are random, so that no other library and no
        restored backup comes to the same; an index stores the revision that it was built from.
        """
        with self._reading(checked=False) as connection:
            return queries.revision(connection)

    def models(self) -> list[ModelRecord]:
        """List the models that were used: the one that search uses first, then earlier ones."""
        with self._reading(checked=False) as connection:
            return queries.models(connection)

    def model(self, fingerprint: str | None = None) -> ModelRecord:
        """Give one model; without a fingerprint, the one that search uses.

        Raises:
            NotFoundError: the library holds no analyses of it.
        """
        with self._reading(checked=False) as connection:
            return self._model(connection, fingerprint)

    def waiting(self, fingerprint: str) -> int:
        """Count the tracks of the current model that another model has not analysed yet."""
        current = next((model.fingerprint for model in self.models()), fingerprint)
        with self._reading() as connection:
            return queries.waiting(connection, current, text_of(fingerprint, "fingerprint"))

    def files(self, model_fingerprint: str | None = None) -> dict[Path, FileRecord]:
        """List all files by path; ``acknowledged`` is set for the given model (default: the current one)."""
        with self._reading() as connection:
            return queries.files(connection, model_fingerprint)

    def outcomes(self) -> dict[Outcome, int]:
        """Count the files that exist by outcome; every outcome is a key."""
        with self._reading() as connection:
            return queries.outcomes(connection)

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
        complete = only is None
        with self._reading(complete) as connection, transaction(connection, "DEFERRED"), values_of(self.path):
            model = self._model(connection, model_fingerprint, complete)
            return read_snapshot(connection, model, queries.revision(connection), only)

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
        with self._reading() as connection:
            return queries.find_vectors(connection, model_fingerprint, audio_fingerprint)

    def damaged(self) -> list[tuple[str, str]]:
        """List ``(model fingerprint, track id)`` of the vectors that differ from what was written."""
        with self._reading() as connection:
            return queries.damaged(connection)

    def tag_backups(self) -> dict[str, StoredTags]:
        """Read, by track id, the mood tags that its file had before moodrec wrote any."""
        with self._reading() as connection:
            return queries.tag_backups(connection)

    def labels(self, history: bool = False) -> list[LabelRecord]:
        """List the mood labels that people gave, in the order in which they were given; with ``history`` also those
        that were replaced or taken back.
        """
        with self._reading() as connection:
            return labelling.entries(connection, flag(history, "history"))

    def last_run(self, model_fingerprint: str) -> RunRecord | None:
        """Read how long the last run with a model took; None if there was none."""
        with self._reading() as connection:
            return queries.last_run(connection, text_of(model_fingerprint, "model_fingerprint"))

    def back_up(self, out: Path) -> None:
        """Write a consistent copy of the database; ``out`` is replaced in one step.

        Raises:
            UsageError: ``out`` is the database itself.
        """
        if self._lock.is_file_of(path_of(out, "out")):
            raise UsageError(f"{out}: is the library itself; give the copy another place")
        with self._reading() as connection:
            copy_database(connection, path_of(out, "out"))

    def restore(self, copy: Path, keep_as: Path | None = None) -> None:
        """Take everything from a copy that :meth:`back_up` wrote, in one transaction.

        Others that have the library open read the restored one from then on. An index is out of date afterwards.

        Args:
            copy: a database of this or an older moodrec; it stays as it is.
            keep_as: where the database as it is now goes first, once ``copy`` is found whole; without it, what was
                here is gone.

        Raises:
            UsageError: ``copy`` is the database itself, or there is something at ``keep_as``.
            NotFoundError, CorruptStoreError: there is no such file, or it is no whole database of a library.
            ConflictError: as for every change.
        """
        place = path_of(copy, "copy")
        if self._lock.is_file_of(place):
            raise UsageError(f"{copy}: is the library itself; name a copy")
        with closing(opened_copy(place)) as source, ExitStack() as on_failure:
            if keep_as is not None:
                kept = path_of(keep_as, "keep_as")
                if os.path.lexists(kept):
                    raise UsageError(f"{kept}: an earlier restore left it; move it away or remove it first")
                on_failure.callback(kept.unlink, missing_ok=True)
                self.back_up(kept)
            with self._writing() as connection:
                source.backup(connection)
            on_failure.pop_all()

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

    def _model(
        self, connection: sqlite3.Connection, fingerprint: str | None, counted: bool = True
    ) -> ModelRecord:
        fingerprint = None if fingerprint is None else text_of(fingerprint, "model_fingerprint")
        for model in queries.models(connection, counted):
            if fingerprint in (None, model.fingerprint):
                return model
        which = "any model" if fingerprint is None else f"model {brief(fingerprint)}"
        raise NotFoundError(f"{self.path}: nothing was analysed with {which}; run: moodrec analyze FOLDER")
