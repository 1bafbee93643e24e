"""What a search asks of an engine, and what comes back: candidates, from which the hits are chosen here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.filters.columns import as_condition, parts_of
from moodrec.filters.conditions import Condition
from moodrec.index.search.blending import Blend, resolve_blend
from moodrec.index.search.hits import Ranked
from moodrec.index.search.options import SearchOptions
from moodrec.ranking import pick
from moodrec.typing import Float32Array, RowNumbers, Vectors

SAME_RECORDING: Final = 0.99
"""The cosine from which two tracks count as copies of one recording."""
_EXTRA: Final = 16
"""Candidates beyond those that are needed, so that rounding in the engine does not lose a hit."""
_POOL_PER_HIT: Final = 10
_LEAST_POOL: Final = 100


@dataclass(frozen=True, eq=False)
class EngineRequest:
    """A search whose moods have been looked up; conditions and ids are the engine's to translate."""

    queries: Vectors
    """(q, d) float32 queries of unit length."""
    k: int
    """Hits a query."""
    options: SearchOptions
    """The options of the search."""
    blend: Blend | None
    """Mood targets and weights; None without a target."""
    own: tuple[str, ...]
    """(q,) The track whose vector each query is, which is never returned for it; empty: the queries are no tracks."""

    @classmethod
    def of(
        cls,
        options: SearchOptions,
        k: int,
        moods: tuple[str, ...],
        queries: Vectors,
        own: tuple[str, ...] = (),
    ) -> EngineRequest:
        """Resolve the options of a search.

        Args:
            options: the options of the search.
            k: hits a query, checked.
            moods: the moods of the index.
            queries: (q, d) float32 queries of unit length.
            own: (q,) the track that each query is; empty: the queries are no tracks.

        Raises:
            UsageError: there is no such mood, or numbers are not one for each query.
        """
        blend = resolve_blend(options.mood, options.mood_weight, moods, len(queries))
        return cls(queries, k, options, blend, own)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the filter, which all must hold."""
        where = self.options.where
        return () if where is None else parts_of(as_condition(where))

    @property
    def needed_moods(self) -> tuple[str, ...]:
        """The moods that a track must have a score for."""
        return () if self.blend is None else self.blend.moods

    def targets(self, query: int) -> dict[str, float]:
        """Return the mood targets of one query by mood."""
        if self.blend is None:
            return {}
        return dict(zip(self.blend.moods, self.blend.targets[query].tolist(), strict=True))

    def weight(self, query: int) -> float:
        """Return the weight of the moods for one query; 0 without a target."""
        return 0.0 if self.blend is None else float(self.blend.weights[query])

    @property
    def depth(self) -> int:
        """The number of candidates that a query needs so that k of them are likely to be left."""
        options = self.options
        pool = max(_POOL_PER_HIT * self.k, _LEAST_POOL) if options.diversity else self.k
        capped = options.max_per_artist is not None or options.max_per_album is not None or options.distinct
        return (4 * pool if capped else pool) + _EXTRA + bool(self.own)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Tracks that an engine found for one query, in any order, and what the choice among them needs."""

    arrival: RowNumbers
    """(m,) The order of arrival, by which equal scores are ordered."""
    track_ids: NDArray[np.object_]
    """(m,) Their ids."""
    vectors: Vectors
    """(m, d) Their embeddings."""
    moods: Float32Array
    """(m, J) Their scores for the moods of the request that have a target, in the order of the targets."""
    artists: NDArray[np.object_]
    """(m,) The key of each track's artist; None where unknown."""
    albums: NDArray[np.object_]
    """(m,) The key of each track's album; None where unknown."""
    titles: NDArray[np.object_]
    """(m,) The key of each track's artist and title; None where one is unknown."""
    complete: bool
    """Whether they are all tracks that pass."""
    path: str
    """How the engine found them."""
    reason: str
    """Why it took this way."""

    def __len__(self) -> int:
        return len(self.arrival)


def ranked_scores(request: EngineRequest, query: int, found: Candidates) -> Float32Array:
    """Compute the exact scores of candidates in float64, rounded to float32, as the index of one machine does.

    Args:
        request: the search.
        query: the number of the query.
        found: m candidates.
    """
    cosine = found.vectors.astype(np.float64) @ request.queries[query].astype(np.float64)
    if request.blend is not None:
        cosine = request.blend.score(query, cosine, found.moods.astype(np.float64))
    scores: Float32Array = cosine.astype(np.float32)
    return scores


def choose(
    request: EngineRequest, query: int, found: Candidates, seed: Candidates | None
) -> tuple[Ranked, bool]:
    """Choose the k hits of a query among its candidates.

    Args:
        request: the search.
        query: the number of the query.
        found: the candidates.
        seed: the track that the query is, for distinct hits; None where it is none.

    Returns:
        The places of the hits among the candidates with their scores, and whether a candidate further down could
        not change them.
    """
    options, scores = request.options, ranked_scores(request, query, found)
    order = np.lexsort((found.arrival, -scores))
    if request.own:
        order = order[found.track_ids[order] != request.own[query]]
    if options.distinct and seed is not None and seed.titles[0] is not None:
        order = order[found.titles[order] != seed.titles[0]]
    pool = max(_POOL_PER_HIT * request.k, _LEAST_POOL) if options.diversity else len(order)
    while True:
        chosen = _picked(request, found, order[:pool], scores, seed)
        if len(chosen) == request.k or pool >= len(order):
            return Ranked(chosen, scores[chosen]), len(chosen) == request.k
        pool *= 4


def _picked(
    request: EngineRequest, found: Candidates, pool: RowNumbers, scores: Float32Array, seed: Candidates | None
) -> RowNumbers:
    options = request.options
    apart = options.distinct or options.diversity > 0
    places = pick(
        scores[pool],
        request.k,
        [(_numbered(keys[pool]), limit) for keys, limit in _limits(options, found)],
        found.vectors[pool] if apart else None,
        SAME_RECORDING if options.distinct else np.inf,
        options.diversity,
        None if seed is None or not options.distinct else seed.vectors,
    )
    return pool[places]


def _limits(options: SearchOptions, found: Candidates) -> list[tuple[NDArray[np.object_], int]]:
    limits = []
    if options.max_per_artist is not None:
        limits.append((found.artists, options.max_per_artist))
    if options.max_per_album is not None:
        limits.append((found.albums, options.max_per_album))
    return [*limits, (found.titles, 1)] if options.distinct else limits


def _numbered(keys: NDArray[np.object_]) -> RowNumbers:
    """Number keys: equal ones have equal numbers, None is -1."""
    numbers: dict[object, int] = {}
    return np.array([-1 if key is None else numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
