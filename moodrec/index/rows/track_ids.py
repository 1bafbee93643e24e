"""Track ids and their rows, without a Python object for each id of a large catalogue."""

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

Rows = NDArray[np.int64]

_FEW: Final = 200
"""Up to so many ids are looked for one by one, in some 10 us each; more, by one pass over all."""
_PASSES: Final = 20
"""In so many passes over all ids, they might have been put in order."""


class TrackIds:
    """The ids of a table's rows, tombstones among them, of which an id may have several."""

    def __init__(self, column: pa.Array, in_order: NDArray[np.int32] | None = None) -> None:
        """Take over a text column without NULLs, in one piece, and the rows in the order of their ids' bytes, if they
        are known.
        """
        self._column = column
        self._in_order = in_order
        self._passes = 0

    @cached_property
    def _text(self) -> tuple[memoryview, NDArray[np.int32]]:
        """All ids end to end, and where each begins."""
        _, offsets, data = self._column.buffers()
        at = self._column.offset
        text = memoryview(data if data is not None else b"")
        return text, np.frombuffer(offsets, np.int32)[at : at + len(self._column) + 1]

    def at(self, rows: Rows) -> NDArray[np.object_]:
        """The ids of some rows."""
        text, offsets = self._text
        places = zip(offsets[rows].tolist(), offsets[rows + 1].tolist(), strict=True)
        found = np.empty(len(rows), object)
        found[:] = [str(text[start:end], "utf-8") for start, end in places]
        return found

    @property
    def in_order(self) -> NDArray[np.int32]:
        """(n,) the rows in the order of their ids' bytes."""
        if self._in_order is None:
            self._in_order = pc.sort_indices(self._column).to_numpy().astype(np.int32)
        return self._in_order

    def rows_of(self, wanted: Sequence[str], alive: NDArray[np.bool_]) -> dict[str, int]:
        """The living rows of those ids that have one; ``alive`` is (n,)."""
        texts = [track_id for track_id in wanted if isinstance(track_id, str) and _is_text(track_id)]
        if len(texts) > _FEW or (self._in_order is None and self._passes < _PASSES):
            self._passes += len(texts) <= _FEW
            return self._by_a_pass(texts, alive)
        found = ((track_id, self._by_bisection(track_id, alive)) for track_id in texts)
        return {track_id: row for track_id, row in found if row is not None}

    def _by_a_pass(self, wanted: Sequence[str], alive: NDArray[np.bool_]) -> dict[str, int]:
        chosen = pc.is_in(self._column, pa.array(np.array(wanted, object), pa.string()))
        rows = np.flatnonzero(flags_of(chosen) & alive)
        return dict(zip(self.at(rows), rows.tolist(), strict=True))

    def _by_bisection(self, track_id: str, alive: NDArray[np.bool_]) -> int | None:
        text, offsets = self._text
        starts, in_order = _numbers(offsets), _numbers(self.in_order)
        wanted = track_id.encode()

        def id_at(place: int) -> bytes:
            row = in_order[place]
            return bytes(text[starts[row] : starts[row + 1]])

        place = bisect_left(range(len(in_order)), wanted, key=id_at)
        while place < len(in_order) and id_at(place) == wanted:
            if alive[in_order[place]]:
                return int(in_order[place])
            place += 1
        return None


def _numbers(array: Any) -> memoryview[int]:
    """An array to read single numbers from, in a third of the time that NumPy takes."""
    return memoryview(array)


def _is_text(track_id: str) -> bool:
    """Whether it can be an id: names of files may hold what UTF-8 cannot say."""
    try:
        track_id.encode()
    except UnicodeEncodeError:
        return False
    return True
