"""The rows that pass the conditions of a search, evaluated only as far as the search needs them.

A mask over all rows takes longer than most searches. So conditions stay data: the kernel tests the rows of the lists
that it probes, and the mask is computed only where something reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import NamedRows, Selection, all_of, names_rows
from moodrec.index.kernel.binding import Plan
from moodrec.index.kernel.program import Program
from moodrec.index.kernel.provider import provider
from moodrec.typing import RowMask

_SMALL: Final = 1 << 14
"""Bytes that a condition may take to be kept for later searches."""


@dataclass(frozen=True, eq=False)
class Term:
    """One condition of a search: its name in explanations, and the rows that meet it."""

    name: object
    """Converted to text only when an explanation is read."""
    selection: Selection
    """The rows that meet the condition, as tests of columns."""


@dataclass(eq=False)
class RowCondition:
    """The rows that are no tombstones and meet every term, as data that no row has been tested against yet.

    It may be kept from one search to the next, with what follows from it.
    """

    n: int
    """The number of rows of the segment."""
    n_alive: int
    """The number of these that are no tombstones."""
    living: NamedRows | None
    """The rows that are no tombstones; None: all rows."""
    terms: tuple[Term, ...]
    """The conditions, all of which a row must meet."""
    plan: tuple[object, int, Plan] | None = None
    """How the rows were last searched: the backend's search, the depth, and the plan that it gave the kernel."""

    @cached_property
    def selection(self) -> Selection | None:
        """The conditions and the tombstones as one selection; None: every row passes."""
        parts = [term.selection for term in self.terms]
        if self.living is not None:
            parts.append(self.living)
        return all_of(parts) if parts else None

    @cached_property
    def program(self) -> Program:
        """The selection as the steps that the kernel runs."""
        return Program(self.selection)

    @property
    def is_small(self) -> bool:
        """Whether it holds only a few numbers and short tables, and no mask over the rows."""
        every = [term.selection for term in self.terms]
        return not any(map(names_rows, every)) and sum(one.nbytes for one in every) <= _SMALL


@dataclass(eq=False)
class Passing:
    """The rows that pass in one search. Their mask, which takes the longest, is computed when it is first read."""

    condition: RowCondition

    @property
    def terms(self) -> tuple[Term, ...]:
        """The conditions of the search."""
        return self.condition.terms

    @property
    def program(self) -> Program:
        """The steps that the kernel runs: those of the conditions, or one test of the mask once that is known."""
        known = self.known_mask
        return self.condition.program if known is None else Program(NamedRows(known, known))

    @cached_property
    def _masked(self) -> tuple[RowMask, int]:
        return provider().mask(self.condition.selection, self.condition.n)

    @property
    def known_mask(self) -> RowMask | None:
        """The mask over all rows if it has been computed, else None."""
        known: tuple[RowMask, int] | None = self.__dict__.get("_masked")
        return None if known is None else known[0]

    @property
    def mask(self) -> RowMask | None:
        """(n,) True for the rows that pass; None: all rows do."""
        return None if self.condition.selection is None else self._masked[0]

    @property
    def count(self) -> int:
        """The number of rows that pass."""
        return self.condition.n_alive if self.condition.selection is None else self._masked[1]

    def is_below(self, most: float) -> bool:
        """Whether at most ``most`` rows pass. They are counted only if a sample does not show that more do."""
        if not self.terms:
            return False
        n = self.condition.n
        if self.known_mask is None and provider().share(self.program, n) * n > most:
            return False
        return self.count <= most

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The rows that pass, in ascending order; None: all rows do."""
        return None if self.mask is None else np.flatnonzero(self.mask)

    def dropped(self) -> Sequence[tuple[str, int]]:
        """Count for each term how many rows it drops by itself, tombstones not counted."""
        n, living = self.condition.n, self.condition.living
        lost = []
        for term in self.terms:
            mask, passed = provider().mask(term.selection, n)
            kept = passed if living is None else int(np.count_nonzero(mask & living.true))
            lost.append((str(term.name), self.condition.n_alive - kept))
        return [(text, rows) for text, rows in lost if rows]
