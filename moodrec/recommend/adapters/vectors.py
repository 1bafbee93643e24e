"""The vectors of some items in an order that another library fixes, and what adapters compute from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import ERROR, OnConflict, ids_of, listed, on_conflict_of, real
from moodrec.errors import DataError, DuplicateIdError, NotFoundError
from moodrec.index.front import SearchFront
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.typing import Float32Array

_LISTED: Final = 20


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Items and their vectors: ``(n, d)`` float32 rows of unit length, in the order of ``item_ids``."""

    item_ids: tuple[str, ...]
    vectors: Float32Array

    @classmethod
    def of(
        cls, source: SearchFront, item_ids: Sequence[str] | None = None, on_conflict: OnConflict = "error"
    ) -> ItemVectors:
        """Read the vectors of an index.

        Args:
            source: the index.
            item_ids: which, in which order; all by default.
            on_conflict: "ignore" gives zeros to items that are not in the index.

        Raises:
            NotFoundError: items are not in the index, with ``on_conflict="error"``; the message lists them.
            DuplicateIdError: an item is asked for twice.
            UsageError: ``on_conflict`` is another word.
        """
        on_conflict_of(on_conflict)
        requested = source.track_ids if item_ids is None else list(ids_of(item_ids, "item_ids"))
        twice = len(requested) - len(set(requested))
        if twice:
            raise DuplicateIdError(f"{twice} items are asked for more than once")
        known = [row for row, item in enumerate(requested) if item in source]
        absent = [item for item in requested if item not in source]
        if absent and on_conflict == ERROR:
            raise NotFoundError(
                f"{len(absent)} of {len(requested)} items are not in the index: {listed(absent, _LISTED)}; "
                "on_conflict='ignore' gives them zeros"
            )
        vectors = np.zeros((len(requested), source.dim), np.float32)
        if known:
            vectors[known] = source.vectors([requested[row] for row in known])
        return cls(tuple(requested), vectors)

    @classmethod
    def from_arrays(cls, item_ids: Sequence[str], vectors: NDArray[np.floating]) -> ItemVectors:
        """Take vectors of one's own, scaled to unit length.

        Args:
            item_ids: n items.
            vectors: (n, d) finite numbers, no zero rows.

        Raises:
            DataError: the vectors are not that.
        """
        ids = ids_of(item_ids, "item_ids")
        return cls(ids, unit_rows(vectors, names=ids))

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self.vectors.shape[1])

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.item_ids)}

    def rows(self, item_ids: Sequence[object]) -> NDArray[np.int64]:
        """Return the row of each item, -1 for items without a vector."""
        return np.array([self._row_of.get(item, -1) for item in ids_of(item_ids, "item_ids")], np.int64)


def in_kind_of(ids: Sequence[str], theirs: NDArray[Any]) -> list[Any]:
    """Return ids of an index as another library writes its own: as whole numbers where those are.

    Args:
        ids: ids of an index.
        theirs: ids of the other library.

    Returns:
        The ids in their order; those that are no numbers are left out where the other's are numbers.
    """
    if np.asarray(theirs).dtype.kind not in "iu":
        return list(ids)
    return [int(one) for one in ids if one.isdecimal() and str(int(one)) == one]


def profile(vectors: Float32Array, weights: NDArray[np.floating] | None = None) -> Float32Array | None:
    """Compute the direction of a history.

    Args:
        vectors: (n, d) of what was played.
        weights: (n,) of the plays; all alike by default.

    Returns:
        (d,) the weighted sum, of unit length; None where the vectors cancel each other.
    """
    total = vectors.sum(axis=0) if weights is None else np.asarray(weights, np.float32) @ vectors
    length = np.linalg.norm(total)
    return None if length < 1e-6 else np.asarray(total / length, np.float32)


@dataclass(frozen=True, eq=False)
class FactorMap:
    """A linear map from vectors to the item factors of a matrix factorisation, for items it never saw.

    Ridge regression on the items that it did see. Gantner et al., Learning attribute-to-feature mappings for
    cold-start recommendations, ICDM 2010.
    """

    weights: NDArray[np.float64]
    """The ``(d, factors)`` weights of the map."""
    offset: NDArray[np.float64]
    """The ``(factors,)`` offset of the map."""

    @classmethod
    def fit(
        cls, vectors: NDArray[np.floating], factors: NDArray[np.floating], alpha: float = 1.0
    ) -> FactorMap:
        """Learn the map from vectors to factors.

        Args:
            vectors: ``(n, d)`` of the items that the factorisation saw.
            factors: ``(n, factors)`` that it learnt for them.
            alpha: of the ridge regression, 0 or more; it shrinks the map towards the factors' mean.

        Raises:
            DataError: arrays do not fit, or ``alpha`` is negative.
            UsageError: ``alpha`` is no number.
        """
        if len(vectors) != len(factors) or not len(vectors):
            raise DataError(f"{len(vectors)} vectors for {len(factors)} item factors")
        if not real(alpha, "alpha") >= 0:
            raise DataError(f"alpha is {alpha}; it must be 0 or more")
        x, y = np.asarray(vectors, np.float64), np.asarray(factors, np.float64)
        centre, offset = x.mean(axis=0), y.mean(axis=0)
        inner = (x - centre).T @ (x - centre) + (alpha + 1e-9) * np.eye(x.shape[1])
        weights = np.linalg.solve(inner, (x - centre).T @ (y - offset))
        return cls(weights, offset - centre @ weights)

    def __call__(self, vectors: NDArray[np.floating]) -> Float32Array:
        """Return ``(n, factors)`` item factors for ``(n, d)`` vectors."""
        return np.asarray(np.asarray(vectors, np.float64) @ self.weights + self.offset, np.float32)


def places(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Make scores of different scales comparable: the share of the known scores below each, ties halved; NaN
    stays.
    """
    known = ~np.isnan(scores)
    ordered = np.sort(scores[known])
    both = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return np.where(known, both / 2 / max(1, len(ordered)), np.nan)
