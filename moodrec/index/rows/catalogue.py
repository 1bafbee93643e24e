"""The rows of an index at one version: a base segment, a tail of rows that came later, and what was removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.filters import selection
from moodrec.filters.arrow_numpy import array_of
from moodrec.filters.columns import NO_ORDERS, ColumnTable
from moodrec.index.rows.conforming import conformed
from moodrec.index.rows.segment import Part, Rows, Segment
from moodrec.index.rows.validation import Vectors
from moodrec.schema import ALBUM, ALBUM_ARTIST, ARTIST, TITLE

Keys = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One version of an index's rows; changes give a new catalogue and leave this one as it is.

    The base is what the backend was built over. Rows that come later lie in the tail, which is small and searched
    row by row, until both are merged. A row's number counts through the base and then the tail; merging keeps it,
    compacting does not.
    """

    base: Part
    tail: Part | None = None

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
        """Make a catalogue of one segment; see :meth:`Segment.of`. Without ``alive`` (n,) every row counts."""
        segment = Segment.of(vectors, table, moods, order, by_id, orders)
        return cls(Part.whole(segment) if alive is None else Part(segment, alive))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The base, and the tail if there is one."""
        return (self.base,) if self.tail is None else (self.base, self.tail)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def dim(self) -> int:
        """Numbers a vector."""
        return self.base.segment.dim

    @property
    def moods(self) -> tuple[str, ...]:
        """Columns that hold mood scores."""
        return self.base.segment.moods

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the track table's columns."""
        return tuple(self.base.segment.table.column_names)

    @cached_property
    def n_alive(self) -> int:
        """Tracks that count."""
        return sum([part.n_alive for part in self.parts])

    # Rows by number ---------------------------------------------------------------------------------------------

    def _of_parts(self, rows: Rows, take: Any, empty: NDArray[Any]) -> NDArray[Any]:
        """Fill ``empty`` with what ``take(segment, rows of the segment)`` gives for each part's share of the rows."""
        for part in self.parts:
            here = (rows >= part.first) & (rows < part.first + len(part))
            if here.any():
                empty[here] = take(part.segment, rows[here] - part.first)
        return empty

    def vectors_at(self, rows: Rows) -> Vectors:
        """Return (m, d) vectors of some rows."""
        if self.tail is None:
            return self.base.segment.vectors[rows]
        empty = np.empty((len(rows), self.dim), np.float32)
        return self._of_parts(rows, lambda segment, own: segment.vectors[own], empty)

    def ids_at(self, rows: Rows) -> NDArray[np.object_]:
        """Return the track ids of some rows."""
        if self.tail is None:
            return self.base.segment.ids_at(rows)
        return self._of_parts(rows, Segment.ids_at, np.empty(len(rows), object))

    def places(self, rows: Rows) -> Rows:
        """Return the positions of some rows in the order of arrival; the tail came after the base."""
        places = self.base.segment.order
        if places is None:
            return rows
        if self.tail is None:
            return places[rows]
        return np.where(rows < len(places), places[np.minimum(rows, len(places) - 1)], rows)

    def table_at(self, rows: Rows) -> pa.Table:
        """Return the track table's rows for some rows, in their order."""
        if self.tail is None:
            return self.base.segment.table.take(array_of(rows))
        at: Rows = np.empty(len(rows), np.int64)
        pieces: list[pa.Table] = []
        for part in self.parts:
            here = np.flatnonzero((rows >= part.first) & (rows < part.first + len(part)))
            at[here] = np.arange(len(here)) + sum(piece.num_rows for piece in pieces)
            pieces.append(part.segment.table.take(array_of(rows[here] - part.first)))
        return pa.concat_tables(pieces).take(array_of(at)).combine_chunks()

    @cached_property
    def living_rows(self) -> Rows:
        """Numbers of the rows that count, in the order of arrival."""
        return np.concatenate([part.living_rows + part.first for part in self.parts])

    @cached_property
    def living_table(self) -> pa.Table:
        """The track table of the rows that count, in the order of arrival."""
        if self.tail is None and self.base.segment.order is None and self.base.living is None:
            return self.base.segment.table
        pieces = [part.segment.table.take(array_of(part.living_rows)) for part in self.parts]
        return pa.concat_tables(pieces).combine_chunks()

    # Rows by id -------------------------------------------------------------------------------------------------

    def _known(self, track_ids: Sequence[str]) -> dict[str, int]:
        known = self.base.segment.rows_of(track_ids, self.base.alive)
        if self.tail is not None:
            later = self.tail.segment.rows_of(track_ids, self.tail.alive)
            known |= {track_id: row + self.tail.first for track_id, row in later.items()}
        return known

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, str) and track_id in self._known([track_id])

    def unknown(self, track_ids: Iterable[str]) -> list[str]:
        """Return those of ``track_ids`` that are not here."""
        wanted = list(track_ids)
        known = self._known(wanted)
        return [track_id for track_id in wanted if track_id not in known]

    def rows_of(self, track_ids: Iterable[str]) -> Rows:
        """Return the rows of ``track_ids``, in their order; those that are not here are left out."""
        wanted = list(track_ids)
        known = self._known(wanted)
        return np.array([known[track_id] for track_id in wanted if track_id in known], np.int64)

    # What filters and caps read ---------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> tuple[ColumnTable, ...]:
        """The columns of each part as filters read them: percentiles count the rows of all parts."""
        return tuple(part.segment.columns.with_counted(self._counted) for part in self.parts)

    @cached_property
    def _sorted_values(self) -> dict[str, NDArray[Any]]:
        return {}

    def _counted(self, name: str) -> NDArray[Any]:
        """Return the known values of a column of numbers in the rows that count, rising."""
        if name not in self._sorted_values:
            values = [part.segment.columns.known_values(name, part.alive) for part in self.parts]
            self._sorted_values[name] = np.sort(np.concatenate(values))
        return self._sorted_values[name]

    @cached_property
    def artist_keys(self) -> Keys:
        """(n,) a number for each artist, by its folded name; -1 where unknown."""
        return self._text_keys(ARTIST)

    @cached_property
    def title_keys(self) -> Keys:
        """(n,) a number for each artist and title; -1 where one of them is unknown."""
        artist = self.artist_keys
        return np.where(artist < 0, -1, _paired(self._text_keys(TITLE), artist))

    @cached_property
    def album_keys(self) -> Keys:
        """(n,) a number for each album: its title and its artist, for many have the same title; -1 where unknown."""
        album, by = self._text_keys(ALBUM), self._text_keys(ALBUM_ARTIST)
        return _paired(album, np.where(by < 0, self.artist_keys, -2 - by))

    def _text_keys(self, name: str) -> Keys:
        """Return (n,) a number for each text of a column, folded; -1 where it is unknown or the column no text."""
        first = self.base.segment.columns.text(name)
        if first is None:
            return np.full(len(self), -1, np.int64)
        later = None if self.tail is None else self.tail.segment.columns.text(name)
        keys = [first.folded_keys] if later is None else [first.folded_keys, later.keys_beside(first)]
        return np.concatenate(keys).astype(np.int64)

    # Changes ----------------------------------------------------------------------------------------------------

    def added(self, vectors: Vectors, table: pa.Table) -> Catalogue | None:
        """Return the catalogue with new rows in its tail, None where their columns do not fit those of the base.

        Columns that the new rows lack are NULL there. It takes time and memory in proportion to the tail.
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
        """Return the catalogue with its tail, and then new rows if some are given, as rows of the base.

        Columns that one of the tables lacks are NULL there. It takes time and memory in proportion to the index.

        Raises:
            DataError: the new rows' columns cannot be brought to one type with those of the index.
        """
        pieces = [part.segment.vectors for part in self.parts]
        tables = [part.segment.table for part in self.parts]
        alive = [part.alive for part in self.parts]
        if vectors is not None and table is not None:
            pieces, tables = [*pieces, vectors], [*tables, table]
            alive.append(np.ones(len(vectors), bool))
        try:
            merged = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            raise DataError(f"the new tracks' columns do not fit those of the index: {error}") from None
        base, n = self.base.segment, sum(map(len, pieces))
        order = None if base.order is None else np.concatenate([base.order, np.arange(len(base), n)])
        segment = Segment.of(np.concatenate(pieces), merged, self.moods, order, orders=base.columns.orders)
        return Catalogue(Part(segment, np.concatenate(alive)))

    def removed(self, track_ids: Collection[str]) -> Catalogue:
        """Return the catalogue with the rows of ``track_ids`` removed; those that are not here are left out."""
        rows, first = self.rows_of(track_ids), len(self.base)
        tail = None if self.tail is None else self.tail.without(rows[rows >= first] - first)
        return Catalogue(self.base.without(rows[rows < first]), tail)

    def compacted(self) -> Catalogue:
        """Return the rows that count as one segment in the order of arrival, numbered anew."""
        if self.tail is None and self.base.segment.order is None and self.base.living is None:
            return self
        return Catalogue.of(self.vectors_at(self.living_rows), self.living_table, self.moods)

    def carried_over(self, before: Catalogue, base: Catalogue) -> Catalogue:
        """Return this version over another base, made meanwhile from an earlier version of the same rows.

        Args:
            before: the earlier version, of which this one is a successor with the same base.
            base: the rows of ``before`` as one segment: merged, or compacted.
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

    def _alive_at(self, rows: Rows) -> NDArray[np.bool_]:
        return np.concatenate([part.alive for part in self.parts])[rows]


def _paired(first: Keys, second: Keys) -> Keys:
    """Return (n,) a number for each pair of 32-bit keys, -1 where the first is unknown."""
    return np.where(first < 0, -1, ((first + 1) << 32) + second)
