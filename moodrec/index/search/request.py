"""A request: one search over the rows of an index, as :mod:`moodrec.index.search.resolve` makes it of the options.

Everything after this works on rows and numbers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from moodrec.index.search.blending import Blend
from moodrec.index.search.passing import Passing
from moodrec.ranking import Cap
from moodrec.typing import RowNumbers, Vectors

_POOL_PER_HIT: Final = 10
_LEAST_POOL: Final = 100
"""Diverse hits are chosen from this many candidates a hit, and from this many at least."""
_MOST_PLAIN: Final = 100
"""The largest k of a plain request."""


@dataclass(slots=True, eq=False)
class Request:
    """One search over a catalogue, all of whose options have become rows and numbers."""

    queries: Vectors
    """(q, d) float32 queries of unit length."""
    k: int
    """Hits a query."""
    passing: Passing
    """The rows of the base that meet every condition."""
    tail_passing: Passing | None
    """The rows of the tail that meet every condition; None where there is no tail."""
    skipped: RowNumbers
    """(q, s) Rows that each query must not return although they meet the conditions; -1 stands for no row."""
    query_rows: RowNumbers
    """(q,) The row whose vector each query is, which its copies are not distinct from; -1 where it is no row."""
    blend: Blend | None
    """Mood targets and weights; None without a target."""
    caps: tuple[Cap, ...]
    """How many hits may share an artist or an album."""
    distinct: bool
    """Whether copies of a better hit, or of the query itself, are left out."""
    diversity: float
    """How much similarity to a better hit counts against a track, in [0, 1]."""
    exact: bool
    """Whether every row that passes is compared."""

    @property
    def filtered(self) -> bool:
        """Whether there is any condition on the base. Tombstones alone are no condition."""
        return bool(self.passing.terms)

    @property
    def count(self) -> int:
        """The number of rows of base and tail that meet every condition."""
        return self.passing.count + (self.tail_passing.count if self.tail_passing is not None else 0)

    def meets(self, row: int, n_base: int) -> bool:
        """Check whether a row meets every condition.

        Args:
            row: a row of the catalogue.
            n_base: the number of rows in the base.
        """
        passing, own = (
            (self.passing, row)
            if row < n_base or self.tail_passing is None
            else (self.tail_passing, row - n_base)
        )
        return passing.mask is None or bool(passing.mask[own])

    @property
    def has_dependent_hits(self) -> bool:
        """Whether the choice of a hit depends on other hits, as it does with caps, distinct hits and diversity."""
        return bool(self.caps) or self.distinct or self.diversity > 0

    @property
    def is_plain(self) -> bool:
        """Whether it asks one query for at most 100 hits, under conditions and a mood target at most."""
        return (
            len(self.queries) == 1
            and self.k <= _MOST_PLAIN
            and not (self.skipped.shape[1] or self.caps or self.distinct or self.diversity or self.exact)
        )

    @property
    def pool(self) -> int:
        """The number of candidates from which k hits are chosen: more than k where they shall be diverse."""
        return max(_POOL_PER_HIT * self.k, _LEAST_POOL) if self.diversity else self.k

    @property
    def depth(self) -> int:
        """The number of candidates that a query needs so that k of them are likely to be left."""
        return (4 * self.pool if self.caps or self.distinct else self.pool) + int(self.skipped.shape[1])

    def part(self, queries: Sequence[int]) -> Request:
        """Return the request for some of its queries."""
        rows = list(queries)
        return replace(
            self,
            queries=np.ascontiguousarray(self.queries[rows]),
            skipped=self.skipped[rows],
            query_rows=self.query_rows[rows],
            blend=None if self.blend is None else self.blend.part(rows),
        )
