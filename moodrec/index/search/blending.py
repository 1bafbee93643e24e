"""Mood targets of a search: one for all queries, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """Spread mood targets and weights over the queries; a single number holds for every query.

    Args:
        mood: targets in [0, 1] by mood, checked by :class:`~moodrec.index.search.options.SearchOptions`.
        mood_weight: in [0, 1]; None is the default weight.
        moods: the names of the mood columns of the index.
        n_queries: how many queries there are.

    Returns:
        The targets and weights of each query, or None without a target.

    Raises:
        UsageError: there is no such mood, or numbers are not one for each query.
    """
    if not mood:
        return None
    for name in mood:
        if name not in moods:
            raise UsageError(f"unknown mood {name!r}; {hint(name, moods, 'moods')}")
    targets = [_a_query(value, n_queries, f"the target of {name!r}") for name, value in mood.items()]
    weights = _a_query(_DEFAULT.mood_weight if mood_weight is None else mood_weight, n_queries, "mood_weight")
    return Blend(tuple(mood), np.stack(targets, axis=1).astype(np.float32), weights)


def _a_query(given: float | Sequence[float], n_queries: int, what: str) -> NDArray[np.float64]:
    """(q,) numbers, one for each query."""
    numbers = np.asarray(given, np.float64)
    if numbers.ndim and len(numbers) != n_queries:
        raise UsageError(f"{what} holds {numbers.size} numbers for {n_queries} queries")
    return np.ascontiguousarray(np.broadcast_to(numbers, (n_queries,)))
