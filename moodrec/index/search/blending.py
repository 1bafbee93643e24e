"""Mood targets of a search: one for all queries, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.config import RankingConfig
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.ranking import Floats, blend, mood_affinity

_DEFAULT = RankingConfig()


@dataclass(frozen=True, eq=False)
class Blend:
    """Mood targets and their weight."""

    moods: tuple[str, ...]
    targets: NDArray[np.float32]
    """(q, J)"""
    weights: NDArray[np.float64]
    """(q,)"""

    def score(self, query: int, cosine: Floats, mood_scores: Floats) -> Floats:
        """(n,) blended scores of one query: (n,) cosines, (n, J) mood scores."""
        return blend(cosine, mood_affinity(mood_scores, self.targets[query]), float(self.weights[query]))

    def part(self, queries: Sequence[int]) -> Blend:
        """The same for some of the queries."""
        return Blend(self.moods, np.ascontiguousarray(self.targets[queries]), self.weights[queries])


def resolve_blend(
    mood: Mapping[str, float | Sequence[float]] | None,
    mood_weight: float | Sequence[float] | None,
    moods: Sequence[str],
    n_queries: int,
) -> Blend | None:
    """Check mood targets and weights; a single number holds for every query.

    Raises:
        UsageError: there is no such mood, numbers are out of range, or they are not one a query.
    """
    if not mood:
        if mood_weight is not None:
            raise UsageError("mood_weight without a mood target has no meaning: give mood={'calm': 0.8}, say")
        return None
    for name in mood:
        if name not in moods:
            raise UsageError(f"unknown mood {name!r}; {hint(name, moods, 'moods')}")
    targets = [_a_query(value, n_queries, f"the target of {name!r}") for name, value in mood.items()]
    weights = _a_query(_DEFAULT.mood_weight if mood_weight is None else mood_weight, n_queries, "mood_weight")
    return Blend(tuple(mood), np.stack(targets, axis=1).astype(np.float32), weights)


def _a_query(given: Any, n_queries: int, what: str) -> NDArray[np.float64]:
    """(q,) numbers in [0, 1]."""
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} is {given!r}; it must be a number, or one for each query") from None
    if numbers.ndim > 1 or (numbers.ndim == 1 and len(numbers) != n_queries):
        raise UsageError(f"{what} holds {numbers.size} numbers for {n_queries} queries")
    wrong = np.atleast_1d(numbers)[np.atleast_1d(~((numbers >= 0) & (numbers <= 1)))]
    if len(wrong):
        raise UsageError(f"{what} is {wrong[0]}; it must lie in [0, 1]")
    return np.ascontiguousarray(np.broadcast_to(numbers, (n_queries,)))
