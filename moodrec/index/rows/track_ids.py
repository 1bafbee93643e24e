"""Finds rows by track id, and track ids by row, without a Python object for each id of a large catalogue."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.filters.arrow_numpy import flags_of
from moodrec.typing import RowMask, RowNumbers

_MOST_BISECTED: Final = 200
"""Up to so many ids are found by bisection, which takes some 10 us an id; more are found by one pass over all ids."""
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
        text, offsets = self._text
        places = zip(offsets[rows].tolist(), offsets[rows + 1].tolist(), strict=True)
        found = np.empty(len(rows), object)
        found[:] = [str(text[start:end], "utf-8") for start, end in places]
        return found

    @property
    def in_order(self) -> NDArray[np.int32]:
        """(n,) The rows in the order of their ids' bytes."""
        if self._in_order is None:
            self._in_order = pc.sort_indices(self._column).to_numpy().astype(np.int32)
        return self._in_order

    def rows_of(self, track_ids: Sequence[str], alive: RowMask) -> dict[str, int]:
        """Find the rows of track ids.

        Args:
            track_ids: the ids.
            alive: (n,) False for tombstones.

        Returns:
            The row of each id that has a row which is no tombstone.
        """
        texts = [track_id for track_id in track_ids if isinstance(track_id, str) and _is_text(track_id)]
        if len(texts) > _MOST_BISECTED or (self._in_order is None and self._passes < _MOST_PASSES):
            self._passes += len(texts) <= _MOST_BISECTED
            return self._by_a_pass(texts, alive)
        found = ((track_id, self._by_bisection(track_id, alive)) for track_id in texts)
        return {track_id: row for track_id, row in found if row is not None}

    def _by_a_pass(self, track_ids: Sequence[str], alive: RowMask) -> dict[str, int]:
        chosen = pc.is_in(self._column, pa.array(np.array(track_ids, object), pa.string()))
        rows = np.flatnonzero(flags_of(chosen) & alive)
        return dict(zip(self.at(rows), rows.tolist(), strict=True))

    def _by_bisection(self, track_id: str, alive: RowMask) -> int | None:
        text, offsets = self._text
        starts, in_order = _numbers(offsets), _numbers(self.in_order)
        sought = track_id.encode()

        def id_at(place: int) -> bytes:
            row = in_order[place]
            return bytes(text[starts[row] : starts[row + 1]])

        place = bisect_left(range(len(in_order)), sought, key=id_at)
        while place < len(in_order) and id_at(place) == sought:  # tombstones keep their ids
            if alive[in_order[place]]:
                return int(in_order[place])
            place += 1
        return None


def _numbers(array: Any) -> memoryview[int]:
    """View an array as memory, from which a single number is read in a third of the time that NumPy takes."""
    return memoryview(array)


def _is_text(track_id: str) -> bool:
    """Whether a text can be an id. Names of files can hold surrogates, which UTF-8 cannot encode and no id has."""
    try:
        track_id.encode()
    except UnicodeEncodeError:
        return False
    return True
