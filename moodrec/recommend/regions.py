"""Regions of a map, named by the moods and the genre that stand out in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from moodrec.index.front import SearchFront
from moodrec.index.runtime import faiss, threads_for
from moodrec.recommend.columns import kind_of
from moodrec.recommend.spread import MoodSpread, numbers
from moodrec.schema import GENRE
from moodrec.typing import FloatArray, RowNumbers

LEAST_TRACKS: Final = 12
"""Regions of fewer tracks have no name that means anything."""
MOST_REGIONS: Final = 14
_SAMPLE: Final = 50_000
_ITERATIONS: Final = 20
_AXES: Final = ("valence", "arousal")
_NO_GENRES: Final = frozenset({"none", "unknown", "other", "misc", "unclassifiable", "genre", "default"})
"""What taggers write where they know no genre, folded and without brackets."""


@dataclass(frozen=True)
class Region:
    """A part of the map."""

    x: float
    """The place of its name, in the units of the map."""
    y: float
    tracks: int
    """The number of its tracks; of a large library, of a sample of it."""
    moods: tuple[str, ...]
    """The one or two moods that stand out most against the library; none where nothing does."""
    genre: str | None
    """The genre that is commoner here than elsewhere; None where there is no such genre."""


def map_regions(
    index: SearchFront, points: FloatArray, spreads: Mapping[str, MoodSpread], seed: int = 0
) -> list[Region]:
    """Part a map by k-means and name the parts.

    Args:
        index: whose tracks lie on the map.
        points: (n, 2) places in the order of the index.
        spreads: the distribution of each mood.
        seed: of the sample and of k-means.

    Returns:
        The regions, the largest first; none where there are few tracks.
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(points))
    if len(rows) > _SAMPLE:
        rows = np.sort(rng.choice(rows, _SAMPLE, replace=False))
    k = int(min(MOST_REGIONS, len(rows) // LEAST_TRACKS, round(len(rows) ** 0.4)))
    if k < 2:
        return []
    places = np.ascontiguousarray(points[rows], np.float32)
    with threads_for(2):
        parts = faiss.Kmeans(2, k, niter=_ITERATIONS, seed=seed + 1, min_points_per_centroid=1)
        parts.train(places)
        labels = parts.index.search(places, 1)[1].ravel()
    # The two axes of the plane of moods are no names for people, where there are others.
    named = [mood for mood in index.moods if mood not in _AXES]
    named = named if len(named) > len(_AXES) else list(index.moods)
    table = index.table.select([*named, *([GENRE] if GENRE in index.column_names else [])])
    table = table.take(pa.array(rows)) if len(rows) < len(points) else table
    moods = {name: numbers(table[name]) for name in named}
    genres = _genres(table)
    every = Counter(genre for row in genres for genre in row)
    found = [
        _region(places, np.flatnonzero(labels == part), moods, spreads, genres, every) for part in range(k)
    ]
    return sorted((region for region in found if region.tracks >= LEAST_TRACKS), key=lambda one: -one.tracks)


def _region(
    places: FloatArray,
    rows: RowNumbers,
    moods: Mapping[str, FloatArray],
    spreads: Mapping[str, MoodSpread],
    genres: list[list[str]],
    every: Counter[str],
) -> Region:
    if not len(rows):
        return Region(0.0, 0.0, 0, (), None)
    x, y = np.median(places[rows], axis=0).tolist()
    stands = {name: _above(scores[rows], spreads[name]) for name, scores in moods.items()}
    best = sorted((name for name, value in stands.items() if value > 0.35), key=lambda name: -stands[name])
    here = Counter(
        genre
        for row in rows.tolist()
        for genre in genres[row]
        if genre.strip(" ()[]<>").casefold() not in _NO_GENRES
    )
    total = max(1, sum(every.values()))
    lifts = {
        genre: count / sum(here.values()) * total / every[genre]
        for genre, count in here.items()
        if count >= max(3, len(rows) // 10)
    }
    genre = max(lifts, key=lambda name: (lifts[name] * here[name] ** 0.5, name), default=None)
    return Region(x, y, len(rows), tuple(best[:2]), genre if genre and lifts[genre] > 1.2 else None)


def _above(scores: FloatArray, spread: MoodSpread) -> float:
    """How many standard deviations of the library the mean of some tracks lies above that of all."""
    known = scores[~np.isnan(scores)]
    if not known.size or spread.mean is None or not spread.deviation:
        return 0.0
    return float((known.mean() - spread.mean) / spread.deviation)


def _genres(table: pa.Table) -> list[list[str]]:
    if GENRE not in table.column_names:
        return [[]] * len(table)
    kind = kind_of(table[GENRE].type)
    values = table[GENRE].to_pylist()
    if kind == "list":
        return [[one for one in row or () if isinstance(one, str)] for row in values]
    return [[row] if kind == "text" and row else [] for row in values]
