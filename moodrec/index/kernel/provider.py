"""What computes masks, scores and unit lengths: the compiled kernel, or NumPy where there is none.

:func:`provider` is the one place where that is decided. Both give the same answers, and the tests compare them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.selection import Selection, row_mask
from moodrec.index.kernel import binding
from moodrec.index.kernel.binding import Query, Rows
from moodrec.index.kernel.program import Program
from moodrec.ranking import blend, mood_affinity
from moodrec.typing import FloatArray, RowMask


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The moods that a query asks for."""

    columns: list[NDArray[np.float32]]
    """(n,) of each of J moods."""
    targets: NDArray[np.float32]
    """(J,) in one piece."""
    weight: float
    """Of the moods, in [0, 1]."""


class Provider(Protocol):
    """One way of computing over the rows of an index."""

    searches_lists: bool
    """Whether inverted lists are searched by it too, and not by FAISS."""

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        """Scale (n, d) rows in one piece to unit length, the caller's own or a copy of them.

        Returns:
            The rows. None, with the caller's own in any state, where it cannot: some are zero, not finite or extreme
            in length, or this is not done here.
        """

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        """(n,) the rows of a selection, None for all, and how many they are."""

    def share(self, program: Program, n: int) -> float:
        """About the share of ``n`` rows that passes, without going through all of them; 0 if that is not known."""

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """(m,) exact scores of the rows ``wanted`` for a (d,) query of unit length, in double precision."""


class Compiled:
    """The compiled kernel."""

    searches_lists = True

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        """As :class:`Provider` has it."""
        own = matrix if in_place else matrix.copy()
        return own if binding.to_unit_length(own) else None

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        """As :class:`Provider` has it."""
        return Program(selection).mask(n)

    def share(self, program: Program, n: int) -> float:
        """From some thousands of the rows."""
        return program.sample(n)

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """As :class:`Provider` has it."""
        return binding.scores(rows, as_query(query, target), wanted)


class Plain:
    """NumPy."""

    searches_lists = False

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        """Leave it to whoever asks, who has the general case anyway."""
        return None

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        """As :class:`Provider` has it."""
        mask = np.ones(n, bool) if selection is None else row_mask(selection, n)
        return mask, int(np.count_nonzero(mask))

    def share(self, program: Program, n: int) -> float:
        """To count all rows is as fast as NumPy can be here."""
        return 0.0

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Not by a matrix product: BLAS may round a row differently in another company of rows."""
        vectors = rows.matrix[wanted].astype(np.float64)
        scores: FloatArray = np.einsum("ij,j->i", vectors, query.astype(np.float64))
        if target is not None:
            moods = np.stack([column[wanted] for column in target.columns], axis=1).astype(np.float64)
            scores = blend(scores, mood_affinity(moods, target.targets), target.weight)
        return scores.astype(np.float32)


def as_query(vector: NDArray[np.float32], target: Target | None) -> Query:
    """A (d,) query, and the moods that it asks for, as the kernel takes them; whoever holds it holds the vector."""
    if target is None:
        return Query(binding.address(vector))
    return Query.blended(
        binding.address(vector), target.weight, target.columns, binding.address(target.targets)
    )


_COMPILED, _PLAIN = Compiled(), Plain()


def provider() -> Provider:
    """The compiled kernel where there is one that may be used, else NumPy.

    Raises:
        UsageError: the environment asks for a path of the kernel that does not exist or cannot run here.
    """
    return _PLAIN if binding.library() is None else _COMPILED
