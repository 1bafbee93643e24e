"""The catalogue: the rows of an index at one version, as a base segment, a tail segment and tombstones.

A change of a large index must not cost time or memory in proportion to the index. So rows that are added go into a
small second segment, the tail, and a removed row stays where it is and is marked as a tombstone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.arguments import is_whole
from moodrec.filters import selection
from moodrec.filters.arrow_numpy import array_of
from moodrec.filters.columns import NO_ORDERS, ColumnTable
from moodrec.index.rows import keys
from moodrec.index.rows.conforming import conformed, joined
from moodrec.index.rows.recordings import Recordings
from moodrec.index.rows.segment import Part, Segment
from moodrec.index.rows.track_table import chosen_columns
from moodrec.typing import Codes, RowMask, RowNumbers, Vectors


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One version of an index's rows, which never changes: every change returns another catalogue.

    The base holds the rows that the backend was built over. Rows that are added later lie in the tail, which is small
    and is searched row by row until it is merged into the base. Row numbers count the base first and then the tail.
    Merging keeps the number of every row, and compacting numbers the rows anew.
    """

    base: Part
    """The base segment and its tombstones."""
    tail: Part | None = None
    """The rows that were added after the base was built; None if there are none."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        table: pa.Table,
        moods: Sequence[str],
        alive: RowMask | None = None,
        order: RowNumbers | None = None,
        by_id: NDArray[np.int32] | None = None,
        orders: Mapping[str, selection.Order] = NO_ORDERS,
    ) -> Catalogue:
        """Make a catalogue of one segment from checked vectors and a checked table.

        Args:
            vectors: (n, d) float32 vectors of unit length.
            table: the n rows of the track table, with one chunk a column.
            moods: names of the columns that hold mood scores.
            alive: (n,) False for tombstones; None: there are none.
            order: (n,) position of each row in the order of arrival; None: the rows lie in that order.
            by_id: (n,) the rows in the order of their ids' bytes, if it is known.
            orders: the rows in the order of each column's values, for the columns for which it is known.

        Returns:
            The catalogue, which has no tail.
        """
        segment = Segment.of(vectors, table, moods, order, by_id, orders)
        return cls(Part.whole(segment) if alive is None else Part(segment, alive))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the catalogue: the base, and the tail if there is one."""
        return (self.base,) if self.tail is None else (self.base, self.tail)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self.base.segment.dim

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the columns that hold mood scores."""
        return self.base.segment.moods

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""
        return tuple(self.base.segment.table.column_names)

    @cached_property
    def n_alive(self) -> int:
        """The number of tracks: all rows but the tombstones."""
        return sum([part.n_alive for part in self.parts])

    # Rows by number ---------------------------------------------------------------------------------------------

    def _of_parts(self, rows: RowNumbers, take: Any, empty: NDArray[Any]) -> NDArray[Any]:
        """Read rows that may lie in both parts: call ``take(segment, rows of the segment)`` for each, and
        fill ``empty``.
        """
        for part in self.parts:
            here = (rows >= part.first) & (rows < part.first + len(part))
            if here.any():
                empty[here] = take(part.segment, rows[here] - part.first)
        return empty

    def vectors_at(self, rows: RowNumbers) -> Vectors:
        """Return the (m, d) vectors of ``rows``."""
        if self.tail is None:
            return self.base.segment.vectors[rows]
        empty = np.empty((len(rows), self.dim), np.float32)
        return self._of_parts(rows, lambda segment, own: segment.vectors[own], empty)

    def ids_at(self, rows: RowNumbers) -> NDArray[np.object_]:
        """Return the (m,) track ids of ``rows``."""
        if self.tail is None:
            return self.base.segment.ids_at(rows)
        return self._of_parts(rows, Segment.ids_at, np.empty(len(rows), object))

    def places(self, rows: RowNumbers) -> RowNumbers:
        """Return the (m,) positions of ``rows`` in the order of arrival, in which the tail follows the base."""
        places = self.base.segment.order
        if places is None:
            return rows
        if self.tail is None:
            return places[rows]
        return np.where(rows < len(places), places[np.minimum(rows, len(places) - 1)], rows)

    def table_at(self, rows: RowNumbers, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of the track table for ``rows``, in the order of ``rows``.

        Args:
            rows: (m,) row numbers.
            columns: names of columns that there are; None takes all.
        """
        names = list(self.column_names if columns is None else columns)
        if self.tail is None:
            return self.base.segment.table.select(names).take(array_of(rows))
        at: RowNumbers = np.empty(len(rows), np.int64)
        pieces: list[pa.Table] = []
        for part in self.parts:
            here = np.flatnonzero((rows >= part.first) & (rows < part.first + len(part)))
            at[here] = np.arange(len(here)) + sum(piece.num_rows for piece in pieces)
            pieces.append(part.segment.table.select(names).take(array_of(rows[here] - part.first)))
        return pa.concat_tables(pieces).take(array_of(at)).combine_chunks()

    @cached_property
    def living_rows(self) -> RowNumbers:
        """The numbers of all rows but the tombstones, in the order of arrival."""
        return np.concatenate([part.living_rows + part.first for part in self.parts])

    @cached_property
    def living_table(self) -> pa.Table:
        """The track table without the tombstones, in the order of arrival."""
        if self.tail is None and self.base.segment.order is None and self.base.living is None:
            return self.base.segment.table
        pieces = [part.segment.table.take(array_of(part.living_rows)) for part in self.parts]
        return pa.concat_tables(pieces).combine_chunks()

    # Rows by id -------------------------------------------------------------------------------------------------

    def lookup(self, track_ids: Sequence[str]) -> RowNumbers:
        """Return the (m,) rows of m ids, in their order; -1 for an id that no track has."""
        rows = self.base.segment.rows_of(track_ids, self.base.alive)
        if self.tail is not None:
            later = self.tail.segment.rows_of(track_ids, self.tail.alive)
            rows = np.where(later >= 0, later + self.tail.first, rows)
        return rows

    def __contains__(self, track_id: object) -> bool:
        name = str(int(track_id)) if is_whole(track_id) else track_id
        return isinstance(name, str) and bool(self.lookup([name])[0] >= 0)

    def unknown(self, track_ids: Sequence[str]) -> list[str]:
        """Return those of ``track_ids`` that no track of this catalogue has."""
        rows = self.lookup(track_ids)
        return [track_ids[place] for place in np.flatnonzero(rows < 0).tolist()]

    def rows_of(self, track_ids: Iterable[str]) -> RowNumbers:
        """Return the rows of ``track_ids``, in their order; ids that no track has are left out."""
        rows = self.lookup(list(track_ids))
        return rows[rows >= 0]

    def rows_by_id(self, track_ids: Sequence[str], names: Sequence[str]) -> pa.Table:
        """Return some columns of the rows of tracks.

        Args:
            track_ids: ids of tracks of this catalogue.
            names: of the columns.

        Raises:
            UsageError: there is no such column.
        """
        return self.table_at(self.lookup(track_ids), chosen_columns(names, self.column_names))

    # What filters and caps read ---------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> tuple[ColumnTable, ...]:
        """The columns of each part as filters read them. Percentiles (``pct(calm)``) count the rows of all parts."""
        counted = _Counted(self.parts)
        return tuple(part.segment.columns.with_counted(counted) for part in self.parts)

    @cached_property
    def artist_keys(self) -> Codes:
        """(n,) One number for each first main artist, which caps count by; -1 where the artist is unknown."""
        return keys.artist_keys(self._plain_columns)

    @cached_property
    def album_keys(self) -> Codes:
        """(n,) One number for each album; -1 where the album is unknown. See :func:`moodrec.index.rows.keys`."""
        return keys.album_keys(self._plain_columns, self.artist_keys)

    @cached_property
    def recordings(self) -> Recordings:
        """What tells whether two rows hold the same recording."""
        return Recordings(self._plain_columns, self.artist_keys)

    @property
    def _plain_columns(self) -> list[ColumnTable]:
        return [part.segment.columns for part in self.parts]

    # Changes ----------------------------------------------------------------------------------------------------

    def added(self, vectors: Vectors, table: pa.Table) -> Catalogue | None:
        """Return the catalogue with new rows at the end of its tail.

        It takes time and memory in proportion to the tail, not to the base.

        Args:
            vectors: (m, d) float32 vectors of unit length.
            table: the m rows of the track table; columns that it lacks become NULL.

        Returns:
            The larger catalogue, or None where a column is new or does not fit the type that it has in the base.
        """
        fitting = conformed(table, self.base.segment.table.schema)
        if fitting is None:
            return None
        alive, pieces, tables = np.ones(len(vectors), bool), [vectors], [fitting]
        if self.tail is not None:
            alive = np.concatenate([self.tail.alive, alive])
            pieces, tables = [self.tail.segment.vectors, vectors], [self.tail.segment.table, fitting]
        both = pa.concat_tables(tables).combine_chunks()
        segment = Segment.of(np.concatenate(pieces), both, self.moods)
        return Catalogue(self.base, Part(segment, alive, len(self.base)))

    def merged(self, vectors: Vectors | None = None, table: pa.Table | None = None) -> Catalogue:
        """Return the catalogue with its tail, and then any new rows, as rows of the base.

        It takes time and memory in proportion to the whole index.

        Args:
            vectors: (m, d) float32 vectors of unit length, or None without new rows.
            table: the m rows of the track table; a column that one of the tables lacks becomes NULL there.

        Returns:
            A catalogue without a tail, in which every row keeps its number.

        Raises:
            DataError: the new rows' columns cannot be brought to one type with those of the index.
        """
        pieces = [part.segment.vectors for part in self.parts]
        tables = [part.segment.table for part in self.parts]
        alive = [part.alive for part in self.parts]
        if vectors is not None and table is not None:
            pieces, tables = [*pieces, vectors], [*tables, table]
            alive.append(np.ones(len(vectors), bool))
        merged = joined(tables)
        base, n = self.base.segment, sum(map(len, pieces))
        order = None if base.order is None else np.concatenate([base.order, np.arange(len(base), n)])
        segment = Segment.of(np.concatenate(pieces), merged, self.moods, order, orders=base.columns.orders)
        return Catalogue(Part(segment, np.concatenate(alive)))

    def removed(self, track_ids: Collection[str]) -> Catalogue:
        """Return the catalogue with the rows of ``track_ids`` marked as tombstones; ids that no track has do
        nothing.
        """
        rows, first = self.rows_of(track_ids), len(self.base)
        tail = None if self.tail is None else self.tail.without(rows[rows >= first] - first)
        return Catalogue(self.base.without(rows[rows < first]), tail)

    def compacted(self) -> Catalogue:
        """Return the catalogue without tombstones, as one segment in the order of arrival whose rows are
        numbered anew.
        """
        if self.tail is None and self.base.segment.order is None and self.base.living is None:
            return self
        return Catalogue.of(self.vectors_at(self.living_rows), self.living_table, self.moods)

    def carried_over(self, before: Catalogue, base: Catalogue) -> Catalogue:
        """Repeat on another base what was changed since an earlier version.

        A long merge works aside from the version ``before``. Rows that are removed or added while it runs are applied
        to its result here: tombstones by id, because a compacted base has other row numbers, and the rows that the
        tail gained since become the new tail.

        Args:
            before: the earlier version; this one came from it by changes that kept its base.
            base: the rows of ``before`` as one segment: merged, or compacted.

        Returns:
            The rows of this version over the other base.
        """
        old = np.arange(len(before))
        gone = before._alive_at(old) & ~self._alive_at(old)
        without = base.removed(before.ids_at(old[gone]).tolist()) if gone.any() else base
        late = len(self) - len(before)
        if not late or self.tail is None:
            return without
        start, tail = len(self.tail) - late, self.tail.segment
        table = tail.table.slice(start).combine_chunks()
        segment = Segment.of(tail.vectors[start:], table, self.moods)
        return Catalogue(without.base, Part(segment, self.tail.alive[start:], len(without.base)))

    def _alive_at(self, rows: RowNumbers) -> RowMask:
        return np.concatenate([part.alive for part in self.parts])[rows]


class _Counted:
    """The values that percentiles count: of all parts. It holds no catalogue, so that none holds itself by it."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._known: dict[str, NDArray[Any]] = {}

    def __call__(self, name: str) -> NDArray[Any]:
        """Return the known values of a column of numbers in the rows that count, lowest first."""
        if name not in self._known:
            values = [part.segment.columns.known_values(name, part.alive) for part in self._parts]
            self._known[name] = np.sort(np.concatenate(values))
        return self._known[name]
