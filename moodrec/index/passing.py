"""Which rows meet the conditions of a search: worked out only as far as someone asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import AllOf, Mask, Rows, Selection, row_mask
from moodrec.index import kernel


@dataclass(frozen=True, eq=False)
class Term:
    """A condition: what it is called in explanations, and the rows that meet it."""

    name: object
    """Made into text when someone wants to read it."""
    selection: Selection


@dataclass(frozen=True, eq=False)
class Passing:
    """The rows that are alive and meet every term. The mask over all rows, which takes the longest, may never be
    needed.
    """

    alive: Mask
    """(n,) False for tombstones."""
    n_alive: int
    terms: tuple[Term, ...]

    @cached_property
    def selection(self) -> Selection | None:
        """The rows, None for all of them."""
        parts = [term.selection for term in self.terms]
        if self.n_alive < len(self.alive):
            parts.append(Rows(self.alive, ~self.alive))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts)) if parts else None

    @cached_property
    def program(self) -> kernel.Program:
        """The selection as the kernel runs it; once there is a mask, a look at the mask."""
        known = self.known_mask
        return kernel.Program(self.selection if known is None else Rows(known, ~known))

    @cached_property
    def _masked(self) -> tuple[Mask, int]:
        return evaluated(self.selection, len(self.alive))

    @property
    def known_mask(self) -> Mask | None:
        """The mask over all rows, if someone has asked for it before."""
        known: tuple[Mask, int] | None = self.__dict__.get("_masked")
        return None if known is None else known[0]

    @property
    def mask(self) -> Mask | None:
        """(n,) the rows that pass; None: all do."""
        return None if self.selection is None else self._masked[0]

    @property
    def count(self) -> int:
        """How many rows pass."""
        return self.n_alive if self.selection is None else self._masked[1]

    def is_below(self, most: float) -> bool:
        """Whether fewer rows than that pass; they are counted only if a sample does not show that there are more."""
        if not self.terms:
            return False
        n = len(self.alive)
        if self.known_mask is None and kernel.library() is not None and self.program.sample(n) * n > most:
            return False
        return self.count <= most

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The rows that pass, rising; None: all do."""
        return None if self.mask is None else np.flatnonzero(self.mask)

    def dropped(self) -> Sequence[tuple[str, int]]:
        """How many living rows each term drops by itself."""
        n = len(self.alive)
        lost = [
            (str(term.name), int(np.count_nonzero(self.alive & ~evaluated(term.selection, n)[0])))
            for term in self.terms
        ]
        return [(text, rows) for text, rows in lost if rows]


def evaluated(selection: Selection | None, n: int) -> tuple[Mask, int]:
    """(n,) the rows of a selection, and how many they are: by the kernel, which is faster, where there is one."""
    if kernel.library() is not None:
        return kernel.Program(selection).mask(n)
    mask = np.ones(n, bool) if selection is None else row_mask(selection, n)
    return mask, int(np.count_nonzero(mask))
