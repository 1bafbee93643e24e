"""``one_reading``: within it, tracks that were read stay as they were read, whoever removes them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import pyarrow as pa

from moodrec.engines.facts import CatalogueFacts
from moodrec.engines.request import Candidates


class Memory:
    """The tracks of one catalogue that one reading has met, each as it was met first."""

    def __init__(self) -> None:
        self._found: list[Candidates] = []
        self._places: dict[str, tuple[int, int]] = {}

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._places

    def keep(self, found: Candidates) -> None:
        """Remember tracks, with all of their columns."""
        for row, track_id in enumerate(found.track_ids):
            self._places.setdefault(track_id, (len(self._found), row))
        self._found.append(found)

    def recalled(self, track_ids: Sequence[str]) -> Candidates:
        """Return some of the tracks that are remembered, at least one of them."""
        rows: dict[int, list[int]] = {}
        for part, row in (self._places[one] for one in track_ids):
            rows.setdefault(part, []).append(row)
        parts = [(self._found[part], some) for part, some in rows.items()]
        return Candidates(
            np.concatenate([found.arrival[some] for found, some in parts]),
            pa.concat_tables([found.table.take(pa.array(some)) for found, some in parts]),
            np.concatenate([found.vectors[some] for found, some in parts]),
            True,
            parts[0][0].path,
            "read before",
        )


_reading: ContextVar[list[tuple[CatalogueFacts, Memory]] | None] = ContextVar("reading", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Let the reads in this block agree: what one of them finds, those after it can read, although it is removed.

    A search and the columns of its hits are several statements, and an engine that others write to may lose a hit
    between two of them. The block may span threads that run in its context (:mod:`contextvars`).
    """
    token = _reading.set([])
    try:
        yield
    finally:
        _reading.reset(token)


def memory_of(facts: CatalogueFacts) -> Memory | None:
    """Return what the reading under way remembers of a catalogue; None outside :func:`one_reading`."""
    held = _reading.get()
    if held is None:
        return None
    for known, memory in held:
        if known is facts:
            return memory
    held.append((facts, Memory()))
    return held[-1][1]
