"""What a search returns, and the account of how it was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.index.kernel import binding
from moodrec.typing import Float32Array


@dataclass(frozen=True)
class Drop:
    """A condition, and how many rows it rules out by itself."""

    condition: str
    rows: int


@dataclass(frozen=True)
class Explanation:
    """How a search went; ``str()`` of it is for people, :meth:`as_dict` for programs."""

    path: str
    """``exact``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``: what found the candidates."""
    reason: str
    """Why that path."""
    rows: int
    """Tracks in the index."""
    passed: int
    """Of these, tracks that meet every condition."""
    queries: int
    """Queries of the search; the next two numbers are over all of them."""
    scanned: int
    """Rows looked at."""
    scored: int
    """Rows compared with a query, be it by their sketches alone."""
    dropped: tuple[Drop, ...] = ()
    """The conditions, each with the rows it drops."""
    shortfall: str | None = None
    """Why some query has fewer than k hits, if so."""
    kernel: str | None = field(default_factory=binding.path)
    """The set of instructions that the search kernel uses on this processor, such as ``avx2``; None where it was not
    built or is switched off.
    """

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "dropped": [asdict(drop) for drop in self.dropped]}

    def __str__(self) -> str:
        lines = [f"{self.passed} of {self.rows} tracks pass; path: {self.path} ({self.reason})"]
        lines += [f"  {drop.condition} drops {drop.rows}" for drop in self.dropped]
        together = f" for {self.queries} queries together" if self.queries > 1 else ""
        by = f" by the kernel's path {self.kernel}" if self.kernel else ""
        lines.append(f"{self.scanned} rows looked at, {self.scored} compared{together}{by}")
        return "\n".join([*lines, self.shortfall] if self.shortfall else lines)


@dataclass(eq=False)
class Hits:
    """The nearest tracks of each query, best first."""

    track_ids: NDArray[np.object_]
    """(q, k) ids; None beyond the last hit."""
    scores: Float32Array
    """(q, k) scores, higher is closer; NaN beyond the last hit."""
    counts: NDArray[np.int64]
    """(q,) number of hits."""
    _account: Callable[[], Explanation] = field(repr=False)

    @cached_property
    def explanation(self) -> Explanation:
        """How they were found. Counting what each condition drops takes longer than the search, and is done when
        asked for.
        """
        return self._account()

    def explain(self) -> str:
        """How the hits were found, and why there are fewer than k, for people to read."""
        return str(self.explanation)

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(slots=True, eq=False)
class Ranked:
    """The hits of one query as rows of the index, best first."""

    rows: NDArray[np.int64]
    scores: Float32Array

    def __len__(self) -> int:
        return len(self.rows)


def as_hits(
    ranked: Sequence[Ranked],
    k: int,
    ids_at: Callable[[NDArray[np.int64]], NDArray[np.object_]],
    account: Callable[[], Explanation],
) -> Hits:
    """Pad the hits of each query to (q, k); ``ids_at`` gives the track ids of rows."""
    if len(ranked) == 1 and len(ranked[0]) == k:
        ids, scores = ids_at(ranked[0].rows), ranked[0].scores
        return Hits(ids[None], scores[None], np.array([k]), account)
    track_ids = np.empty((len(ranked), k), object)
    scores = np.empty((len(ranked), k), np.float32)
    counts = [len(found.rows) for found in ranked]
    for query, (found, count) in enumerate(zip(ranked, counts, strict=True)):
        track_ids[query, :count] = ids_at(found.rows)
        scores[query, :count] = found.scores
        scores[query, count:] = np.nan
    return Hits(track_ids, scores, np.array(counts, np.int64), account)
