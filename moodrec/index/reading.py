"""``IndexReader``: what can be read of an index: its tracks, their columns and vectors, without a search."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from moodrec.arguments import OnConflict, flag, id_of, ids_of, on_conflict_of, texts
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.index.changes import rows_of
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.track_table import chosen_columns
from moodrec.index.search.products import cosines_of
from moodrec.index.search.resolve import mood_columns, rows_where
from moodrec.index.tracks import TrackReader, paired_ids
from moodrec.typing import BoolArray, Float64Array, Vectors


class IndexReader(TrackReader):
    """The tracks of one version of an index, which the class that searches them provides."""

    @property
    @abstractmethod
    def _catalogue(self) -> Catalogue:
        """The rows of the current version; each call reads one version from beginning to end."""

    def __len__(self) -> int:
        return self._catalogue.n_alive

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._catalogue

    def contains(self, track_ids: Collection[str]) -> BoolArray:
        found: BoolArray = self._catalogue.lookup(ids_of(track_ids, "track_ids")) >= 0
        return found

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order of arrival."""
        ids: list[str] = self._catalogue.ids_at(self._catalogue.living_rows).tolist()
        return ids

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""
        return self._catalogue.column_names

    @property
    def table(self) -> pa.Table:
        """The track table as an Arrow table, with one row a track, in the order of arrival."""
        return self._catalogue.living_table

    def columns(self, names: Collection[str]) -> pa.Table:
        table, wanted = self._catalogue.living_table, texts(names, "names")
        return table.select([name for name in table.column_names if name in wanted])

    def matching(
        self, where: str | Condition, *, audio_only: bool = False, columns: Sequence[str] | None = None
    ) -> pa.Table:
        catalogue = self._catalogue
        wanted = chosen_columns(columns, catalogue.column_names)
        rows = rows_where(as_condition(where), catalogue, flag(audio_only, "audio_only"))
        return catalogue.table_at(rows, wanted)

    def mood_columns(self, audio_only: bool = False) -> dict[str, str]:
        return dict(mood_columns(self._catalogue, flag(audio_only, "audio_only")))

    def rows(
        self,
        track_ids: Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> pa.Table:
        catalogue = self._catalogue
        rows = rows_of(catalogue, ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict))
        return catalogue.table_at(rows[rows >= 0], chosen_columns(columns, catalogue.column_names))

    def vectors(self, track_ids: Sequence[str], *, on_conflict: OnConflict = "error") -> Vectors:
        catalogue = self._catalogue
        rows = rows_of(catalogue, ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict))
        there = rows >= 0
        if there.all():
            return np.array(catalogue.vectors_at(rows))
        vectors: Vectors = np.full((len(rows), catalogue.dim), np.nan, np.float32)
        vectors[there] = catalogue.vectors_at(rows[there])
        return vectors

    def cosines(
        self, lefts: Sequence[str], rights: Sequence[str], *, on_conflict: OnConflict = "error"
    ) -> Float64Array:
        catalogue, (first, second) = self._catalogue, paired_ids(lefts, rights)
        rows = rows_of(catalogue, first + second, on_conflict_of(on_conflict))
        return cosines_of(catalogue, rows[: len(first)], rows[len(first) :])

    def same_recording(self, track_id: str, others: Sequence[str]) -> BoolArray:
        catalogue = self._catalogue
        rows = rows_of(catalogue, [id_of(track_id, "track_id"), *ids_of(others, "others")])
        vectors = catalogue.vectors_at(rows)
        return catalogue.recordings.copies(int(rows[0]), rows[1:], vectors[1:] @ vectors[0])

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the mood columns."""
        return self._catalogue.moods

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self._catalogue.dim
