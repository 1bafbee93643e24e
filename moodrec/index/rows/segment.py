"""A segment: rows that never change, as vectors, a track table and ids."""

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
from moodrec.index.rows.validation import Vectors
from moodrec.schema import TRACK_ID

Rows = NDArray[np.int64]
LARGE: Final = 50_000
"""From this many rows on, ids are looked up in sorted order: a dictionary of all would take too much memory."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Rows of an index that never change; rows are removed by a mask beside them (:class:`Part`)."""

    vectors: Vectors
    """(n, d) of unit length; memory-mapped after opening."""
    table: pa.Table
    """n rows: ``track_id`` and the user's columns."""
    moods: tuple[str, ...]
    """Columns that hold mood scores."""
    columns: ColumnTable
    """The table as filters read it."""
    track_ids: TrackIds
    """The ids of all rows."""
    order: Rows | None = None
    """(n,) the position of each row in the order of arrival; None: the rows lie in that order."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        table: pa.Table,
        moods: Sequence[str],
        order: Rows | None = None,
        by_id: NDArray[np.int32] | None = None,
        orders: Mapping[str, selection.Order] = NO_ORDERS,
    ) -> Segment:
        """Make a segment of checked vectors and a checked table.

        Args:
            vectors: (n, d) of unit length.
            table: n rows, one chunk a column.
            moods: columns that hold mood scores.
            order: (n,) positions in the order of arrival, None where rows lie in it.
            by_id: (n,) rows sorted by their ids, if that order is known.
            orders: rows sorted by columns, as far as those orders are known.
        """
        column = table[TRACK_ID]
        ids = TrackIds(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks(), by_id)
        return cls(vectors, table, tuple(moods), ColumnTable(table, orders=orders), ids, order)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """Numbers a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def in_memory(self) -> kernel.Rows:
        """The vectors as the kernel takes them."""
        return kernel.Rows.of(self.vectors, self.order)

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """(n,) track ids by row."""
        ids: NDArray[np.object_] = self.table[TRACK_ID].to_numpy(zero_copy_only=False).astype(object)
        return ids

    def ids_at(self, rows: Rows) -> NDArray[np.object_]:
        """Return the track ids of some rows; of a large segment, without making text of all the others."""
        return self.ids[rows] if len(self) < LARGE else self.track_ids.at(rows)

    def places(self, rows: Rows) -> Rows:
        """Return the positions of some rows in the order of arrival."""
        return rows if self.order is None else self.order[rows]

    @cached_property
    def in_order_of_arrival(self) -> Rows | None:
        """(n,) rows in the order in which they came in, None where they lie in it."""
        return None if self.order is None else np.argsort(self.order)

    @cached_property
    def _last_row_of(self) -> dict[str, int]:
        """The last row of each id: an id that was replaced occurs again in a later row, and only the last counts."""
        return dict(zip(self.ids.tolist(), range(len(self)), strict=True))

    def rows_of(self, track_ids: Sequence[str], alive: NDArray[np.bool_]) -> dict[str, int]:
        """Return the rows that count of those of the ids that have one; ``alive`` (n,) says which rows count."""
        if len(self) >= LARGE:
            return self.track_ids.rows_of(track_ids, alive)
        known = ((track_id, self._last_row_of.get(track_id)) for track_id in track_ids)
        return {track_id: row for track_id, row in known if row is not None and alive[row]}

    def mood_scores(self, moods: Sequence[str], rows: Rows | None = None) -> NDArray[np.float32]:
        """Return (rows, moods) scores, NaN where unknown; all rows if None."""
        columns = [self.columns.numbers(mood) for mood in moods]
        return np.stack([column if rows is None else column[rows] for column in columns], axis=1)

    def arranged(self, rows: Rows) -> Segment:
        """Return the same rows in another order; ``rows`` (n,) are the old numbers of the new rows."""
        table = self.table.take(pa.array(rows)).combine_chunks()
        return Segment.of(self.vectors[rows], table, self.moods, self.places(rows))

    def ordered(self) -> Segment:
        """Return the same rows, with their orders by each column worked out."""
        return replace(self, columns=self.columns.with_orders(orders_of(self.table)))


@dataclass(frozen=True, eq=False)
class Part:
    """A segment at one version of the index: its rows, and which of them count."""

    segment: Segment
    alive: NDArray[np.bool_]
    """(n,) False for removed rows (tombstones), which no search returns."""
    first: int = 0
    """The number, in the whole catalogue, of the segment's first row."""
    filters: dict[str | None, Any] = field(default_factory=dict, repr=False)
    """What the filters of earlier searches came to, by their text; searches fill and read it."""

    @classmethod
    def whole(cls, segment: Segment, first: int = 0) -> Part:
        """Return a part of which every row counts."""
        return cls(segment, np.ones(len(segment), bool), first)

    def __len__(self) -> int:
        return len(self.segment)

    @cached_property
    def n_alive(self) -> int:
        """How many rows count."""
        return int(np.count_nonzero(self.alive))

    @cached_property
    def living(self) -> selection.Rows | None:
        """The rows that count, as a selection; None: all do."""
        return None if self.n_alive == len(self) else selection.Rows(self.alive, ~self.alive)

    @cached_property
    def living_rows(self) -> Rows:
        """Rows of the segment that count, in the order of arrival."""
        by_arrival = self.segment.in_order_of_arrival
        return np.flatnonzero(self.alive) if by_arrival is None else by_arrival[self.alive[by_arrival]]

    def without(self, rows: Rows) -> Part:
        """Return the part with some of the segment's rows removed; itself where there are none."""
        if not len(rows):
            return self
        alive = self.alive.copy()
        alive[rows] = False
        return Part(self.segment, alive, self.first)
