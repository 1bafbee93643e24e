"""The moods that a library falls into, each as a playlist of the tracks that stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Unpack

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import brief, texts, whole
from moodrec.errors import UsageError
from moodrec.index.runtime import faiss, threads_for
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.recommend.mood_targets import without_mood
from moodrec.recommend.pairs import numbers_in
from moodrec.recommend.playlists.chain import Aim, Chain
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules, rules_of
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.versioned import of_one_version
from moodrec.schema import TRACK_ID
from moodrec.typing import Float64Array

_ITERATIONS: Final = 40
_RESTARTS: Final = 4
_WORDS: Final = 2
"""The number of moods that name a cluster."""


@dataclass(frozen=True, eq=False)
class MoodCluster:
    """Tracks of like moods."""

    name: str
    """The moods that stand out most against the library."""
    centre: dict[str, float]
    """The mean mood scores of its tracks."""
    size: int
    """The number of its tracks."""
    share: float
    """Its share of all tracks that were clustered."""
    playlist: Playlist
    """The tracks nearest to its centre, the nearest first."""


@of_one_version
def mood_clusters(
    recommender: Recommender,
    k: int = 6,
    rules: Rules | None = None,
    moods: Sequence[str] = (),
    options: SearchOptions | None = None,
    **keywords: Unpack[SearchKeywords],
) -> list[MoodCluster]:
    """Cluster a library by mood: k-means on mood scores, the largest cluster first.

    Args:
        recommender: whose library is parted.
        k: the number of clusters, 1 or more.
        rules: of the playlists; ``random_seed`` also starts k-means.
        moods: which moods count; all by default. Tracks without a score for one of them are left out.
        options: what the tracks of the playlists must meet; the clusters are those of the tracks that meet ``where``
            and ``only``.
        **keywords: fields of ``options``, without ``mood`` and ``mood_weight``.

    Raises:
        UsageError: there are no moods, or fewer different tracks than clusters.
    """
    rules, asked = rules_of(rules), without_mood(SearchOptions.of(options, keywords), "mood_clusters")
    n_clusters = whole(k, "k")
    names = list(texts(moods, "moods") or recommender.moods)
    tracks = _scored(recommender, names, asked)
    scores = tracks.scores
    if len(np.unique(scores, axis=0)) < n_clusters:
        raise UsageError(
            f"{n_clusters} clusters need at least as many tracks of different moods; there are {len(scores)}"
        )
    parts = _k_means(scores, n_clusters, rules.random_seed)
    sizes = np.bincount(parts.labels, minlength=n_clusters)
    spread = np.maximum(scores.std(axis=0), 1e-6)
    found = []
    for cluster in np.argsort(-sizes, kind="stable"):
        name = _name((parts.centres[cluster] - scores.mean(axis=0)) / spread, names)
        others = [one for one, label in zip(tracks.track_ids, parts.labels, strict=True) if label != cluster]
        centre = dict(zip(names, parts.centres[cluster].tolist(), strict=True))
        size = int(sizes[cluster])
        playlist = _representatives(recommender, centre, rules, asked.excluding(others), name)
        found.append(MoodCluster(name, centre, size, size / len(scores), playlist))
    return found


@dataclass(frozen=True, eq=False)
class _Scored:
    """Tracks whose moods are all known."""

    track_ids: list[str]
    scores: Float64Array
    """(n, moods) The mood scores, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """The clusters that rows were assigned to."""

    centres: Float64Array
    """(k, moods) The mean scores of each cluster."""
    labels: NDArray[np.int64]
    """(n,) The cluster of each row."""


def _scored(recommender: Recommender, moods: list[str], options: SearchOptions) -> _Scored:
    """Select the tracks that meet ``where`` and ``only``, with their scores."""
    index, audio_only = recommender.index, options.audio_only
    unknown = [mood for mood in moods if mood not in index.moods]
    if unknown or not moods:
        raise UsageError(
            f"unknown moods: {', '.join(map(brief, unknown))}" if unknown else "the index has no moods"
        )
    columns = index.mood_columns(audio_only)
    names = [columns[mood] for mood in moods]
    wanted = list(dict.fromkeys([TRACK_ID, *names]))
    where = options.where
    table = (
        index.columns(wanted)
        if where is None
        else index.matching(where, audio_only=audio_only, columns=wanted)
    )
    ids: list[str] = table[TRACK_ID].to_pylist()
    scores = numbers_in(table, names)
    usable = ~np.isnan(scores).any(axis=1)
    if options.only is not None:
        usable &= np.array([track_id in options.only for track_id in ids], bool)
    known = np.flatnonzero(usable)
    return _Scored([ids[row] for row in known], scores[known])


def _k_means(scores: Float64Array, k: int, seed: int) -> _Parts:
    points = np.ascontiguousarray(scores, np.float32)
    means = faiss.Kmeans(
        points.shape[1], k, niter=_ITERATIONS, nredo=_RESTARTS, seed=seed + 1, min_points_per_centroid=1
    )
    with threads_for(len(points)):
        means.train(points)
        _, nearest = means.index.search(points, 1)
    labels = nearest[:, 0].astype(np.int64)
    centres = np.stack(
        [scores[labels == i].mean(axis=0) if (labels == i).any() else means.centroids[i] for i in range(k)]
    )
    return _Parts(centres, labels)


def _name(lifts: Float64Array, moods: list[str]) -> str:
    """Name a cluster by the moods whose mean exceeds that of the library most, in its standard deviations."""
    order = np.argsort(-lifts)[:_WORDS]
    return ", ".join(moods[i] for i in order)


def _representatives(
    recommender: Recommender, centre: dict[str, float], rules: Rules, options: SearchOptions, title: str
) -> Playlist:
    anything = np.eye(1, recommender.index.dim).ravel()
    return Chain(recommender, rules, options).grow(lambda place: Aim(anything, centre, 1.0), title)
