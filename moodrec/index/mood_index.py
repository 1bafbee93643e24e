"""``MoodIndex``: embeddings, mood scores and metadata of a catalogue, searched together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from moodrec.arguments import OnConflict, OnDuplicate, on_conflict_of, texts
from moodrec.config import IndexConfig
from moodrec.errors import DataError, DuplicateIdError
from moodrec.filters.names import hint
from moodrec.index import planner
from moodrec.index.backends.base import Backend
from moodrec.index.backends.factory import build_backend, extend_backend
from moodrec.index.presets import load_preset, settled
from moodrec.index.rows.catalogue import Catalogue, Rows
from moodrec.index.rows.validation import (
    Vectors,
    checked_weights,
    listed,
    mixture,
    track_table,
    unit_rows,
    vectors_of,
)
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.index.search.request import resolve
from moodrec.index.storage.format import Opened, Origin, load, saver
from moodrec.index.storage.store import publish, read_current
from moodrec.index.view import IndexView
from moodrec.schema import EMBEDDING, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd


class MoodIndex(IndexView):
    """An index over one row a track.

    Searching changes nothing, and any number of threads may search at once; not while another adds or removes.
    """

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
        return cls(Opened(*build_backend(Catalogue.of(vectors, table, moods), config), config, origin))

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
        return read_current(Path(path), lambda version: cls(load(version, device), version))

    def save(self, path: Path | str) -> None:
        """Write the index to a folder, in one step that readers and crashes never see half of.

        Raises:
            UsageError: ``path`` is a file, or a folder of other things.
            StoreLockedError: another process is writing there.
            CorruptStoreError: what was opened is damaged.
        """
        self._wait_for_check()
        write = saver(self._catalogue, self._backend, self._config, self._origin)
        self._version = publish(Path(path), write)

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
        return self._run(SearchOptions.of(options, keywords), k, unit_rows(queries, self.dim))

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
        asked = SearchOptions.of(options, keywords)
        rows = self._rows(texts(track_ids, "track_ids"))
        queries = np.ascontiguousarray(self._catalogue.vectors[rows])
        return self._run(asked, k, queries, rows)

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
        asked = SearchOptions.of(options, keywords)
        given = checked_weights(weights)
        query = mixture(self.vectors(list(given)), list(given.values()))
        return self._run(asked.excluding(given), k, query)

    def _run(self, options: SearchOptions, k: int, queries: Vectors, own: Rows | None = None) -> Hits:
        check = self._check
        if check is not None:
            check.raise_if_damaged()
        request = resolve(options, k, self._catalogue, queries, own)
        return planner.run(self._catalogue, self._backend, self._config, request)

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
        known = [track_id for track_id in ids if track_id in self._catalogue]
        if known and on_conflict == "error":
            raise DuplicateIdError(
                f"these tracks are in the index already: {listed(known)}; on_conflict='replace' replaces them, "
                "'ignore' keeps them as they are"
            )
        if known and on_conflict == "ignore":
            new = np.array([track_id not in self._catalogue for track_id in ids])
            vectors, table = vectors[new], table.filter(pa.array(new)).combine_chunks()
        base = self._catalogue.removed(known) if on_conflict == "replace" else self._catalogue
        self._grow(base.added(vectors, table), len(vectors))

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

    def _grow(self, catalogue: Catalogue, n_new: int) -> None:
        self._wait_for_check()
        self._adopt(catalogue, extend_backend(self._backend, catalogue, n_new))

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
        if on_conflict == "error":
            self._rows(wanted)
        self._adopt(self._catalogue.removed(wanted), self._backend)

    def _adopt(self, catalogue: Catalogue, backend: Backend | None) -> None:
        """Go on with these; built anew where too many rows are tombstones, or the structure has been outgrown."""
        self._wait_for_check()
        dead = len(catalogue) - catalogue.n_alive
        too_many = dead > self._config.max_removed * len(catalogue) and catalogue.n_alive > 0
        if too_many or (backend is not None and backend.outgrown(self._config.max_growth)):
            catalogue, backend = build_backend(catalogue.compacted(), self._config)
        self._catalogue, self._backend = catalogue, backend

    def _wait_for_check(self) -> None:
        check = self._check
        if check is not None:
            check.wait()
            self._check = None
