"""A segment holds rows that never change: their vectors, their track table and their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.filters import selection
from moodrec.filters.columns import NO_ORDERS, ColumnTable
from moodrec.index.kernel import binding as kernel
from moodrec.index.rows.column_orders import orders_of
from moodrec.index.rows.track_ids import TrackIds
from moodrec.schema import TRACK_ID
from moodrec.typing import Float32Array, RowMask, RowNumbers, Vectors

LARGE: Final = 50_000
"""From this many rows on, ids are found by bisection, because a dictionary of them all would take too much memory."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Rows of an index that never change. A row is removed by a mask beside the segment (:class:`Part`)."""

    vectors: Vectors
    """(n, d) float32 vectors of unit length, memory-mapped in an index that was opened."""
    table: pa.Table
    """The n rows of the track table: ``track_id`` and the user's columns."""
    moods: tuple[str, ...]
    """The names of the columns that hold mood scores."""
    columns: ColumnTable
    """The columns of the table as filters read them."""
    track_ids: TrackIds
    """The ids of all rows."""
    order: RowNumbers | None = None
    """(n,) The position of each row in the order of arrival; None: the rows lie in that order."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        table: pa.Table,
        moods: Sequence[str],
        order: RowNumbers | None = None,
        by_id: NDArray[np.int32] | None = None,
        orders: Mapping[str, selection.Order] = NO_ORDERS,
    ) -> Segment:
        """Make a segment of checked vectors and a checked table.

        Args:
            vectors: (n, d) float32 vectors of unit length.
            table: the n rows of the track table, with one chunk a column.
            moods: names of the columns that hold mood scores.
            order: (n,) position of each row in the order of arrival; None: the rows lie in that order.
            by_id: (n,) the rows in the order of their ids' bytes, if it is known.
            orders: the rows in the order of each column's values, for the columns for which it is known.
        """
        column = table[TRACK_ID]
        ids = TrackIds(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks(), by_id)
        return cls(vectors, table, tuple(moods), ColumnTable(table, orders=orders), ids, order)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self.vectors.shape[1])

    @cached_property
    def in_memory(self) -> kernel.Rows:
        """The vectors and the order of arrival as the structure that the kernel reads."""
        return kernel.Rows.of(self.vectors, self.order)

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """(n,) The track id of each row."""
        ids: NDArray[np.object_] = self.table[TRACK_ID].to_numpy(zero_copy_only=False).astype(object)
        return ids

    def ids_at(self, rows: RowNumbers) -> NDArray[np.object_]:
        """Return the (m,) track ids of ``rows``; a large segment decodes only these, and keeps no text of the
        others.
        """
        return self.ids[rows] if len(self) < LARGE else self.track_ids.at(rows)

    def places(self, rows: RowNumbers) -> RowNumbers:
        """Return the (m,) positions of ``rows`` in the order of arrival."""
        return rows if self.order is None else self.order[rows]

    @cached_property
    def in_order_of_arrival(self) -> RowNumbers | None:
        """(n,) The rows in the order of arrival; None where they lie in that order."""
        return None if self.order is None else np.argsort(self.order)

    @cached_property
    def _last_row_of(self) -> dict[str, int]:
        """The last row of each id. An id that was replaced occurs again in a later row, and only the last may
        be alive.
        """
        return dict(zip(self.ids.tolist(), range(len(self)), strict=True))

    def rows_of(self, track_ids: Sequence[str], alive: RowMask) -> RowNumbers:
        """Find the rows of track ids.

        Args:
            track_ids: m ids.
            alive: (n,) False for tombstones.

        Returns:
            (m,) the row of each id; -1 where no row has it, or tombstones alone.
        """
        if len(self) >= LARGE:
            return self.track_ids.rows_of(track_ids, alive)
        known = self._last_row_of
        rows = np.array([known.get(track_id, -1) for track_id in track_ids], np.int64)
        there = np.flatnonzero(rows >= 0)
        rows[there[~alive[rows[there]]]] = -1
        return rows

    def mood_scores(self, moods: Sequence[str], rows: RowNumbers | None = None) -> Float32Array:
        """Read the mood scores of some rows.

        Args:
            moods: names of mood columns.
            rows: (m,) rows of the segment; None: all.

        Returns:
            (m, moods) float32 scores in [0, 1], NaN where unknown.
        """
        columns = [self.columns.numbers(mood) for mood in moods]
        return np.stack([column if rows is None else column[rows] for column in columns], axis=1)

    def arranged(self, rows: RowNumbers) -> Segment:
        """Return the same rows in another order: row i of the result is row ``rows[i]`` of this segment."""
        table = self.table.take(pa.array(rows)).combine_chunks()
        return Segment.of(self.vectors[rows], table, self.moods, self.places(rows))

    def ordered(self) -> Segment:
        """Return the same segment, with its rows sorted by each column (:mod:`moodrec.index.rows.column_orders`)."""
        return replace(self, columns=self.columns.with_orders(orders_of(self.table)))


@dataclass(frozen=True, eq=False)
class Part:
    """A segment at one version of the index: its rows, and which of them are tombstones."""

    segment: Segment
    """The rows, which versions share."""
    alive: RowMask
    """(n,) False for tombstones: removed rows, which no search returns."""
    first: int = 0
    """The number that the segment's first row has in the catalogue."""
    filters: dict[str | None, Any] = field(default_factory=dict, repr=False)
    """The resolved conditions of earlier searches by the text of their filter; searches write and read them."""

    @classmethod
    def whole(cls, segment: Segment, first: int = 0) -> Part:
        """Make a part without tombstones.

        Args:
            segment: the rows.
            first: the number that the segment's first row has in the catalogue.
        """
        return cls(segment, np.ones(len(segment), bool), first)

    def __len__(self) -> int:
        return len(self.segment)

    @cached_property
    def n_alive(self) -> int:
        """The number of rows that are no tombstones."""
        return int(np.count_nonzero(self.alive))

    @cached_property
    def living(self) -> selection.NamedRows | None:
        """The rows that are no tombstones as a selection, which joins the conditions of a search; None: all rows."""
        return None if self.n_alive == len(self) else selection.NamedRows(self.alive, ~self.alive)

    @cached_property
    def living_rows(self) -> RowNumbers:
        """The rows of the segment that are no tombstones, in the order of arrival."""
        by_arrival = self.segment.in_order_of_arrival
        return np.flatnonzero(self.alive) if by_arrival is None else by_arrival[self.alive[by_arrival]]

    def without(self, rows: RowNumbers) -> Part:
        """Return the part with ``rows`` of the segment marked as tombstones, or the part itself without any rows."""
        if not len(rows):
            return self
        alive = self.alive.copy()
        alive[rows] = False
        return Part(self.segment, alive, self.first)
