"""Which rows meet the conditions of a search: worked out only as far as someone asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import NamedRows, Selection, all_of, names_rows, row_mask
from moodrec.index.kernel import binding as kernel
from moodrec.index.kernel.binding import Plan
from moodrec.index.kernel.program import Program
from moodrec.typing import RowMask

_SMALL: Final = 1 << 14
"""Bytes."""


@dataclass(frozen=True, eq=False)
class Term:
    """A condition: what it is called in explanations, and the rows that meet it."""

    name: object
    """Made into text when someone wants to read it."""
    selection: Selection


@dataclass(eq=False)
class RowCondition:
    """The rows that are alive and meet every term, as data: no row has been looked at. What follows from it may be
    kept from one search to the next.
    """

    n: int
    """Rows of the catalogue."""
    n_alive: int
    living: NamedRows | None
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

    condition: RowCondition

    @property
    def terms(self) -> tuple[Term, ...]:
        """The conditions."""
        return self.condition.terms

    @property
    def program(self) -> Program:
        """The selection as the kernel runs it; once there is a mask, a look at the mask."""
        known = self.known_mask
        return self.condition.program if known is None else Program(NamedRows(known, known))

    @cached_property
    def _masked(self) -> tuple[RowMask, int]:
        return evaluated(self.condition.selection, self.condition.n)

    @property
    def known_mask(self) -> RowMask | None:
        """The mask over all rows, if someone has asked for it before."""
        known: tuple[RowMask, int] | None = self.__dict__.get("_masked")
        return None if known is None else known[0]

    @property
    def mask(self) -> RowMask | None:
        """(n,) the rows that pass; None: all do."""
        return None if self.condition.selection is None else self._masked[0]

    @property
    def count(self) -> int:
        """How many rows pass."""
        return self.condition.n_alive if self.condition.selection is None else self._masked[1]

    def is_below(self, most: float) -> bool:
        """Whether fewer rows than that pass; they are counted only if a sample does not show that there are more."""
        if not self.terms:
            return False
        n = self.condition.n
        if self.known_mask is None and kernel.library() is not None and self.program.sample(n) * n > most:
            return False
        return self.count <= most

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The rows that pass, rising; None: all do."""
        return None if self.mask is None else np.flatnonzero(self.mask)

    def dropped(self) -> Sequence[tuple[str, int]]:
        """How many living rows each term drops by itself."""
        n, living = self.condition.n, self.condition.living
        lost = []
        for term in self.terms:
            mask, passed = evaluated(term.selection, n)
            kept = passed if living is None else int(np.count_nonzero(mask & living.true))
            lost.append((str(term.name), self.condition.n_alive - kept))
        return [(text, rows) for text, rows in lost if rows]


def evaluated(selection: Selection | None, n: int) -> tuple[RowMask, int]:
    """(n,) the rows of a selection, and how many they are: by the kernel, which is faster, where there is one."""
    if kernel.library() is not None:
        return Program(selection).mask(n)
    mask = np.ones(n, bool) if selection is None else row_mask(selection, n)
    return mask, int(np.count_nonzero(mask))
