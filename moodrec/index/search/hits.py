"""The result of a search: hits, and the explanation of how they were found."""

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
    """A condition, and how many rows it drops by itself."""

    condition: str
    """The text of the condition."""
    rows: int
    """The number of rows that do not meet it."""


@dataclass(frozen=True)
class Explanation:
    """How a search found its hits. ``str()`` of it is for people, :meth:`as_dict` for programs."""

    path: str
    """What found the candidates: ``exact``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``."""
    reason: str
    """Why the search took that path."""
    rows: int
    """The number of tracks in the index."""
    passed: int
    """The number of these tracks that meet every condition."""
    queries: int
    """The number of queries; the next two numbers are sums over all of them."""
    scanned: int
    """Rows that were tested against the conditions, such as the rows of the lists that were probed."""
    scored: int
    """Rows that were compared with a query, some of them by their sketches alone."""
    dropped: tuple[Drop, ...] = ()
    """The conditions, each with the number of rows that it drops."""
    shortfall: str | None = None
    """Why a query has fewer than k hits; None where every query has k."""
    kernel: str | None = field(default_factory=binding.path)
    """The set of instructions that the search kernel runs on, such as ``avx2``; None where it was not built
    or is off.
    """

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return {**asdict(self), "dropped": [asdict(drop) for drop in self.dropped]}

    def __str__(self) -> str:
        lines = [f"{self.passed} of {self.rows} tracks pass; path: {self.path} ({self.reason})"]
        lines += [f"  {drop.condition} drops {drop.rows}" for drop in self.dropped]
        together = f" for {self.queries} queries together" if self.queries > 1 else ""
        by = f" by the kernel's path {self.kernel}" if self.kernel else ""
        lines.append(f"{self.scanned} rows scanned, {self.scored} compared{together}{by}")
        return "\n".join([*lines, self.shortfall] if self.shortfall else lines)


@dataclass(eq=False)
class Hits:
    """The nearest tracks of each query, best first."""

    track_ids: NDArray[np.object_]
    """(q, k) Track ids; None beyond the last hit."""
    scores: Float32Array
    """(q, k) Scores, higher is closer; NaN beyond the last hit."""
    counts: NDArray[np.int64]
    """(q,) The number of hits of each query."""
    _account: Callable[[], Explanation] = field(repr=False)

    @cached_property
    def explanation(self) -> Explanation:
        """How the hits were found. It is worked out when it is first read, because counting what each condition drops
        takes longer than the search.
        """
        return self._account()

    def explain(self) -> str:
        """Return a text that says how the hits were found, and why there are fewer than k if so."""
        return str(self.explanation)

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(slots=True, eq=False)
class Ranked:
    """Rows of the index for one query and their scores, best first."""

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
    """Pad the hits of each query to k.

    Args:
        ranked: the at most k hits of each of q queries.
        k: hits a query.
        ids_at: returns the track ids of (m,) rows.
        account: makes the explanation when it is read.
    """
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
