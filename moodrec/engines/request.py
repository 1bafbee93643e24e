"""What a search asks of an engine, and what comes back: candidates, from which the hits are chosen here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Unpack

import numpy as np
import pyarrow as pa

from moodrec.arguments import brief
from moodrec.config import IndexConfig
from moodrec.engines.columns import StoredColumn
from moodrec.errors import UsageError
from moodrec.filters.audio import on_audio
from moodrec.filters.columns import as_condition, parts_of
from moodrec.filters.conditions import Condition
from moodrec.index import planner
from moodrec.index.backends.flat import FlatBackend
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.search.blending import Blend, resolve_blend
from moodrec.index.search.completed import completed_query
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.index.search.resolve import resolve
from moodrec.names import fold
from moodrec.schema import ALBUM, ARTIST, TRACK_ID, audio_column
from moodrec.typing import Float32Array, RowNumbers, Vectors

_NEEDED_BY: Final = {"exclude_artist": ARTIST, "max_per_artist": ARTIST, "max_per_album": ALBUM}
"""The columns of text that options need."""
_CONFIG: Final = IndexConfig(kind="flat")
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
    moods: tuple[str, ...]
    """The moods of the catalogue."""
    own: tuple[str, ...]
    """(q,) The track whose vector each query is, which is never returned for it; empty: the queries are no tracks."""

    @classmethod
    def of(
        cls,
        options: SearchOptions,
        k: int,
        moods: tuple[str, ...],
        columns: Collection[str],
        queries: Vectors,
        own: tuple[str, ...] = (),
    ) -> EngineRequest:
        """Resolve the options of a search.

        Args:
            options: the options of the search.
            k: hits a query, checked.
            moods: the moods of the index.
            columns: the columns of the track table.
            queries: (q, d) float32 queries of unit length.
            own: (q,) the track that each query is; empty: the queries are no tracks.

        Raises:
            UsageError: there is no such mood, numbers are not one for each query, or ``audio_only`` needs another
                order than the engine's.
        """
        if options.audio_only:
            if options.mood and any(audio_column(mood) in columns for mood in options.mood):
                raise UsageError(
                    "audio_only: the order of this engine is that of the scores in context; write conditions on "
                    "audio(mood), or build a catalogue of the scores of the audio alone"
                )
            where = options.where
            options = options.replace(where=None if where is None else on_audio(as_condition(where), moods))
        blend = resolve_blend(options.mood, options.mood_weight, {mood: mood for mood in moods}, len(queries))
        return cls(queries, k, options, blend, moods, own)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the filter, which all must hold."""
        where = self.options.where
        return () if where is None else parts_of(as_condition(where))

    @property
    def needed_moods(self) -> tuple[str, ...]:
        """The moods that a track must have a score for."""
        return () if self.blend is None else self.blend.moods

    @property
    def excluded_artists(self) -> list[str]:
        """The names of the artists by whom no hit may be, as they are compared, in order."""
        return sorted({fold(artist) for artist in self.options.exclude_artist})

    def require_columns(self, columns: Mapping[str, StoredColumn]) -> None:
        """Check that the track table has the columns that the options need.

        Args:
            columns: the stored columns by name.

        Raises:
            UsageError: it lacks one, or that is not of text.
        """
        for option, column in _NEEDED_BY.items():
            stored = columns.get(column)
            if getattr(self.options, option) and (stored is None or stored.kind != "text" or stored.lists):
                raise UsageError(f"{option} needs a column {brief(column)} of text in the track table")

    def targets(self, query: int) -> dict[str, float]:
        """Return the mood targets of one query by mood."""
        if self.blend is None:
            return {}
        return dict(zip(self.blend.moods, self.blend.targets[query].tolist(), strict=True))

    def weight(self, query: int) -> float:
        """Return the weight of the moods for one query; 0 without a target."""
        return 0.0 if self.blend is None else float(self.blend.weights[query])

    def completed(self, query: int) -> Float32Array:
        """Return one query's (d + 2 J + 1,) completed vector, whose inner products rank tracks by score."""
        return completed_query(self.queries[query], self.moods, self.targets(query), self.weight(query))

    def asking(self, **options: Unpack[SearchKeywords]) -> EngineRequest:
        """Return the same queries with other options, and without a mood target.

        Args:
            **options: fields of :class:`SearchOptions`.
        """
        return replace(self, options=SearchOptions.of(None, options), blend=None)

    def without_exclusions(self) -> EngineRequest:
        """Return the request without the ids that no hit may have."""
        return replace(self, options=self.options.replace(exclude=()))

    def limited_to(self, track_ids: Collection[str]) -> EngineRequest:
        """Return the request over some tracks alone."""
        return replace(self, options=self.options.replace(only=track_ids))

    @property
    def depth(self) -> int:
        """The number of candidates that a query needs so that k of them are likely to be left."""
        options = self.options
        pool = max(_POOL_PER_HIT * self.k, _LEAST_POOL) if options.diversity else self.k
        capped = options.max_per_artist is not None or options.max_per_album is not None or options.distinct
        return (4 * pool if capped else pool) + _EXTRA + bool(self.own)

    def least(self, depth: int) -> int:
        """Return how many candidates a walk of a graph must have found for the first k of them to be trusted.

        A walk misses some of the rows that are farthest from the query among those that it finds.

        Args:
            depth: how many the engine was asked for.
        """
        return depth if self.options.diversity else min(depth, 2 * (self.k + bool(self.own)))


@dataclass(frozen=True, eq=False)
class Candidates:
    """Tracks that an engine found for one query."""

    arrival: RowNumbers
    """(m,) The order of arrival, by which equal scores are ordered."""
    table: pa.Table
    """(m rows) The track table, as it was given."""
    vectors: Vectors
    """(m, d) Their embeddings of unit length."""
    complete: bool
    """Whether they are all tracks that pass."""
    path: str
    """How the engine found them."""
    reason: str
    """Why it took this way."""

    def __len__(self) -> int:
        return len(self.arrival)

    @property
    def track_ids(self) -> list[str]:
        """The ids of the tracks."""
        ids: list[str] = self.table[TRACK_ID].to_pylist()
        return ids

    def joined(self, other: Candidates) -> Candidates:
        """Return the candidates with those of another set that are not among them.

        Args:
            other: candidates of the same catalogue.
        """
        known = set(self.track_ids)
        new = np.array([one not in known for one in other.track_ids], bool)
        return replace(
            self,
            arrival=np.concatenate([self.arrival, other.arrival[new]]),
            table=pa.concat_tables([self.table, other.table.filter(pa.array(new))]),
            vectors=np.concatenate([self.vectors, other.vectors[new]]),
        )


def choose(
    request: EngineRequest, query: int, found: Candidates, seed: Candidates | None
) -> tuple[list[str], Float32Array, bool]:
    """Choose the k hits of a query among its candidates, as the index of one machine chooses among all tracks.

    The candidates become a catalogue of their own, over which the same search runs without its conditions, which the
    engine has applied.

    Args:
        request: the search.
        query: the number of the query.
        found: the candidates.
        seed: the track that the query is, which copies of it are told by; None where it is none.

    Returns:
        The ids of the hits with their scores, and whether no candidate further down could change them.
    """
    n_found = len(found)
    whole = found if seed is None else found.joined(seed)
    order = np.argsort(whole.arrival, kind="stable")
    table = whole.table.take(pa.array(order)).combine_chunks()
    catalogue = Catalogue.of(np.ascontiguousarray(whole.vectors[order]), table, request.moods)
    own = None if seed is None else np.array([whole.track_ids.index(seed.track_ids[0])], np.int64)
    rows = None if own is None else np.flatnonzero(order == own[0])
    options = SearchOptions(
        mood=request.targets(query) or None,
        mood_weight=request.weight(query) if request.blend else None,
        max_per_artist=request.options.max_per_artist,
        max_per_album=request.options.max_per_album,
        distinct=request.options.distinct,
        diversity=request.options.diversity,
        exact=True,
    )
    k = min(request.k, max(n_found, 1))
    one = resolve(options, k, catalogue, request.queries[query : query + 1], rows)
    hits = planner.run(catalogue, FlatBackend(), _CONFIG, one)
    count = int(hits.counts[0])
    return hits.track_ids[0, :count].tolist(), hits.scores[0, :count], count == request.k
