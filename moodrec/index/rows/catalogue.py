"""The rows of an index: vectors, track table, and which rows still count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.filters import selection
from moodrec.filters.columns import NO_ORDERS, ColumnTable
from moodrec.index.kernel import binding as kernel
from moodrec.index.rows.column_orders import orders_of
from moodrec.index.rows.track_ids import TrackIds
from moodrec.index.rows.validation import Vectors
from moodrec.index.search.passing import Wanted
from moodrec.schema import ALBUM, ALBUM_ARTIST, ARTIST, TITLE, TRACK_ID

Rows = NDArray[np.int64]
LARGE: Final = 50_000
"""Rows from which a dictionary of all ids takes too long and too much memory."""


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
    track_ids: TrackIds
    """Of all rows."""
    order: Rows | None = None
    """(n,) the place of each row among those that came in; None: rows lie in the order in which they came."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        table: pa.Table,
        moods: Sequence[str],
        alive: NDArray[np.bool_] | None = None,
        order: Rows | None = None,
        by_id: NDArray[np.int32] | None = None,
        orders: Mapping[str, selection.Order] = NO_ORDERS,
    ) -> Catalogue:
        """A catalogue of checked vectors and a checked table; without ``alive`` every row counts. ``by_id`` (n,) are
        the rows in the order of their ids, and ``orders`` those in the order of columns, as far as they are known.
        """
        living = np.ones(len(vectors), bool) if alive is None else alive
        column = table[TRACK_ID]
        ids = TrackIds(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks(), by_id)
        return cls(vectors, table, tuple(moods), living, ColumnTable(table, living, orders), ids, order)

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
    def living(self) -> selection.Rows | None:
        """The rows that count, as a selection; None: all do."""
        return None if self.n_alive == len(self) else selection.Rows(self.alive, ~self.alive)

    @cached_property
    def known_filters(self) -> dict[str | None, Wanted]:
        """Filters that were asked for before, by their text."""
        return {}

    @cached_property
    def in_memory(self) -> kernel.Rows:
        """The vectors as the kernel takes them."""
        return kernel.Rows.of(self.vectors, self.order)

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """(n,) track ids by row, tombstones included."""
        ids: NDArray[np.object_] = self.table[TRACK_ID].to_numpy(zero_copy_only=False).astype(object)
        return ids

    def ids_at(self, rows: Rows) -> NDArray[np.object_]:
        """The track ids of some rows; of a large catalogue, without making text of all the others."""
        return self.ids[rows] if len(self) < LARGE else self.track_ids.at(rows)

    def places(self, rows: Rows) -> Rows:
        """When rows came in, as numbers that rise."""
        return rows if self.order is None else self.order[rows]

    @cached_property
    def living_rows(self) -> Rows:
        """Rows without tombstones, in the order in which they came in."""
        rows = np.flatnonzero(self.alive)
        return rows if self.order is None else rows[np.argsort(self.order[rows])]

    @cached_property
    def living_table(self) -> pa.Table:
        """The table without tombstones, in the order in which its rows came in."""
        if self.order is None and self.n_alive == len(self):
            return self.table
        return self.table.take(pa.array(self.living_rows)).combine_chunks()

    @cached_property
    def artist_keys(self) -> NDArray[np.int32]:
        """(n,) a number for each artist, whatever its case; -1 where unknown."""
        column = self.columns.text(ARTIST)
        return np.full(len(self), -1, np.int32) if column is None else column.folded_keys

    @cached_property
    def title_keys(self) -> NDArray[np.int32]:
        """(n,) a number for each artist and title; -1 where one of them is unknown."""
        title = self.columns.text(TITLE)
        if title is None:
            return np.full(len(self), -1, np.int32)
        return np.where(self.artist_keys < 0, -1, _paired(title.folded_keys, self.artist_keys))

    @cached_property
    def album_keys(self) -> NDArray[np.int32]:
        """(n,) a number for each album: its title and its artist, for many have the same title; -1 where unknown."""
        album = self.columns.text(ALBUM)
        if album is None:
            return np.full(len(self), -1, np.int32)
        by = self.columns.text(ALBUM_ARTIST)
        artist = self.artist_keys
        if by is not None:
            artist = np.where(by.folded_keys < 0, artist, -2 - by.folded_keys)
        return _paired(album.folded_keys, artist)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {self.ids[row]: int(row) for row in np.flatnonzero(self.alive)}

    def _known(self, track_ids: Sequence[str]) -> Mapping[str, int]:
        """The rows of at least those of ``track_ids`` that are here."""
        return self._row_of if len(self) < LARGE else self.track_ids.rows_of(track_ids, self.alive)

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, str) and track_id in self._known([track_id])

    def unknown(self, track_ids: Iterable[str]) -> list[str]:
        """Those of ``track_ids`` that are not here."""
        wanted = list(track_ids)
        known = self._known(wanted)
        return [track_id for track_id in wanted if track_id not in known]

    def rows_of(self, track_ids: Iterable[str]) -> Rows:
        """Rows of ``track_ids``, in their order; those that are not here are left out."""
        wanted = list(track_ids)
        known = self._known(wanted)
        return np.array([known[track_id] for track_id in wanted if track_id in known], np.int64)

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
        order = None if self.order is None else np.concatenate([self.order, _next(self.order, len(vectors))])
        both = np.concatenate([self.vectors, vectors])
        return Catalogue.of(both, merged, self.moods, alive, order, orders=self.columns.orders)

    def arranged(self, rows: Rows) -> Catalogue:
        """The same with its rows in another order; ``rows`` (n,) are the old numbers of the new rows."""
        table = self.table.take(pa.array(rows)).combine_chunks()
        return Catalogue.of(self.vectors[rows], table, self.moods, self.alive[rows], self.places(rows))

    def ordered(self) -> Catalogue:
        """With the orders of its columns known."""
        return replace(self, columns=self.columns.with_orders(orders_of(self.table)))

    def removed(self, track_ids: Collection[str]) -> Catalogue:
        """With the rows of ``track_ids`` as tombstones."""
        alive = self.alive.copy()
        alive[self.rows_of(track_ids)] = False
        return replace(self, alive=alive, columns=self.columns.with_alive(alive))

    def compacted(self) -> Catalogue:
        """Without tombstones, and in the order in which the rows came in; rows are numbered anew."""
        if self.order is None and self.n_alive == len(self):
            return self
        return Catalogue.of(self.vectors[self.living_rows], self.living_table, self.moods)


def _paired(first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int32]:
    """(n,) a number for each pair of keys, -1 where the first is unknown."""
    pairs = (first.astype(np.int64) << 32) + second
    keys = np.unique(pairs, return_inverse=True)[1]
    return np.where(first < 0, -1, keys).astype(np.int32)


def _next(order: Rows, n: int) -> Rows:
    """The places of ``n`` more rows."""
    first = int(order.max(initial=-1)) + 1
    return np.arange(first, first + n)
