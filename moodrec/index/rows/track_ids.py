"""Finds rows by track id, and track ids by row, without a Python object for each id of a large catalogue."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.filters.arrow_numpy import array_of, filled
from moodrec.typing import RowMask, RowNumbers

_MOST_BY_ONE: Final = 4
"""Up to so many ids are each found by bisection, which takes some 10 us an id and prepares nothing."""
_ROWS_AN_ID: Final = 50
"""More ids than one for so many rows are found by one pass over all ids; fewer by their blocks, some 2 us each."""
_BLOCK: Final = 16
"""Of the ids in order, every 16th is kept as a Python object: bisecting these tells the block that holds an id."""
_MOST_PASSES: Final = 20
"""Sorting all ids takes as long as this many passes over them, so after these they are sorted."""


class TrackIds:
    """The ids of all rows of a table. Tombstones are among them, so an id may occur in several rows."""

    def __init__(self, column: pa.Array, in_order: NDArray[np.int32] | None = None) -> None:
        """Take over a column of ids.

        Args:
            column: n texts without NULLs, in one chunk.
            in_order: (n,) the rows in the order of their ids' bytes; None: they are sorted when that pays.
        """
        self._column = column
        self._in_order = in_order
        self._passes = 0

    @cached_property
    def _text(self) -> tuple[memoryview, NDArray[np.int32]]:
        """The bytes of all ids end to end, and the (n + 1,) offset at which each begins."""
        _, offsets, data = self._column.buffers()
        at = self._column.offset
        text = memoryview(data if data is not None else b"")
        return text, np.frombuffer(offsets, np.int32)[at : at + len(self._column) + 1]

    def at(self, rows: RowNumbers) -> NDArray[np.object_]:
        """Return the (m,) ids of ``rows``."""
        found: NDArray[np.object_] = self._column.take(array_of(rows)).to_numpy(zero_copy_only=False)
        return found.astype(object, copy=False)

    @property
    def in_order(self) -> NDArray[np.int32]:
        """(n,) The rows in the order of their ids' bytes."""
        if self._in_order is None:
            self._in_order = pc.sort_indices(self._column).to_numpy().astype(np.int32)
        return self._in_order

    def in_order_with(self, later: TrackIds) -> NDArray[np.int32]:
        """Return the order of these ids and of some that follow them, without sorting these anew.

        Args:
            later: m ids, few beside these.

        Returns:
            (n + m,) The rows in the order of their ids' bytes; of rows with one id, the earlier comes first.
        """
        n, rows = len(self._column), later.in_order
        starts, in_order = _numbers(self._text[1]), _numbers(self.in_order)
        text = self._text[0]

        def id_at(place: int) -> bytes:
            row = in_order[place]
            return bytes(text[starts[row] : starts[row + 1]])

        ids = [_bytes(track_id) for track_id in later.at(rows.astype(np.int64))]
        places = [bisect_right(range(n), sought, key=id_at) for sought in ids]
        found: NDArray[np.int32] = np.insert(self.in_order, places, rows + np.int32(n))
        return found

    @cached_property
    def _heads(self) -> list[bytes]:
        """The first id of each block of the ids in order."""
        return [text.encode() for text in self.at(self.in_order[::_BLOCK].astype(np.int64))]

    def rows_of(self, track_ids: Sequence[str], alive: RowMask) -> RowNumbers:
        """Find the rows of track ids.

        Args:
            track_ids: m ids.
            alive: (n,) False for tombstones.

        Returns:
            (m,) the row of each id; -1 where no row has it, or tombstones alone.
        """
        if not len(track_ids) or not len(self._column):
            return np.full(len(track_ids), -1)
        few = len(track_ids) <= len(self._column) // _ROWS_AN_ID or len(track_ids) <= _MOST_BY_ONE
        if not few or (self._in_order is None and self._passes < _MOST_PASSES):
            self._passes += few
            return self._by_a_pass(track_ids, alive)
        if len(track_ids) <= _MOST_BY_ONE:
            return np.array([self._by_bisection(track_id, alive) for track_id in track_ids], np.int64)
        return self._by_blocks(track_ids, alive)

    def _by_a_pass(self, track_ids: Sequence[str], alive: RowMask) -> RowNumbers:
        sought = _texts(track_ids).dictionary_encode()
        if not len(sought.dictionary):
            return np.full(len(track_ids), -1)
        places = filled(pc.index_in(self._column, value_set=sought.dictionary), -1)
        rows = np.flatnonzero((places >= 0) & alive)
        found = np.full(len(sought.dictionary) + 1, -1)  # the last entry belongs to what is no text
        found[places[rows]] = rows
        numbered: RowNumbers = found[filled(sought.indices, -1)]
        return numbered

    def _by_blocks(self, track_ids: Sequence[str], alive: RowMask) -> RowNumbers:
        """Find the block of each id, then compare the id with all ids of the block, of all sought ids at once."""
        n, m, heads = len(self._column), len(track_ids), self._heads
        behind = np.array([bisect_left(heads, one) for one in [_bytes(track_id) for track_id in track_ids]])
        first = _BLOCK * np.maximum(behind - 1, 0)
        places = np.minimum(first[:, None] + np.arange(_BLOCK + 1), n - 1)
        rows = self.in_order[places.reshape(-1)].astype(np.int64)
        sought = _texts(track_ids).take(array_of(np.repeat(np.arange(m), _BLOCK + 1)))
        same = filled(pc.equal(self._column.take(array_of(rows)), sought).cast(pa.uint8()), 0) != 0
        hit = np.flatnonzero(same & alive[rows])
        found = np.full(m, -1)
        found[hit // (_BLOCK + 1)] = rows[hit]
        # Many tombstones of one id may fill more than a block.
        filling = np.flatnonzero(same.reshape(m, -1)[:, -1] & (found < 0))
        found[filling] = [self._by_bisection(track_ids[one], alive) for one in filling.tolist()]
        return found

    def _by_bisection(self, track_id: str, alive: RowMask) -> int:
        text, offsets = self._text
        starts, in_order = _numbers(offsets), _numbers(self.in_order)
        sought = _bytes(track_id)

        def id_at(place: int) -> bytes:
            row = in_order[place]
            return bytes(text[starts[row] : starts[row + 1]])

        place = bisect_left(range(len(in_order)), sought, key=id_at)
        while place < len(in_order) and id_at(place) == sought:  # tombstones keep their ids
            if alive[in_order[place]]:
                return int(in_order[place])
            place += 1
        return -1


def _texts(track_ids: Sequence[str]) -> pa.Array:
    """Return ids as an Arrow array, in which what cannot be an id is NULL.

    Names of files can hold surrogates, which UTF-8 cannot encode and no id has.
    """
    try:
        return pa.array(track_ids, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([one if _is_text(one) else None for one in track_ids], pa.string())


def _is_text(track_id: object) -> bool:
    return isinstance(track_id, str) and _bytes(track_id).decode("utf-8", "replace") == track_id


def _bytes(track_id: str) -> bytes:
    """Encode an id as it is stored; surrogates become bytes that no stored id has."""
    return track_id.encode("utf-8", "surrogatepass")


def _numbers(array: Any) -> memoryview[int]:
    """View an array as memory, from which a single number is read in a third of the time that NumPy takes."""
    return memoryview(array)
