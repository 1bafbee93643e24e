"""``MoodIndex``: embeddings, mood scores and metadata of a catalogue, searched together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from moodrec.arguments import OnConflict, OnDuplicate, brief, texts, whole
from moodrec.config import IndexConfig
from moodrec.errors import UsageError
from moodrec.given import path_of, text_of, word_of
from moodrec.index import planner
from moodrec.index.changes import added, compacted, rows_of, updated
from moodrec.index.front import SearchFront
from moodrec.index.info import IndexInfo, info_of
from moodrec.index.presets import load_preset, settled
from moodrec.index.reading import IndexReader
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.given_vectors import without_vectors
from moodrec.index.rows.in_context import TableContext, tracks_in_context
from moodrec.index.rows.track_table import track_table
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.index.saved import SavedVersions
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchOptions
from moodrec.index.search.resolve import resolve
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.format import load
from moodrec.index.storage.store import read_current
from moodrec.index.storage.version import verify_saved
from moodrec.index.streaming import TrackSource, build_saved
from moodrec.index.versions import Versions
from moodrec.schema import EMBEDDING, TRACK_ID
from moodrec.typing import RowNumbers, Vectors

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class _Search:
    """Searches of one snapshot."""

    snapshot: Snapshot

    @property
    def dim(self) -> int:
        return self.snapshot.catalogue.dim

    def seeds(self, track_ids: Sequence[str]) -> tuple[Vectors, RowNumbers]:
        rows = rows_of(self.snapshot.catalogue, track_ids)
        return np.ascontiguousarray(self.snapshot.catalogue.vectors_at(rows)), rows

    def run(self, options: SearchOptions, k: int, queries: Vectors, own: RowNumbers | None = None) -> Hits:
        snapshot = self.snapshot
        if snapshot.check is not None:
            snapshot.check.raise_if_damaged()
        request = resolve(options, k, snapshot.catalogue, queries, own)
        return planner.run(snapshot.catalogue, snapshot.backend, snapshot.config, request)


_SHOWN_MOODS: Final = 5
"""How many moods ``repr`` names."""


class MoodIndex(IndexReader, SearchFront):
    """An index of tracks: each has an embedding, mood scores and metadata, and an id.

    Any number of threads may search while others add, update and remove. An index is a sequence of immutable
    snapshots: a search works on the one that it started with, and a change publishes the next. Readers never wait,
    and writers wait for one another. A change that fails leaves the index as it was.
    """

    def __init__(
        self, snapshot: Snapshot, device: Literal["cpu", "cuda"] | None = None, read_only: bool = False
    ) -> None:
        """Take over a snapshot; use :meth:`build` or :meth:`open`.

        Args:
            snapshot: the first version.
            device: the device that :meth:`refresh` opens later versions on, in place of the preset's.
            read_only: whether the index stays at this version; changes are then refused.
        """
        self._versions = Versions(snapshot, read_only)
        self._read_only = read_only
        self._pinned: MoodIndex | None = None  # never itself: maps of files go when the index goes
        self._device = device
        self._on_disk = SavedVersions(self._versions, device)

    @property
    def _snapshot(self) -> Snapshot:
        return self._versions.current

    @property
    def _catalogue(self) -> Catalogue:
        return self._versions.current.catalogue

    @classmethod
    def build(
        cls,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        moods: Sequence[str] = (),
        preset: str | IndexConfig = "auto",
        model_fingerprint: str | None = None,
        library_revision: int | None = None,
        context: TableContext | None = None,
    ) -> Self:
        """Build an index in memory.

        Args:
            embeddings: (n, d) finite numbers, no zero rows; they are scaled to unit length.
            tracks: pandas or Arrow, n rows: ``track_id`` (text or whole numbers, unique) and any other columns.
            moods: columns of ``tracks`` that hold mood scores in [0, 1]; NULL is unknown.
            preset: a preset's name, the path of a TOML file, or a config.
            model_fingerprint: the fingerprint of the model that made the embeddings.
            library_revision: the revision of the library that they come from.
            context: a :class:`~moodrec.model.context.model.ContextModel`, by which artists, albums, genres and years
                of ``tracks`` correct the moods; what they were stays in columns such as ``audio_calm``. Tracks that
                are added later keep the scores that they come with.

        Raises:
            DataError: rows or columns are wrong; the message names them.
            DuplicateIdError: a ``track_id`` occurs twice.
            UsageError: there is no such preset.
        """
        moods = texts(moods, "moods")
        if model_fingerprint is not None and not isinstance(model_fingerprint, str):
            raise UsageError(f"model_fingerprint is {brief(model_fingerprint)}; it must be text")
        if library_revision is not None:
            library_revision = whole(library_revision, "library_revision", 0, 2**63 - 1)
        table = tracks_in_context(track_table(tracks, moods), moods, context)
        vectors = unit_rows(embeddings, names=table[TRACK_ID].to_pylist())
        chosen = preset if isinstance(preset, IndexConfig) else load_preset(preset)
        config = settled(chosen, len(vectors))
        name = preset if isinstance(preset, str) else chosen.kind
        origin = Origin(name, model_fingerprint, library_revision)
        return cls(Snapshot.build(Catalogue.of(vectors, table, moods), config, origin))

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame | pa.Table,
        moods: Sequence[str] = (),
        preset: str | IndexConfig = "auto",
        embedding: str = EMBEDDING,
        model_fingerprint: str | None = None,
        context: TableContext | None = None,
    ) -> Self:
        """Build an index from a table that holds the vectors too, as lists of one length in a column.

        Args:
            table: pandas or Arrow, n rows: ``track_id``, the vectors and any other columns.
            moods: columns that hold mood scores in [0, 1]; NULL is unknown.
            preset: a preset's name, the path of a TOML file, or a config.
            embedding: the name of the column with the vectors.
            model_fingerprint: the fingerprint of the model that made the embeddings.
            context: what corrects the moods, as for :meth:`build`.

        Raises:
            DataError, DuplicateIdError, UsageError: as for :meth:`build`.
        """
        vectors, tracks = without_vectors(track_table(table, moods), embedding)
        return cls.build(vectors, tracks, moods, preset, model_fingerprint, context=context)

    @classmethod
    def build_into(
        cls,
        path: Path | str,
        source: TrackSource,
        moods: Sequence[str] = (),
        preset: str | IndexConfig = "auto",
        embedding: str = EMBEDDING,
        model_fingerprint: str | None = None,
        context: TableContext | None = None,
    ) -> Self:
        """Build an index of more tracks than fit in memory straight into a folder, as its newest version.

        The index is that of :meth:`build`. The most memory that this takes is about that of the finished index, most
        of it mapped from files; the disk must hold the vectors twice.

        Args:
            path: the folder of the index.
            source: what is read some rows at a time, such as a
                :class:`~moodrec.catalog.parquet_tracks.ParquetTracks`.
            moods: names of the columns that are moods, as for :meth:`from_table`.
            preset: of the index, as for :meth:`from_table`.
            embedding: column of the vectors.
            model_fingerprint: of the model that the vectors are from.
            context: how metadata corrects the moods, as for :meth:`from_table`.

        Raises:
            DataError, DuplicateIdError, UsageError: as for :meth:`build`.
            StoreLockedError, DiskFullError: as for :meth:`save`.
        """
        folder, column = path_of(path, "path"), text_of(embedding, "embedding")
        if not isinstance(source, TrackSource):
            raise UsageError(
                f"source is {brief(source)}; it must be a table read in batches, as ParquetTracks(path)"
            )
        if model_fingerprint is not None:
            text_of(model_fingerprint, "model_fingerprint")
        chosen = preset if isinstance(preset, IndexConfig) else load_preset(preset)
        origin = Origin(preset if isinstance(preset, str) else chosen.kind, model_fingerprint)
        build_saved(folder, source, column, texts(moods, "moods"), chosen, origin, context)
        return cls.open(folder)

    @classmethod
    def open(cls, path: Path | str, device: Literal["cpu", "cuda"] | None = None) -> Self:
        """Open a saved index, whose vectors and table are mapped into memory.

        Args:
            path: the index's folder.
            device: the device to search on, in place of the preset's.

        Raises:
            UsageError: ``path`` is no path, or ``device`` is no device.
            NotFoundError: there is no index.
            CorruptStoreError: a file is damaged. The vectors of a large index (64 MiB and more) are checked while it
                is in use: a search raises this as soon as damage has been seen, a change or :meth:`save` waits for
                the check.
        """
        if device is not None:
            word_of(device, "device", ("cpu", "cuda"))
        return cls(read_current(path_of(path, "path"), lambda version: load(version, device)), device)

    def save(self, path: Path | str) -> None:
        """Write the index to a folder as a new version, which readers and crashes see whole or not at all.

        An index that was opened from the folder, or saved to it, replaces the version that it was opened from, or
        that it saved last, and no other: what others saved meanwhile stays.

        Raises:
            UsageError: ``path`` is a file, or a folder of other things.
            StoreLockedError: another process is writing there.
            ConflictError: another version or another index is there than was opened or saved last; nothing was
                written.
            CorruptStoreError: the files that the index was opened from are damaged.
            DiskFullError: there is no room; what was saved before stays.
        """
        self._on_disk.save(path_of(path, "path"))

    def refresh(self) -> bool:
        """Go over to the newest saved version, if there is a newer one; running searches keep the version they have.

        Returns:
            Whether there was a newer version.

        Raises:
            UsageError: the index was never saved, has changes that are not saved, or is a :meth:`snapshot`.
            NotFoundError: its folder holds no index any more.
            CorruptStoreError: the newest version is damaged; this one stays.
        """
        return self._on_disk.refresh()

    def snapshot(self) -> MoodIndex:
        """Return an index that stays at this version and refuses changes; the same one as long as the version lasts.

        It shares its rows with this index, so it takes almost no time and memory. Use it where several calls must
        see the same tracks.
        """
        if self._read_only:
            return self
        now, pinned = self._snapshot, self._pinned
        if pinned is None or pinned._snapshot is not now:
            pinned = type(self)(now, self._device, read_only=True)
            pinned._on_disk.latest = self._on_disk.latest
            self._pinned = pinned
        return pinned

    def __repr__(self) -> str:
        """Say what is in the index, in one line."""
        moods = self.moods
        shown = ", ".join(moods[:_SHOWN_MOODS]) + (", ..." if len(moods) > _SHOWN_MOODS else "")
        named = f", moods: {shown} ({len(moods)})" if moods else ""
        return f"<MoodIndex of {len(self):,} tracks, {self.dim} dimensions, preset {self.preset!r}{named}>"

    @property
    def preset(self) -> str:
        """The name of the preset as the user gave it."""
        return self._snapshot.origin.preset

    @property
    def model_fingerprint(self) -> str | None:
        """The fingerprint of the model that made the embeddings; None if unknown."""
        return self._snapshot.origin.model_fingerprint

    @property
    def library_revision(self) -> int | None:
        """The revision of the library that the index was built from; None without a library."""
        return self._snapshot.origin.library_revision

    @property
    def saved_as(self) -> str | None:
        """Name of the saved version that this index is, or came from; None where it was never saved."""
        saved = self._on_disk.latest
        return None if saved is None else saved.folder.name

    def info(self) -> IndexInfo:
        """Return a description of the index: its size, its preset and its origin."""
        return info_of(self._snapshot, self._on_disk.latest)

    def verify(self) -> None:
        """Check the files that the index was opened from or saved to, and the vectors in memory.

        Raises:
            CorruptStoreError: a file or a vector is damaged.
            NotFoundError: the files are gone, because a newer version was saved: :meth:`refresh` goes over to it.
        """
        if self._on_disk.latest is not None:
            verify_saved(self._on_disk.latest)
        self._snapshot.verify_vectors()

    def update(self, tracks: pd.DataFrame | pa.Table, *, library_revision: int | None = None) -> None:
        """Give tracks other values in some columns; their vectors stay. If this raises, the index is as it was.

        Args:
            tracks: ``track_id`` and the columns to change or to add; columns that are not named keep their values.
                Updated tracks come last in the order of arrival.
            library_revision: the revision of the library that the index is at with these values; by default it keeps
                the one that it has.

        Raises:
            NotFoundError: ids belong to no track; the message lists them.
            DuplicateIdError: a ``track_id`` occurs twice.
            DataError: columns are wrong, or do not fit those of the index; the message names them.
        """
        table = track_table(tracks)
        table = track_table(table, [mood for mood in self.moods if mood in table.column_names])
        self._versions.change(lambda now: updated(now, table).of_revision(library_revision))

    @property
    def _searched(self) -> _Search:
        return _Search(self._snapshot)

    def _add(self, vectors: Vectors, table: pa.Table, ids: list[str], on_conflict: OnDuplicate) -> None:
        self._versions.change(lambda now: added(now, vectors, table, ids, on_conflict))

    def _remove(self, track_ids: Sequence[str], on_conflict: OnConflict) -> None:
        def make_next(now: Snapshot) -> Snapshot:
            if on_conflict == "error":
                rows_of(now.catalogue, track_ids)
            return now.without(track_ids)

        self._versions.change(make_next)

    def compact(self) -> None:
        """Build the index anew from its tracks: tombstones go, and the preset learns from all rows.

        The index does so by itself when tombstones or additions have become many; this call does it now.
        """
        self._versions.settle(compacted)
