"""``EngineIndex``: the searches of ``MoodIndex`` over a catalogue that lives in another engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Self, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from moodrec.arguments import OnConflict, OnDuplicate, on_conflict_of, texts
from moodrec.engines.facts import CatalogueFacts
from moodrec.engines.request import Candidates, EngineRequest, choose
from moodrec.errors import DuplicateIdError, NotFoundError
from moodrec.filters.conditions import Condition
from moodrec.index.info import IndexInfo, require_same_model
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.validation import checked_weights, listed, mixture, track_table, unit_rows
from moodrec.index.search.hits import Drop, Explanation, Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions, checked_k
from moodrec.schema import TRACK_ID
from moodrec.typing import Codes, Float32Array, Vectors

if TYPE_CHECKING:
    import pandas as pd

_DEEPER: Final = 4
"""Each further round of a search takes so many times the candidates of the round before."""


class EngineIndex(ABC):
    """A catalogue in another engine, searched with the options of :class:`~moodrec.index.mood_index.MoodIndex`.

    The engine finds candidates under the filter; their exact scores, caps, distinct and diverse hits are computed
    here, by the same rules as on one machine. Each call sees what has been committed when it starts. Any number of
    threads may use one object.
    """

    kind: str
    """The name of the engine."""

    def __init__(self, facts: CatalogueFacts) -> None:
        """Begin with what the engine knows of the catalogue; use :meth:`build` or :meth:`open` of an engine."""
        self._facts = facts

    # What an engine does --------------------------------------------------------------------------------------------

    @abstractmethod
    def __len__(self) -> int:
        """The number of tracks."""

    @abstractmethod
    def _nearest(self, request: EngineRequest, query: int, depth: int) -> Candidates:
        """Find the ``depth`` best candidates of one query, or all that pass where these are fewer."""

    @abstractmethod
    def _candidates(self, track_ids: Sequence[str]) -> Candidates:
        """Return some tracks as candidates, in any order; ids that no track has are left out."""

    @abstractmethod
    def _count(self, request: EngineRequest, condition: Condition | None = None) -> int:
        """Count the tracks that pass a request, or that meet one condition alone."""

    @abstractmethod
    def _known(self, track_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that tracks have."""

    @abstractmethod
    def _stored_rows(self, track_ids: Sequence[str]) -> pa.Table:
        """Return the rows of the track table for ids that exist, in any order."""

    @abstractmethod
    def matching(self, where: str | Condition) -> pa.Table:
        """Return the tracks for which a condition is TRUE, in the order of arrival.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
        """

    @property
    @abstractmethod
    def table(self) -> pa.Table:
        """The track table as an Arrow table, with one row a track, in the order of arrival."""

    @abstractmethod
    def _write(self, vectors: Vectors, table: pa.Table, replaces: bool) -> None:
        """Add checked rows in one transaction; rows of ids that exist are replaced, or else kept as they are."""

    @abstractmethod
    def _remove(self, track_ids: Sequence[str]) -> None:
        """Remove tracks in one transaction; ids that no track has do nothing."""

    @abstractmethod
    def refresh(self) -> bool:
        """Read anew what belongs to the whole catalogue (its moods, columns, model), and say whether it changed.

        Rows need no refresh, because each search reads those that are there.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connections to the engine."""

    def _about(self) -> int:
        """Return the number of tracks, which may be some seconds old."""
        return len(self)

    # What all engines have in common --------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Return the index itself, whose connections close at the end of the block."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self.close()

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, str) and bool(self._known([track_id]))

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the mood columns."""
        return self._facts.moods

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self._facts.dim

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""
        return tuple(self._facts.schema.names)

    @property
    def preset(self) -> str:
        """The name of the engine, in the place of a preset's."""
        return self.kind

    @property
    def model_fingerprint(self) -> str | None:
        """The fingerprint of the model that made the embeddings; None if unknown."""
        return self._facts.model_fingerprint

    @property
    def library_revision(self) -> int | None:
        """The revision of the library that the catalogue was built from; None without a library."""
        return self._facts.library_revision

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order of arrival."""
        ids: list[str] = self.table[TRACK_ID].to_pylist()
        return ids

    @property
    def frame(self) -> pd.DataFrame:
        """The track table as a pandas frame, in which NULL integers are ``<NA>`` and lists are Python lists."""
        return to_pandas(self.table)

    def require_model(self, fingerprint: str | None) -> None:
        """Check that the embeddings of a model may be compared with those of the catalogue; None is not checked.

        Raises:
            ModelMismatchError: the embeddings of the catalogue are another model's.
        """
        require_same_model(self.model_fingerprint, fingerprint)

    def info(self) -> IndexInfo:
        """Return a description of the catalogue."""
        return IndexInfo(
            tracks=len(self),
            removed=0,
            dim=self.dim,
            preset=self.preset,
            kind=self.kind,
            moods=self.moods,
            columns=self.column_names,
            model_fingerprint=self.model_fingerprint,
            library_revision=self.library_revision,
            path=None,
        )

    def rows(self, track_ids: Sequence[str]) -> pa.Table:
        """Return the rows of the track table for some ids as an Arrow table, in the order of the ids.

        Raises:
            NotFoundError: a track is not in the catalogue.
        """
        ids = texts(track_ids, "track_ids")
        found = self._stored_rows(ids)
        place = {track_id: row for row, track_id in enumerate(found[TRACK_ID].to_pylist())}
        self._require(ids, place)
        return found.take(pa.array([place[one] for one in ids], pa.int64()))

    def tracks(self, track_ids: Sequence[str]) -> pd.DataFrame:
        """Return the rows of the track table for some ids as a pandas frame, in the order of the ids.

        Raises:
            NotFoundError: a track is not in the catalogue.
        """
        return to_pandas(self.rows(track_ids))

    def vectors(self, track_ids: Sequence[str]) -> Vectors:
        """Return the (m, d) float32 unit vectors of m tracks, in the order of the ids.

        Raises:
            NotFoundError: a track is not in the catalogue.
        """
        ids = texts(track_ids, "track_ids")
        found = self._candidates(ids)
        place = {track_id: row for row, track_id in enumerate(found.track_ids)}
        self._require(ids, place)
        return np.ascontiguousarray(found.vectors[[place[one] for one in ids]], np.float32)

    def search(
        self,
        queries: ArrayLike,
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """Find the k tracks nearest to each query that meet the conditions.

        Args:
            queries: (q, d) or (d,) vectors; they are scaled to unit length.
            k: hits a query; arrays are padded where fewer qualify.
            options: the options of the search; None takes the defaults.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            DataError, UsageError, FilterError: as :meth:`moodrec.index.mood_index.MoodIndex.search`.
        """
        resolved = SearchOptions.of(options, keywords)
        return self._run(resolved, k, unit_rows(queries, self.dim))

    def similar_to(
        self,
        track_ids: str | Sequence[str],
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """Find the k tracks nearest to each of the given ones, none of which is its own neighbour.

        Args:
            track_ids: tracks of this catalogue.
            k: hits a track, as for :meth:`search`.
            options: the options of the search; None takes the defaults.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            NotFoundError: a track is not in the catalogue.
            UsageError, FilterError: as for :meth:`search`.
        """
        resolved, ids = SearchOptions.of(options, keywords), texts(track_ids, "track_ids")
        return self._run(resolved, k, self.vectors(ids), tuple(ids))

    def similar_to_mix(
        self,
        weights: Mapping[str, float],
        k: int = 10,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Hits:
        """Find the k tracks nearest to a mixture of tracks, none of which is returned.

        Args:
            weights: finite numbers by track id; a negative weight points away from its track.
            k: hits, as for :meth:`search`.
            options: the options of the search; None takes the defaults.
            **keywords: fields of :class:`SearchOptions`; each replaces that of ``options``.

        Raises:
            NotFoundError, UsageError, FilterError: as :meth:`moodrec.index.mood_index.MoodIndex.similar_to_mix`.
        """
        resolved, given = SearchOptions.of(options, keywords), checked_weights(weights)
        query = mixture(self.vectors(list(given)), list(given.values()))
        return self._run(resolved.excluding(given), k, query)

    def add(
        self,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        *,
        on_conflict: OnDuplicate = "error",
        model_fingerprint: str | None = None,
    ) -> None:
        """Add tracks in one transaction; if this raises, the catalogue is as it was.

        Args:
            embeddings: (n, d) finite numbers, no zero rows.
            tracks: n rows with ``track_id`` and the moods; other columns may be missing (NULL) or new.
            on_conflict: what happens to tracks whose ids are there: "error", "ignore" or "replace".
            model_fingerprint: the fingerprint of the model that made the embeddings.

        Raises:
            DuplicateIdError, DataError, ModelMismatchError, UsageError: as
                :meth:`moodrec.index.mood_index.MoodIndex.add`.
        """
        on_conflict_of(on_conflict, adds=True)
        self.require_model(model_fingerprint)
        table = track_table(tracks, self.moods)
        ids: list[str] = table[TRACK_ID].to_pylist()
        vectors = unit_rows(embeddings, self.dim, ids)
        if on_conflict == "error" and (known := self._known(ids)):
            raise DuplicateIdError(
                f"these tracks are in the index already: {listed(sorted(known))}; on_conflict='replace' replaces "
                "them, 'ignore' keeps them as they are"
            )
        self._write(vectors, table, on_conflict == "replace")

    def upsert(
        self, embeddings: ArrayLike, tracks: pd.DataFrame | pa.Table, *, model_fingerprint: str | None = None
    ) -> None:
        """Add tracks, and replace those whose ids are there; if this raises, the catalogue is as it was.

        Args:
            embeddings: (n, d) as for :meth:`add`.
            tracks: n rows, as for :meth:`add`.
            model_fingerprint: the fingerprint of the model that made the embeddings.

        Raises:
            DataError, ModelMismatchError: as for :meth:`add`.
        """
        self.add(embeddings, tracks, on_conflict="replace", model_fingerprint=model_fingerprint)

    def remove(self, track_ids: Collection[str], *, on_conflict: OnConflict = "error") -> None:
        """Remove tracks in one transaction.

        Args:
            track_ids: the ids of the tracks.
            on_conflict: what happens where ids belong to no track: "error" refuses all, "ignore" removes the others.

        Raises:
            NotFoundError: ids belong to no track and ``on_conflict`` is "error"; nothing is removed.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict)
        ids = texts(track_ids, "track_ids")
        if on_conflict == "error":
            self._require(ids, self._known(ids))
        self._remove(ids)

    def _require(self, ids: Sequence[str], known: Collection[str]) -> None:
        if missing := [one for one in ids if one not in known]:
            raise NotFoundError(f"these tracks are not in the index: {listed(missing)}")

    def _run(self, options: SearchOptions, k: int, queries: Vectors, own: tuple[str, ...] = ()) -> Hits:
        request = EngineRequest.of(
            options, checked_k(k, self._about()), self.moods, self.column_names, queries, own
        )
        seeds = [self._candidates([one]) for one in own]
        results = [
            self._answer(request, query, seeds[query] if own else None) for query in range(len(queries))
        ]
        track_ids = np.empty((len(queries), request.k), object)
        scores = np.full((len(queries), request.k), np.nan, np.float32)
        for query, (_, ids, own_scores) in enumerate(results):
            track_ids[query, : len(ids)] = ids
            scores[query, : len(ids)] = own_scores
        counts = np.array([len(ids) for _, ids, _ in results], np.int64)
        found_by = [found for found, _, _ in results]
        return Hits(track_ids, scores, counts, lambda: self._explain(request, found_by, counts))

    def _answer(
        self, request: EngineRequest, query: int, seed: Candidates | None
    ) -> tuple[Candidates, list[str], Float32Array]:
        depth = request.depth
        while True:
            found = self._nearest(request, query, depth)
            ids, scores, certain = choose(request, query, found, seed)
            if certain or found.complete:
                return found, ids, scores
            depth *= _DEEPER

    def _explain(self, request: EngineRequest, found: list[Candidates], counts: Codes) -> Explanation:
        n, passed, fewest = len(self), self._count(request), int(counts.min(initial=request.k))
        drops = [Drop(str(one), n - self._count(request, one)) for one in request.conditions]
        shortfall = None
        if fewest < request.k:
            shortfall = f"fewer than k={request.k}: {passed} tracks meet the conditions"
            if fewest < passed:
                shortfall += f", and exclusions and caps leave {fewest}"
        return Explanation(
            path=found[0].path if found else self.kind,
            reason=found[0].reason if found else "no queries",
            rows=n,
            passed=passed,
            queries=len(found),
            scanned=sum(map(len, found)),
            scored=sum(map(len, found)),
            dropped=tuple(drops),
            shortfall=shortfall,
            kernel=None,
        )
