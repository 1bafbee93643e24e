"""``MoodIndex``: embeddings, mood scores and metadata of a catalogue, searched together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Self, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from moodrec.arguments import OnConflict, OnDuplicate, on_conflict_of, texts
from moodrec.config import IndexConfig
from moodrec.errors import (
    CorruptStoreError,
    DataError,
    ModelMismatchError,
    UsageError,
)
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint
from moodrec.index import planner
from moodrec.index.changes import added, compacted, rows_of, updated
from moodrec.index.info import IndexInfo, info_of
from moodrec.index.presets import load_preset, settled
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.segment import Rows
from moodrec.index.rows.validation import (
    Vectors,
    checked_weights,
    mixture,
    track_table,
    unit_rows,
    vectors_of,
)
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.index.search.request import resolve, rows_where
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.format import load, saver, size_of
from moodrec.index.storage.store import current_name, publish, read_current
from moodrec.index.versions import Versions
from moodrec.schema import EMBEDDING, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd


class MoodIndex:
    """An index over one row a track.

    Any number of threads may search while others add, update and remove. An index is a sequence of immutable
    snapshots: a search works on the one it started with, and a change publishes the next. Readers never wait;
    writers wait for one another. A change that fails leaves the index as it was.
    """

    def __init__(self, snapshot: Snapshot, device: Literal["cpu", "cuda"] | None = None) -> None:
        """Take over a snapshot; use :meth:`build` or :meth:`open`.

        Args:
            snapshot: the first version.
            device: where later versions are searched (:meth:`refresh`), in place of what the preset says.
        """
        self._versions = Versions(snapshot)
        self._device = device
        self._saved = snapshot.version
        self._saving = Lock()

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
    ) -> Self:
        """Build an index in memory.

        Args:
            embeddings: (n, d) finite numbers, no zero rows; they are scaled to unit length.
            tracks: pandas or Arrow, n rows: ``track_id`` (text, unique) and any other columns.
            moods: columns of ``tracks`` that hold mood scores in [0, 1]; NULL is unknown.
            preset: a preset's name, the path of a TOML file, or a config.
            model_fingerprint: of the model that made the embeddings.
            library_revision: of the library they come from.

        Raises:
            DataError: rows or columns are wrong; the message names them.
            DuplicateIdError: a ``track_id`` occurs twice.
            UsageError: there is no such preset.
        """
        table = track_table(tracks, moods)
        vectors = unit_rows(embeddings, names=table[TRACK_ID].to_pylist())
        wanted = preset if isinstance(preset, IndexConfig) else load_preset(preset)
        config = settled(wanted, len(vectors))
        origin = Origin(
            preset if isinstance(preset, str) else wanted.kind, model_fingerprint, library_revision
        )
        return cls(Snapshot.build(Catalogue.of(vectors, table, moods), config, origin))

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame | pa.Table,
        moods: Sequence[str] = (),
        preset: str | IndexConfig = "auto",
        embedding: str = EMBEDDING,
        model_fingerprint: str | None = None,
    ) -> Self:
        """Build an index from a table that holds the vectors too, as lists of one length in a column.

        Raises: as :meth:`build`.
        """
        tracks = track_table(table, moods)
        if embedding not in tracks.column_names:
            raise DataError(
                f"the table has no column {embedding!r}; {hint(embedding, tracks.column_names, 'columns')}"
            )
        vectors = vectors_of(tracks[embedding], embedding)
        return cls.build(vectors, tracks.drop_columns([embedding]), moods, preset, model_fingerprint)

    @classmethod
    def open(cls, path: Path | str, device: Literal["cpu", "cuda"] | None = None) -> Self:
        """Open a saved index; vectors and table are memory-mapped.

        Args:
            path: the index's folder.
            device: where to search, in place of what the preset says.

        Raises:
            NotFoundError: there is no index.
            CorruptStoreError: a file is damaged. The vectors of a large index (64 MiB and more) are checked while it
                is in use: a search raises this as soon as damage has been seen, a change or :meth:`save` waits for
                the check.
        """
        return cls(read_current(Path(path), lambda version: load(version, device)), device)

    def save(self, path: Path | str) -> None:
        """Write the index to a folder, in one step that readers and crashes never see half of.

        Raises:
            UsageError: ``path`` is a file, or a folder of other things.
            StoreLockedError: another process is writing there.
            CorruptStoreError: what was opened is damaged.
            DiskFullError: there is no room; what was saved before stays.
        """
        with self._saving:
            snapshot = self._versions.settle()
            self._saved = publish(Path(path), saver(snapshot), size_of(snapshot))
            self._versions.move_to(snapshot, replace(snapshot, version=self._saved))

    def refresh(self) -> bool:
        """Go over to the newest saved version, if there is a newer one than this; searches go on meanwhile.

        Returns:
            Whether there was a newer one.

        Raises:
            UsageError: the index was never saved, or has changes that are not saved.
            NotFoundError: its folder holds no index any more.
            CorruptStoreError: the newest version is damaged; this one stays.
        """
        if self._saved is None:
            raise UsageError(
                "this index was built in memory and never saved, so there is nothing to refresh from"
            )
        before, root = self._snapshot, self._saved.folder.parent
        if current_name(root) == self._saved.folder.name:
            return False
        newest = read_current(root, lambda version: load(version, self._device))
        if before.version is None or not self._versions.move_to(before, newest):
            raise UsageError(f"the index has changes that are not saved: save it, or open {root} anew")
        self._saved = newest.version
        return True

    def snapshot(self) -> Self:
        """Return an index of this version alone: what others change here does not show there, and the reverse.

        It shares its rows with this index and costs next to nothing. Take one where several calls must see the
        same tracks.
        """
        other = type(self)(self._snapshot, self._device)
        other._saved = self._saved
        return other

    def __len__(self) -> int:
        return self._catalogue.n_alive

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._catalogue

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order in which they came in."""
        ids: list[str] = self._catalogue.ids_at(self._catalogue.living_rows).tolist()
        return ids

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the track table's columns."""
        return self._catalogue.column_names

    @property
    def table(self) -> pa.Table:
        """The track table, Arrow; a row a track."""
        return self._catalogue.living_table

    @property
    def frame(self) -> pd.DataFrame:
        """The track table, pandas: NULL integers are ``<NA>``, lists are lists."""
        return to_pandas(self.table)

    def matching(self, where: str | Condition) -> pa.Table:
        """The tracks for which a condition is TRUE, in the order in which they came in.

        Raises:
            FilterError: it cannot be read, or names an unknown column.
        """
        catalogue = self._catalogue
        return catalogue.table_at(rows_where(as_condition(where), catalogue))

    def tracks(self, track_ids: Sequence[str]) -> pd.DataFrame:
        """The rows of the track table for these ids, in their order.

        Raises:
            NotFoundError: a track is not here.
        """
        return to_pandas(self.rows(track_ids))

    def rows(self, track_ids: Sequence[str]) -> pa.Table:
        """The same as an Arrow table.

        Raises:
            NotFoundError: a track is not here.
        """
        catalogue = self._catalogue
        return catalogue.table_at(rows_of(catalogue, track_ids))

    def vectors(self, track_ids: Sequence[str]) -> Vectors:
        """(len(track_ids), d) unit vectors, in the order asked for.

        Raises:
            NotFoundError: a track is not here.
        """
        catalogue = self._catalogue
        return np.array(catalogue.vectors_at(rows_of(catalogue, track_ids)))

    @property
    def moods(self) -> tuple[str, ...]:
        """Names of the mood columns."""
        return self._catalogue.moods

    @property
    def dim(self) -> int:
        """Numbers a vector."""
        return self._catalogue.dim

    @property
    def preset(self) -> str:
        """The preset, as it was asked for."""
        return self._snapshot.origin.preset

    @property
    def model_fingerprint(self) -> str | None:
        """Of the model that made the embeddings, if known."""
        return self._snapshot.origin.model_fingerprint

    @property
    def library_revision(self) -> int | None:
        """Of the library that the index was built from, if any."""
        return self._snapshot.origin.library_revision

    def require_model(self, fingerprint: str | None) -> None:
        """Check that embeddings of a model may be compared with those here; None is not checked.

        Raises:
            ModelMismatchError: they are of another model.
        """
        ours = self.model_fingerprint
        if ours is not None and fingerprint is not None and ours != fingerprint:
            raise ModelMismatchError(
                f"the index holds embeddings of model {ours}, these are of model {fingerprint}; "
                "name the model that made the index (--model FOLDER), or analyse the music with the other one"
            )

    def info(self) -> IndexInfo:
        """What this index is."""
        return info_of(self._snapshot, self._saved)

    def verify(self) -> None:
        """Check the files that the index was opened from or saved to, and the vectors in memory.

        Raises:
            CorruptStoreError: something is damaged.
        """
        if self._saved is not None:
            self._saved.verify()
        vectors = [part.segment.vectors for part in self._catalogue.parts]
        if not all(np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-4) for one in vectors):
            raise CorruptStoreError("the index holds vectors that are not of unit length; build it anew")

    def search(
        self,
        queries: ArrayLike,
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """The k tracks nearest to each query that meet the conditions.

        Args:
            queries: (q, d) or (d,) vectors; they are scaled to unit length.
            k: hits a query, from 1 to 10,000 more than there are tracks; arrays are padded where fewer qualify.
            options: what is asked for beside.
            **keywords: fields of :class:`SearchOptions` (``where``, ``mood``, ``only``, ``exclude``, ...); each
                replaces that of ``options``.

        Returns:
            Ids and scores: cosines in [-1, 1], or the blend of :mod:`moodrec.ranking` with a mood target.

        Raises:
            DataError: queries are zero, not finite, or of another dimension.
            UsageError: a value is out of range, values contradict each other, or there is no such mood.
            FilterError: the condition cannot be read, or names an unknown column.
        """
        asked, snapshot = SearchOptions.of(options, keywords), self._snapshot
        return _run(snapshot, asked, k, unit_rows(queries, snapshot.catalogue.dim))

    def similar_to(
        self,
        track_ids: str | Sequence[str],
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """The k tracks nearest to each of the given ones, none of which is its own neighbour.

        Args:
            track_ids: tracks of this index.
            k: hits a track, as for :meth:`search`.
            options: what is asked for beside.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            NotFoundError: a track is not in the index.
            UsageError, FilterError: as for :meth:`search`.
        """
        asked, snapshot = SearchOptions.of(options, keywords), self._snapshot
        rows = rows_of(snapshot.catalogue, texts(track_ids, "track_ids"))
        queries = np.ascontiguousarray(snapshot.catalogue.vectors_at(rows))
        return _run(snapshot, asked, k, queries, rows)

    def similar_to_mix(
        self,
        weights: Mapping[str, float],
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """The k tracks nearest to a mixture of tracks, none of which is returned.

        Args:
            weights: by track id; the query is the weighted sum of their vectors. Negative: away from that track.
            k: hits, as for :meth:`search`.
            options: what is asked for beside.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            NotFoundError: a track is not in the index.
            UsageError: there are no weights, they are not finite numbers, or the tracks cancel each other; else as
                for :meth:`search`.
            FilterError: as for :meth:`search`.
        """
        asked, snapshot = SearchOptions.of(options, keywords), self._snapshot
        given = checked_weights(weights)
        vectors = snapshot.catalogue.vectors_at(rows_of(snapshot.catalogue, list(given)))
        query = mixture(vectors, list(given.values()))
        return _run(snapshot, asked.excluding(given), k, query)

    def add(
        self,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        *,
        on_conflict: OnDuplicate = "error",
        model_fingerprint: str | None = None,
    ) -> None:
        """Add tracks; if this raises, the index is as it was.

        Args:
            embeddings: (n, d) as for :meth:`build`.
            tracks: n rows with ``track_id`` and the index's moods; other columns may be missing (NULL) or new.
            on_conflict: what to do about ids that are here already: "error" refuses them, "ignore" keeps what is
                here, "replace" puts the new rows in their places.
            model_fingerprint: of the model that made the embeddings.

        Raises:
            DuplicateIdError: ids are here already, with ``on_conflict="error"``; the message lists them.
            DataError: as for :meth:`build`.
            ModelMismatchError: the embeddings are another model's.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict, adds=True)
        self.require_model(model_fingerprint)
        table = track_table(tracks, self.moods)
        ids: list[str] = table[TRACK_ID].to_pylist()
        vectors = unit_rows(embeddings, self.dim, ids)
        self._versions.change(lambda now: added(now, vectors, table, ids, on_conflict))

    def update(self, tracks: pd.DataFrame | pa.Table) -> None:
        """Give tracks other values in some columns; their vectors stay. If this raises, the index is as it was.

        Args:
            tracks: ``track_id`` and the columns to change or to add; columns that are not named keep their values.
                Updated tracks count as the last that came in.

        Raises:
            NotFoundError: tracks are not here; it lists them.
            DuplicateIdError: a ``track_id`` occurs twice.
            DataError: columns are wrong, or do not fit those of the index; the message names them.
        """
        table = track_table(tracks)
        table = track_table(table, [mood for mood in self.moods if mood in table.column_names])
        self._versions.change(lambda now: updated(now, table))

    def upsert(
        self,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        *,
        model_fingerprint: str | None = None,
    ) -> None:
        """Add tracks, and replace those whose ids are here already; if this raises, the index is as it was.

        Args:
            embeddings: (n, d) as for :meth:`build`.
            tracks: n rows, as for :meth:`add`.
            model_fingerprint: of the model that made the embeddings.

        Raises:
            DataError, ModelMismatchError: as for :meth:`add`.
        """
        self.add(embeddings, tracks, on_conflict="replace", model_fingerprint=model_fingerprint)

    def remove(self, track_ids: Collection[str], *, on_conflict: OnConflict = "error") -> None:
        """Remove tracks.

        Args:
            track_ids: their ids.
            on_conflict: what to do about ids that are not here: "error" refuses them, "ignore" passes over them.

        Raises:
            NotFoundError: ids are not here, with ``on_conflict="error"``; the message lists them, and nothing is
                removed.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict)
        wanted = texts(track_ids, "track_ids")

        def make_next(now: Snapshot) -> Snapshot:
            if on_conflict == "error":
                rows_of(now.catalogue, wanted)
            return now.without(wanted)

        self._versions.change(make_next)

    def compact(self) -> None:
        """Build the index anew from the tracks that are left: removed ones go, and the preset learns from all rows.

        Small changes are merged, and a worn index is built anew, without being told to; this does it now.
        """
        self._versions.settle(compacted)


def _run(
    snapshot: Snapshot, options: SearchOptions, k: int, queries: Vectors, own: Rows | None = None
) -> Hits:
    if snapshot.check is not None:
        snapshot.check.raise_if_damaged()
    request = resolve(options, k, snapshot.catalogue, queries, own)
    return planner.run(snapshot.catalogue, snapshot.backend, snapshot.config, request)
