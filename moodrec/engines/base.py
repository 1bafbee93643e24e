"""``EngineIndex``: the searches of ``MoodIndex`` over a catalogue that lives in another engine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import OnConflict, OnDuplicate, listed
from moodrec.engines.columns import stored_table
from moodrec.engines.explaining import explanation
from moodrec.engines.facts import NAME, CatalogueFacts, check_catalogue_name
from moodrec.engines.memory import memory_of
from moodrec.engines.reading import EngineReader, require_known
from moodrec.engines.request import Candidates, EngineRequest, choose
from moodrec.errors import DuplicateIdError
from moodrec.index.rows.track_table import track_table
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchOptions, checked_k
from moodrec.schema import TRACK_ID
from moodrec.typing import Float32Array, Vectors

if TYPE_CHECKING:
    import pandas as pd

_DEEPER: Final = 4
"""Each further round of a search takes so many times the candidates of the round before."""


@dataclass(frozen=True, slots=True)
class _Search:
    """Searches of a catalogue."""

    index: EngineIndex

    @property
    def dim(self) -> int:
        return self.index.dim

    def seeds(self, track_ids: Sequence[str]) -> tuple[Vectors, NDArray[Any]]:
        return self.index.vectors(track_ids), np.array(track_ids, object)

    def run(self, options: SearchOptions, k: int, queries: Vectors, own: NDArray[Any] | None = None) -> Hits:
        return self.index._run(options, k, queries, () if own is None else tuple(own))


class EngineIndex(EngineReader):
    """A catalogue in another engine, searched with the options of :class:`~moodrec.index.mood_index.MoodIndex`.

    The engine finds candidates under the filter; their exact scores, caps, distinct and diverse hits are computed
    here, by the same rules as on one machine. Each call sees what has been committed when it starts. Any number of
    threads may use one object.
    """

    @classmethod
    def build(
        cls,
        address: str,
        embeddings: ArrayLike,
        tracks: pd.DataFrame | pa.Table,
        moods: Sequence[str] = (),
        name: str = NAME,
        model_fingerprint: str | None = None,
        library_revision: int | None = None,
    ) -> Self:
        """Write a catalogue in place of one of the same name; searches of the former one go on meanwhile.

        Args:
            address: of the server, as for :meth:`open`.
            embeddings: (n, d) finite numbers, no zero rows; they are scaled to unit length.
            tracks: pandas or Arrow, n rows: ``track_id`` (text, unique) and any other columns.
            moods: columns of ``tracks`` that hold mood scores in [0, 1]; NULL is unknown.
            name: what the catalogue is called: small letters, digits and ``_``.
            model_fingerprint: the fingerprint of the model that made the embeddings.
            library_revision: the revision of the library that they come from.

        Raises:
            DataError, DuplicateIdError: rows or columns are wrong; the message names them.
            UsageError: the name is no name.
            EngineError, MissingExtraError: the server cannot be used.
        """
        check_catalogue_name(name)
        table = track_table(tracks, moods)
        vectors = unit_rows(embeddings, names=table[TRACK_ID].to_pylist())
        facts = CatalogueFacts(
            tuple(moods), vectors.shape[1], table.schema, model_fingerprint, library_revision
        )
        return cls._build(address, name, facts, stored_table(table)[1], vectors)

    @classmethod
    @abstractmethod
    def _build(cls, address: str, name: str, facts: CatalogueFacts, rows: pa.Table, vectors: Vectors) -> Self:
        """Write a catalogue of checked rows, as they are stored."""

    @classmethod
    @abstractmethod
    def open(cls, address: str, name: str = NAME) -> Self:
        """Open a catalogue.

        Args:
            address: of the server, in the form that the engine knows.
            name: what the catalogue is called.

        Raises:
            NotFoundError: there is none of this name.
            EngineError, MissingExtraError: the server cannot be used.
        """

    @abstractmethod
    def _write(self, vectors: Vectors, table: pa.Table, replaces: bool) -> None:
        """Add checked rows; rows of ids that exist are replaced, or else kept as they are."""

    @abstractmethod
    def _delete(self, track_ids: Sequence[str]) -> None:
        """Remove tracks; ids that no track has do nothing."""

    @property
    def _searched(self) -> _Search:
        return _Search(self)

    def _add(self, vectors: Vectors, table: pa.Table, ids: list[str], on_conflict: OnDuplicate) -> None:
        self._require_changeable()
        if on_conflict == "error" and (known := self._known(ids)):
            raise DuplicateIdError(
                f"these tracks are in the index already: {listed(sorted(known))}; on_conflict='replace' replaces "
                "them, 'ignore' keeps them as they are"
            )
        self._write(vectors, table, on_conflict == "replace")

    def _remove(self, track_ids: Sequence[str], on_conflict: OnConflict) -> None:
        self._require_changeable()
        if on_conflict == "error":
            require_known(track_ids, self._known(track_ids))
        self._delete(track_ids)

    def _run(self, options: SearchOptions, k: int, queries: Vectors, own: tuple[str, ...] = ()) -> Hits:
        request = EngineRequest.of(
            options, checked_k(k, self.about()), self.moods, self.column_names, queries, own
        )
        seeds = [self._found_by_id([one]) for one in own]
        require_known(own, {one for seed in seeds for one in seed.track_ids})
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
        return Hits(track_ids, scores, counts, lambda: explanation(self, request, found_by, counts))

    def _answer(
        self, request: EngineRequest, query: int, seed: Candidates | None
    ) -> tuple[Candidates, list[str], Float32Array]:
        depth, memory = request.depth, memory_of(self._facts)
        while True:
            found = self._nearest(request, query, depth)
            if memory is not None:
                memory.keep(found)
            ids, scores, certain = choose(request, query, found, seed)
            if certain or found.complete:
                return found, ids, scores
            depth *= _DEEPER
