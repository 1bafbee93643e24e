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
    """A way to compute over the rows of an index: by the compiled kernel, or by NumPy."""

    searches_lists: bool
    """Whether inverted lists are searched by it too, and not by FAISS."""

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        """Scale rows to unit length.

        Args:
            matrix: (n, d) rows, contiguous in memory.
            in_place: whether the rows themselves are scaled, and not a copy of them.

        Returns:
            The scaled rows; None, with ``matrix`` in any state if ``in_place``, where some rows are zero, not finite
            or of extreme length, or where the provider leaves this to its caller.
        """

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        """Evaluate a selection over all rows.

        Args:
            selection: the rows to mark; None marks all.
            n: the number of rows.

        Returns:
            (n,) True for the rows of the selection, and their number.
        """

    def share(self, program: Program, n: int) -> float:
        """Estimate the share of the rows that pass, in [0, 1], without testing all of them; 0 where it is unknown.

        Args:
            program: the conditions.
            n: the number of rows.
        """

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Compute exact scores of some rows, in double precision.

        Args:
            rows: the vectors of the index.
            query: (d,) of unit length.
            target: the mood target, None for cosines alone.
            wanted: (m,) the rows to score.

        Returns:
            (m,) scores, rounded to single precision.
        """


class Compiled:
    """The provider that calls the compiled kernel."""

    searches_lists = True

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        own = matrix if in_place else matrix.copy()
        return own if binding.to_unit_length(own) else None

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        return Program(selection).mask(n)

    def share(self, program: Program, n: int) -> float:
        return program.sample(n)

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        return binding.scores(rows, as_query(query, target), wanted)


class Plain:
    """The provider that computes by NumPy, where no kernel was built."""

    searches_lists = False

    def unit_rows(self, matrix: NDArray[np.float32], in_place: bool) -> NDArray[np.float32] | None:
        return None  # the caller has the general case anyway

    def mask(self, selection: Selection | None, n: int) -> tuple[RowMask, int]:
        mask = np.ones(n, bool) if selection is None else row_mask(selection, n)
        return mask, int(np.count_nonzero(mask))

    def share(self, program: Program, n: int) -> float:
        return 0.0  # counting all rows is as fast as an estimate by NumPy

    def scores(
        self, rows: Rows, query: NDArray[np.float32], target: Target | None, wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        # Not a matrix product: BLAS may round a row differently when other rows stand beside it.
        vectors = rows.matrix[wanted].astype(np.float64)
        scores: FloatArray = np.einsum("ij,j->i", vectors, query.astype(np.float64))
        if target is not None:
            moods = np.stack([column[wanted] for column in target.columns], axis=1).astype(np.float64)
            scores = blend(scores, mood_affinity(moods, target.targets), target.weight)
        return scores.astype(np.float32)


def as_query(vector: NDArray[np.float32], target: Target | None) -> Query:
    """Describe a query to the kernel; the result does not keep the vector and the targets alive.

    Args:
        vector: (d,) of unit length.
        target: the mood target, None for cosines alone.
    """
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
