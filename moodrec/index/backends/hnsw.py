"""The backend of the ``hnsw`` preset: a graph of near neighbours, for searches without a filter.

Where the index has moods, the graph is over completed vectors (:mod:`moodrec.index.search.completed`), by whose inner
products a search with a mood target ranks; without a target it ranks by the embeddings, in the same graph. The more
the moods weigh, the less a row's neighbours in the graph say of the order, so that such a search keeps more
candidates, and compares all rows where the moods decide nearly alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from moodrec.config import IndexConfig
from moodrec.index.backends.base import (
    EXTRA_CANDIDATES,
    INDEX_FILE,
    UNBOUNDED,
    Candidates,
    Facts,
    PassesOver,
    bitmap,
    from_table,
    read_index,
    write_index,
)
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.stored_arrays import damaged
from moodrec.index.runtime import faiss, threads_for
from moodrec.index.search.blending import Blend
from moodrec.index.search.completed import completed, completed_dim, completed_query
from moodrec.index.search.request import Request
from moodrec.typing import Vectors

_COMPLETED: Final = "mood_scale"
"""The fact that tells what moods beside the vectors of the graph were multiplied by; without it there are none."""
_SCALE: Final = 0.5
"""At this scale, searches without a target find as much as in a graph over the embeddings alone."""
_EVEN: Final = 0.5
"""From this weight of the moods on, a search keeps more candidates: twice as many where the sound has a quarter."""
_HEAVY_MOODS: Final = 0.95
"""From this weight of the moods on, all rows are compared."""
_ROWS_AT_ONCE: Final = 1 << 14


@dataclass(frozen=True, eq=False)
class HnswBackend:
    """A graph of near neighbours, as FAISS's ``IndexHNSWFlat`` makes it.

    It loses recall under selective filters, so a search with a filter scans the rows that pass. The graph cannot
    delete a row, so tombstones stay in it and are skipped until the index is built anew.
    """

    index: Any
    """The FAISS index."""
    ef_search: int
    """The number of nodes that a search keeps as candidates, at least."""
    moods: tuple[str, ...] = ()
    """The moods that the vectors of the graph are completed by; none: it is over the embeddings."""
    scale: float = _SCALE
    """What these moods are stored times."""
    name: str = "hnsw"
    always_scans: bool = False
    passes_over: PassesOver = "tombstones"
    deepest: int = UNBOUNDED
    lists_are_scanned: bool = False

    @classmethod
    def build(cls, segment: Segment, config: IndexConfig) -> Self:
        """Build a graph of rows.

        Args:
            segment: the n rows.
            config: the settled preset.
        """
        moods = segment.moods
        length = completed_dim(segment.dim, len(moods)) if moods else segment.dim
        index = faiss.IndexHNSWFlat(length, config.links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = config.ef_construction
        _append(index, segment, moods, _SCALE, 0)
        return cls(index, config.ef_search, moods)

    @classmethod
    def open(cls, folder: Path, config: IndexConfig, segment: Segment, facts: Facts) -> Self:
        """Read a graph that :meth:`save` wrote.

        Args:
            folder: the folder of the version.
            config: the settled preset.
            segment: the rows that the graph was built over.
            facts: the numbers that :meth:`save` returned; earlier versions returned none.
        """
        scale = facts.get(_COMPLETED, 0.0)
        moods = segment.moods if scale else ()
        if not 0 <= scale <= 1:
            raise damaged(folder / INDEX_FILE, f"moods cannot be stored times {scale}")
        return cls(read_index(folder / INDEX_FILE), config.ef_search, moods, scale or _SCALE)

    def follows(self, blend: Blend) -> bool:
        light = bool((blend.weights < _HEAVY_MOODS).all())
        return light and all(mood in self.moods for mood in blend.moods)

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        allowed, found = request.passing.mask, depth + EXTRA_CANDIDATES
        weight = 0.0 if request.blend is None else float(request.blend.weights.max())
        effort = int(max(self.ef_search, 2 * found) * max(1.0, _EVEN / (1 - weight)))
        if allowed is None:
            parameters = faiss.SearchParametersHNSW(efSearch=effort)
        else:
            bits = bitmap(allowed)
            parameters = faiss.SearchParametersHNSW(efSearch=effort, sel=faiss.IDSelectorBitmap(bits))
        with threads_for(len(request.queries)):
            _, rows = self.index.search(self._queries(request), found, params=parameters)
        return from_table(rows, effort)

    def _queries(self, request: Request) -> Vectors:
        """Return the (q, D) queries as the graph compares them with its vectors."""
        if not self.moods:
            return request.queries
        blend, whole = request.blend, []
        for number, query in enumerate(request.queries):
            targets = (
                {} if blend is None else dict(zip(blend.moods, blend.targets[number].tolist(), strict=True))
            )
            weight = 0.0 if blend is None else float(blend.weights[number])
            whole.append(completed_query(query, self.moods, targets, weight, self.scale))
        return np.stack(whole)

    def extended(self, segment: Segment, n_new: int) -> HnswBackend:
        index = faiss.clone_index(self.index)
        _append(index, segment, self.moods, self.scale, len(segment) - n_new)
        return replace(self, index=index)

    def outgrown(self, n: int, max_growth: float) -> bool:
        return False  # A graph links each new row as it linked the first ones.

    def save(self, folder: Path) -> Facts:
        write_index(self.index, folder / INDEX_FILE)
        return {_COMPLETED: self.scale} if self.moods else {}

    def save_extended(self, folder: Path, segment: Segment, n_new: int) -> Facts:
        return self.extended(segment, n_new).save(folder)  # New rows change links all over the graph.


def graph_dim(segment: Segment, facts: Facts) -> int:
    """Return the length of the vectors in a saved graph.

    Args:
        segment: the rows that the graph was built over.
        facts: the numbers that :meth:`HnswBackend.save` returned.
    """
    return completed_dim(segment.dim, len(segment.moods)) if facts.get(_COMPLETED) else segment.dim


def _append(index: Any, segment: Segment, moods: Sequence[str], scale: float, first: int) -> None:
    """Add the rows of a segment from ``first`` on to a graph, completed by moods if there are any."""
    if not moods:
        index.add(np.ascontiguousarray(segment.vectors[first:]))
        return
    for start in range(first, len(segment), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(segment)))
        index.add(completed(segment.vectors[rows], segment.mood_scores(moods, rows), scale))
