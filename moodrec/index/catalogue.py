"""The rows of an index: vectors, track table, and which rows still count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.filters.columns import ColumnTable
from moodrec.index.checks import Vectors
from moodrec.schema import TRACK_ID

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One state of an index's rows. A row keeps its number until the catalogue is compacted.

    A removed row stays as a tombstone that no search returns; changes give a new catalogue.
    """

    vectors: Vectors
    """(n, d) of unit length; memory-mapped after opening."""
    table: pa.Table
    """n rows: ``track_id`` and the user's columns."""
    moods: tuple[str, ...]
    """Columns that hold mood scores."""
    alive: NDArray[np.bool_]
    """(n,) False for tombstones."""
    columns: ColumnTable
    """The table as filters read it."""

    @classmethod
    def of(
        cls, vectors: Vectors, table: pa.Table, moods: Sequence[str], alive: NDArray[np.bool_] | None = None
    ) -> Catalogue:
        """A catalogue of checked vectors and a checked table; without ``alive`` every row counts."""
        living = np.ones(len(vectors), bool) if alive is None else alive
        return cls(vectors, table, tuple(moods), living, ColumnTable(table, living))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """Numbers a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def n_alive(self) -> int:
        """Tracks that count."""
        return int(np.count_nonzero(self.alive))

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """(n,) track ids by row, tombstones included."""
        ids: NDArray[np.object_] = self.table[TRACK_ID].to_numpy(zero_copy_only=False).astype(object)
        return ids

    def ids_at(self, rows: Rows) -> NDArray[np.object_]:
        """The track ids of some rows, without making text of all the others."""
        found: NDArray[np.object_] = self.table[TRACK_ID].take(pa.array(rows)).to_numpy().astype(object)
        return found

    @cached_property
    def living_table(self) -> pa.Table:
        """The table without tombstones."""
        return self.table if self.n_alive == len(self) else self.table.filter(pa.array(self.alive))

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {self.ids[row]: int(row) for row in np.flatnonzero(self.alive)}

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._row_of

    def unknown(self, track_ids: Iterable[str]) -> list[str]:
        """Those of ``track_ids`` that are not here."""
        return [track_id for track_id in track_ids if track_id not in self._row_of]

    def rows_of(self, track_ids: Iterable[str]) -> Rows:
        """Rows of ``track_ids``, in their order; those that are not here are left out."""
        found = (self._row_of.get(track_id) for track_id in track_ids)
        return np.array([row for row in found if row is not None], np.int64)

    def mood_scores(self, moods: Sequence[str], rows: Rows | None = None) -> NDArray[np.float32]:
        """(rows, moods) scores, NaN where unknown."""
        columns = [self.columns.numbers(mood) for mood in moods]
        return np.stack([column if rows is None else column[rows] for column in columns], axis=1)

    def added(self, vectors: Vectors, table: pa.Table) -> Catalogue:
        """With new rows at the end; columns that one of the tables lacks are NULL there."""
        try:
            merged = pa.concat_tables([self.table, table], promote_options="permissive").combine_chunks()
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            raise DataError(f"the new tracks' columns do not fit those of the index: {error}") from None
        alive = np.concatenate([self.alive, np.ones(len(vectors), bool)])
        return Catalogue.of(np.concatenate([self.vectors, vectors]), merged, self.moods, alive)

    def removed(self, track_ids: Collection[str]) -> Catalogue:
        """With the rows of ``track_ids`` as tombstones."""
        alive = self.alive.copy()
        alive[self.rows_of(track_ids)] = False
        return replace(self, alive=alive, columns=self.columns.with_alive(alive))

    def compacted(self) -> Catalogue:
        """Without tombstones; rows are numbered anew."""
        if self.n_alive == len(self):
            return self
        return Catalogue.of(self.vectors[self.alive], self.living_table.combine_chunks(), self.moods)
