"""The mood targets of a search, spread over its queries: one target for all, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moodrec.arguments import brief
from moodrec.config import RankingConfig
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.ranking import blend, mood_affinity
from moodrec.typing import Float32Array, Float64Array, FloatArray

_DEFAULT = RankingConfig()


@dataclass(frozen=True, eq=False)
class Blend:
    """Mood targets of queries, and how much they weigh against the sound."""

    moods: tuple[str, ...]
    """Columns of the J moods that have a target."""
    targets: Float32Array
    """(q, J) Target of each query and mood, in [0, 1]."""
    weights: Float64Array
    """(q,) Weight of the mood for each query, in [0, 1]."""

    def score(self, query: int, cosine: FloatArray, mood_scores: FloatArray) -> FloatArray:
        """Blend the scores of one query.

        Args:
            query: the number of the query.
            cosine: (n,) cosines in [-1, 1].
            mood_scores: (n, J) mood scores in [0, 1].

        Returns:
            (n,) scores in [-1, 1].
        """
        return blend(cosine, mood_affinity(mood_scores, self.targets[query]), float(self.weights[query]))

    def part(self, queries: Sequence[int]) -> Blend:
        """Return the targets and weights of some of the queries."""
        return Blend(self.moods, np.ascontiguousarray(self.targets[queries]), self.weights[queries])


def resolve_blend(
    mood: Mapping[str, float | Sequence[float]] | None,
    mood_weight: float | Sequence[float] | None,
    moods: Mapping[str, str],
    n_queries: int,
) -> Blend | None:
    """Spread mood targets and weights over the queries; a single number holds for every query.

    Args:
        mood: targets in [0, 1] by mood, checked by :class:`~moodrec.index.search.options.SearchOptions`.
        mood_weight: weights in [0, 1]; None is the default weight.
        moods: the moods of the index, and the column that each is read from.
        n_queries: the number of queries.

    Returns:
        The targets and weights of each query, or None without a target.

    Raises:
        UsageError: there is no such mood, or numbers are not one for each query.
    """
    if not mood:
        return None
    for name in mood:
        if name not in moods:
            raise UsageError(f"unknown mood {brief(name)}; {hint(name, moods, 'moods')}")
    targets = [_a_query(value, n_queries, f"the target of {brief(name)}") for name, value in mood.items()]
    weights = _a_query(_DEFAULT.mood_weight if mood_weight is None else mood_weight, n_queries, "mood_weight")
    columns = tuple(moods[name] for name in mood)
    return Blend(columns, np.stack(targets, axis=1).astype(np.float32), weights)


def _a_query(given: float | Sequence[float], n_queries: int, what: str) -> Float64Array:
    """Return (q,) numbers, one for each query."""
    numbers = np.asarray(given, np.float64)
    if numbers.ndim and len(numbers) != n_queries:
        raise UsageError(f"{what} holds {numbers.size} numbers for {n_queries} queries")
    return np.ascontiguousarray(np.broadcast_to(numbers, (n_queries,)))
