"""``MoodIndex``: embeddings, mood scores and metadata of a catalogue, searched together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from moodrec.config import IndexConfig
from moodrec.errors import DataError, DuplicateIdError
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint
from moodrec.index import planner
from moodrec.index.backends.base import Backend
from moodrec.index.backends.factory import build_backend, extend_backend
from moodrec.index.presets import load_preset, settled
from moodrec.index.rows.catalogue import Catalogue, Rows
from moodrec.index.rows.validation import Vectors, listed, mixture, track_table, unit_rows, vectors_of
from moodrec.index.search.hits import Hits
from moodrec.index.search.request import Conditions, Wish, names, resolve
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
        *,
        where: str | Condition | None = None,
        mood: Mapping[str, float | Sequence[float]] | None = None,
        mood_weight: float | Sequence[float] | None = None,
        exclude: Collection[str] = (),
        exclude_artist: Collection[str] = (),
        max_per_artist: int | None = None,
        max_per_album: int | None = None,
        distinct: bool = False,
        diversity: float = 0.0,
        exact: bool = False,
    ) -> Hits:
        """The k tracks nearest to each query that meet the conditions.

        Args:
            queries: (q, d) or (d,) vectors; they are scaled to unit length.
            k: hits a query; the arrays are padded where fewer tracks qualify.
            where: a SQL condition on the columns; see :func:`moodrec.filters.parse.parse`.
            mood: targets in [0, 1] by mood, a number for all queries or one for each. Tracks without a score for one
                of these moods are left out.
            mood_weight: of the mood against the sound, in [0, 1]: a number, or one for each query; 0.5 if there is a
                target.
            exclude: track ids not to return; unknown ones have no effect.
            exclude_artist: artists not to return, whatever their case.
            max_per_artist: at most so many tracks an artist; tracks of unknown artists all count apart.
            max_per_album: the same for albums, which are of one album artist and one title.
            distinct: leave out copies of a better hit, or of the seed: what sounds the same (a cosine of .99), or has
                the same artist and title.
            diversity: in [0, 1]: how much it counts against a track that it is like a better hit (maximal marginal
                relevance, among the 10 k best tracks and 100 at least; see :func:`moodrec.ranking.pick`). Hits then
                come in the order of their choice.
            exact: look at every row that passes.

        Returns:
            ids and scores: cosines in [-1, 1], or the blend of :mod:`moodrec.ranking` with a target.

        Raises:
            DataError: queries that are zero, not finite, or of another dimension.
            UsageError: arguments out of range, or that contradict each other; FilterError for ``where``.
        """
        wish = Wish(
            k,
            where,
            mood,
            mood_weight,
            exclude,
            exclude_artist,
            max_per_artist,
            max_per_album,
            distinct,
            diversity,
            exact,
        )
        return self._run(wish, unit_rows(queries, self.dim))

    def similar_to(
        self, track_ids: str | Sequence[str], k: int = 10, **conditions: Unpack[Conditions]
    ) -> Hits:
        """The k tracks nearest to each of the given ones, none of which is its own neighbour.

        Args:
            track_ids: tracks of this index.
            k: hits a track.
            **conditions: ``where``, ``mood`` and so on, as for :meth:`search`.

        Raises:
            NotFoundError: a track is not here; else as :meth:`search`.
        """
        rows = self._rows(names(track_ids, "track_ids"))
        queries = np.ascontiguousarray(self._catalogue.vectors[rows])
        return self._run(Wish(k=k, **conditions), queries, rows)

    def similar_to_mix(
        self, weights: Mapping[str, float], k: int = 10, **conditions: Unpack[Conditions]
    ) -> Hits:
        """The k tracks nearest to a mixture of tracks, none of which is returned.

        Args:
            weights: by track id; the query is the weighted sum of their vectors. Negative: away from that track.
            k: hits.
            **conditions: as for :meth:`search`.

        Raises:
            NotFoundError: a track is not here.
            UsageError: there are no weights, they are not finite, or the tracks cancel each other; else as
                :meth:`search`.
        """
        query = mixture(self.vectors(list(weights)), list(weights.values()))
        wish = Wish(k=k, **conditions)
        return self._run(replace(wish, exclude=[*names(wish.exclude, "exclude"), *weights]), query)

    def _run(self, wish: Wish, queries: Vectors, own: Rows | None = None) -> Hits:
        check = self._check
        if check is not None:
            check.raise_if_damaged()
        request = resolve(wish, self._catalogue, queries, own)
        return planner.run(self._catalogue, self._backend, self._config, request)

    def add(
        self,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        *,
        on_duplicate: Literal["error", "replace", "ignore"] = "error",
        model_fingerprint: str | None = None,
    ) -> None:
        """Add tracks; if this raises, the index is as it was.

        Args:
            embeddings: (n, d) as for :meth:`build`.
            tracks: n rows with ``track_id`` and the index's moods; other columns may be missing (NULL) or new.
            on_duplicate: what to do about ids that are here already: refuse, replace them, or keep what is here.
            model_fingerprint: of the model that made the embeddings.

        Raises:
            DuplicateIdError: ids are here already, with ``on_duplicate="error"``; it lists them.
            DataError: as for :meth:`build`.
            ModelMismatchError: the embeddings are another model's.
        """
        self.require_model(model_fingerprint)
        table = track_table(tracks, self.moods)
        ids: list[str] = table[TRACK_ID].to_pylist()
        vectors = unit_rows(embeddings, self.dim, ids)
        known = [track_id for track_id in ids if track_id in self._catalogue]
        if known and on_duplicate == "error":
            raise DuplicateIdError(
                f"these tracks are in the index already: {listed(known)}; see on_duplicate"
            )
        if known and on_duplicate == "ignore":
            new = np.array([track_id not in self._catalogue for track_id in ids])
            vectors, table = vectors[new], table.filter(pa.array(new)).combine_chunks()
        base = self._catalogue.removed(known) if on_duplicate == "replace" else self._catalogue
        self._grow(base.added(vectors, table), len(vectors))

    def _grow(self, catalogue: Catalogue, n_new: int) -> None:
        self._wait_for_check()
        self._adopt(catalogue, extend_backend(self._backend, catalogue, n_new))

    def remove(self, track_ids: Collection[str], *, on_missing: Literal["error", "ignore"] = "error") -> None:
        """Remove tracks.

        Raises:
            NotFoundError: ids are not here, with ``on_missing="error"``; it lists them, and nothing is removed.
        """
        wanted = names(track_ids, "track_ids")
        if on_missing == "error":
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
