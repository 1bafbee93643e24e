"""Which rows meet the conditions of a search: worked out only as far as someone asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import Mask, Rows, Selection, all_of, names_rows
from moodrec.index.kernel.binding import Plan
from moodrec.index.kernel.program import Program
from moodrec.index.kernel.provider import provider

_SMALL: Final = 1 << 14
"""Bytes."""


@dataclass(frozen=True, eq=False)
class Term:
    """A condition: what it is called in explanations, and the rows that meet it."""

    name: object
    """Made into text when someone wants to read it."""
    selection: Selection


@dataclass(eq=False)
class Wanted:
    """The rows that are alive and meet every term, as data: no row has been looked at. What follows from it may be
    kept from one search to the next.
    """

    n: int
    """Rows of the catalogue."""
    n_alive: int
    living: Rows | None
    """Which are no tombstones; None: all."""
    terms: tuple[Term, ...]
    plan: tuple[object, int, Plan] | None = None
    """How they were last searched for: in which lists, and how many of them."""

    @cached_property
    def selection(self) -> Selection | None:
        """The rows, None for all of them."""
        parts = [term.selection for term in self.terms]
        if self.living is not None:
            parts.append(self.living)
        return all_of(parts) if parts else None

    @cached_property
    def program(self) -> Program:
        """The selection as the kernel runs it."""
        return Program(self.selection)

    @property
    def is_small(self) -> bool:
        """Whether it holds a few numbers and short tables: no mask, nor anything as large."""
        every = [term.selection for term in self.terms]
        return not any(map(names_rows, every)) and sum(one.nbytes for one in every) <= _SMALL


@dataclass(eq=False)
class Passing:
    """The rows that pass in one search. The mask over all rows, which takes the longest, may never be needed."""

    wanted: Wanted

    @property
    def terms(self) -> tuple[Term, ...]:
        """The conditions."""
        return self.wanted.terms

    @property
    def program(self) -> Program:
        """The selection as the kernel runs it; once there is a mask, a look at the mask."""
        known = self.known_mask
        return self.wanted.program if known is None else Program(Rows(known, known))

    @cached_property
    def _masked(self) -> tuple[Mask, int]:
        return provider().mask(self.wanted.selection, self.wanted.n)

    @property
    def known_mask(self) -> Mask | None:
        """The mask over all rows, if someone has asked for it before."""
        known: tuple[Mask, int] | None = self.__dict__.get("_masked")
        return None if known is None else known[0]

    @property
    def mask(self) -> Mask | None:
        """(n,) the rows that pass; None: all do."""
        return None if self.wanted.selection is None else self._masked[0]

    @property
    def count(self) -> int:
        """How many rows pass."""
        return self.wanted.n_alive if self.wanted.selection is None else self._masked[1]

    def is_below(self, most: float) -> bool:
        """Whether fewer rows than that pass; they are counted only if a sample does not show that there are more."""
        if not self.terms:
            return False
        n = self.wanted.n
        if self.known_mask is None and provider().share(self.program, n) * n > most:
            return False
        return self.count <= most

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The rows that pass, rising; None: all do."""
        return None if self.mask is None else np.flatnonzero(self.mask)

    def dropped(self) -> Sequence[tuple[str, int]]:
        """How many living rows each term drops by itself."""
        n, living = self.wanted.n, self.wanted.living
        lost = []
        for term in self.terms:
            mask, passed = provider().mask(term.selection, n)
            kept = passed if living is None else int(np.count_nonzero(mask & living.true))
            lost.append((str(term.name), self.wanted.n_alive - kept))
        return [(text, rows) for text, rows in lost if rows]
