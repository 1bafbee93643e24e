"""``SearchFront``: the calls that search and change a catalogue, whichever engine holds it.

Arguments are checked and converted here, once for the index of one machine and for catalogues in other engines.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import OnConflict, OnDuplicate, ids_of, on_conflict_of
from moodrec.index.info import IndexInfo, require_same_model
from moodrec.index.rows.mixtures import checked_weights, mixture
from moodrec.index.rows.track_table import track_table
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import QueryKeywords, SearchKeywords, SearchOptions
from moodrec.index.search.per_query import asked_of, run_each
from moodrec.index.tracks import TrackReader
from moodrec.schema import TRACK_ID
from moodrec.typing import Vectors

if TYPE_CHECKING:
    import pandas as pd


class Searched(Protocol):
    """What one call searches from beginning to end."""

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""

    def seeds(self, track_ids: Sequence[str]) -> tuple[Vectors, NDArray[Any]]:
        """Return the (m, d) vectors of m tracks, and (m,) what :meth:`run` knows each of them by.

        Raises:
            NotFoundError: a track is not there; the message lists them.
        """

    def run(self, options: SearchOptions, k: int, queries: Vectors, own: NDArray[Any] | None = None) -> Hits:
        """Search with options that have been checked.

        Args:
            options: the options of all queries.
            k: hits a query.
            queries: (q, d) of unit length.
            own: (q,) the tracks that the queries are, from :meth:`seeds`; None: they are no tracks.
        """


class SearchFront(TrackReader):
    """A catalogue: its tracks, its searches, and the changes that take tables of tracks.

    :class:`~moodrec.index.mood_index.MoodIndex` is one, and so are the catalogues in other engines
    (:class:`~moodrec.engines.base.EngineIndex`).
    """

    @property
    @abstractmethod
    def _searched(self) -> Searched:
        """What a call that begins now searches."""

    @property
    @abstractmethod
    def model_fingerprint(self) -> str | None:
        """The fingerprint of the model that made the embeddings; None if unknown."""

    @property
    @abstractmethod
    def library_revision(self) -> int | None:
        """The revision of the library that the index was built from; None without a library."""

    @property
    @abstractmethod
    def saved_as(self) -> str | None:
        """Name of the saved version that this index is, or came from; None where it was never saved."""

    @abstractmethod
    def info(self) -> IndexInfo:
        """Return a description of the index: its size, its preset and its origin."""

    @abstractmethod
    def refresh(self) -> bool:
        """Go over to the newest saved version, if there is a newer one, and say whether there was one."""

    @abstractmethod
    def snapshot(self) -> SearchFront:
        """Return an index that stays at this version and refuses changes; the same one as long as it lasts."""

    @abstractmethod
    def _add(self, vectors: Vectors, table: pa.Table, ids: list[str], on_conflict: OnDuplicate) -> None:
        """Add rows that have been checked."""

    @abstractmethod
    def _remove(self, track_ids: Sequence[str], on_conflict: OnConflict) -> None:
        """Remove the tracks of some ids."""

    def require_model(self, fingerprint: str | None) -> None:
        """Check that the embeddings of a model may be compared with those of the index; None is not checked.

        Raises:
            ModelMismatchError: the embeddings of the index are another model's.
        """
        require_same_model(self.model_fingerprint, fingerprint)

    def search(
        self,
        queries: ArrayLike,
        k: int = 10,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        **keywords: Unpack[QueryKeywords],
    ) -> Hits:
        """Find the k tracks nearest to each query that meet the conditions.

        Args:
            queries: (q, d) or (d,) vectors; they are scaled to unit length.
            k: hits a query, from 1 to 10,000 more than there are tracks; arrays are padded where fewer qualify.
            options: the options of the search, or a list with one for each query; None takes the defaults.
            **keywords: fields of :class:`SearchOptions` (``where``, ``mood``, ``only``, ``exclude``, ...); each
                replaces that of ``options``. Conditions and lists of ids may be one for each query:
                ``where=["calm >= 0.5", None]``, ``only=[ids_of_one, ids_of_other]``.

        Returns:
            Ids and scores: cosines in [-1, 1], or the blend of :mod:`moodrec.ranking` with a mood target.

        Raises:
            DataError: queries are zero, not finite, or of another dimension.
            UsageError: a value is out of range, values contradict each other, or there is no such mood.
            FilterError: the condition cannot be read, or names an unknown column.
        """
        searched = self._searched
        vectors = unit_rows(queries, searched.dim)
        asked = asked_of(options, keywords, len(vectors))
        return run_each(asked, len(vectors), lambda one, some: searched.run(one, k, vectors[some]))

    def similar_to(
        self,
        track_ids: str | Sequence[str],
        k: int = 10,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        **keywords: Unpack[QueryKeywords],
    ) -> Hits:
        """Find the k tracks nearest to each of the given ones, none of which is its own neighbour.

        Args:
            track_ids: tracks of this index.
            k: hits a track, as for :meth:`search`.
            options: the options of the search, or a list with one for each query; None takes the defaults.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``. Conditions and lists of
                ids may be one for each track, as for :meth:`search`.

        Raises:
            NotFoundError: a track is not in the index.
            UsageError, FilterError: as for :meth:`search`.
        """
        searched = self._searched
        queries, own = searched.seeds(ids_of(track_ids, "track_ids"))
        asked = asked_of(options, keywords, len(own))
        return run_each(asked, len(own), lambda one, some: searched.run(one, k, queries[some], own[some]))

    def similar_to_mix(
        self,
        weights: Mapping[str, float],
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """Find the k tracks nearest to a mixture of tracks, none of which is returned.

        Args:
            weights: finite numbers by track id; the query is the weighted sum of the tracks' vectors, and a negative
                weight points away from its track.
            k: hits, as for :meth:`search`.
            options: the options of the search; None takes the defaults.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            NotFoundError: a track is not in the index.
            UsageError: there are no weights, they are not finite numbers, or the tracks cancel each other; else as
                for :meth:`search`.
            FilterError: as for :meth:`search`.
        """
        resolved, searched = SearchOptions.of(options, keywords), self._searched
        given = checked_weights(weights)
        query = mixture(searched.seeds(list(given))[0], list(given.values()))
        return searched.run(resolved.excluding(given), k, query)

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
            embeddings: (n, d) finite numbers, no zero rows.
            tracks: n rows with ``track_id`` and the index's moods; other columns may be missing (NULL) or new.
            on_conflict: what happens to tracks whose ids are in the index: "error" refuses all, "ignore" keeps the
                rows of the index, "replace" puts the new rows in their places.
            model_fingerprint: the fingerprint of the model that made the embeddings.

        Raises:
            DuplicateIdError: ids are in the index and ``on_conflict`` is "error"; the message lists them.
            DataError: rows or columns are wrong; the message names them.
            ModelMismatchError: the embeddings are another model's.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict, adds=True)
        self.require_model(model_fingerprint)
        table = track_table(tracks, self.moods)
        ids: list[str] = table[TRACK_ID].to_pylist()
        vectors = unit_rows(embeddings, self.dim, ids)
        self._add(vectors, table, ids, on_conflict)

    def upsert(
        self,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        *,
        model_fingerprint: str | None = None,
    ) -> None:
        """Add tracks, and replace those whose ids are in the index; if this raises, the index is as it was.

        Args:
            embeddings: (n, d) as for :meth:`add`.
            tracks: n rows, as for :meth:`add`.
            model_fingerprint: the fingerprint of the model that made the embeddings.

        Raises:
            DataError, ModelMismatchError: as for :meth:`add`.
        """
        self.add(embeddings, tracks, on_conflict="replace", model_fingerprint=model_fingerprint)

    def remove(self, track_ids: Collection[str], *, on_conflict: OnConflict = "error") -> None:
        """Remove tracks from the index.

        Args:
            track_ids: the ids of the tracks.
            on_conflict: what happens where ids belong to no track: "error" refuses all, "ignore" removes the others.

        Raises:
            NotFoundError: ids belong to no track and ``on_conflict`` is "error"; the message lists them, and nothing
                is removed.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict)
        self._remove(ids_of(track_ids, "track_ids"), on_conflict)
