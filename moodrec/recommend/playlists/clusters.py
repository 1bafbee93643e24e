"""The moods that a library falls into, each as a playlist of the tracks that stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Unpack

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import UsageError
from moodrec.index.runtime import faiss, threads_for
from moodrec.index.search.request import Conditions
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.playlists.chain import Chain
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.queries import excluding
from moodrec.recommend.recommender import Recommender
from moodrec.schema import TRACK_ID

Floats = NDArray[np.float64]

_ITERATIONS: Final = 40
_RESTARTS: Final = 4
_WORDS: Final = 2
"""Moods that name a cluster."""


@dataclass(frozen=True, eq=False)
class MoodCluster:
    """Tracks of like moods."""

    name: str
    """The moods that stand out most against the library."""
    centre: dict[str, float]
    """Mean mood scores."""
    size: int
    """Tracks in it."""
    share: float
    """Of the tracks clustered."""
    playlist: Playlist
    """Those nearest to its centre, first the nearest."""


def mood_clusters(
    recommender: Recommender,
    k: int = 6,
    rules: Rules | None = None,
    moods: tuple[str, ...] = (),
    **conditions: Unpack[Conditions],
) -> list[MoodCluster]:
    """Part a library by mood: k-means on mood scores, the largest cluster first.

    Args:
        k: clusters wanted.
        rules: of the playlists; ``random_seed`` also starts k-means.
        moods: which moods count; all by default. Tracks without a score for one of them are left out.
        **conditions: ``where``, ``exclude_artist``, ...; the clusters are those of the tracks that meet ``where``.

    Raises:
        UsageError: there are no moods, or fewer different tracks than clusters.
    """
    rules = rules or Rules()
    names = list(moods or recommender.moods)
    ids, scores = _scored(recommender, names, conditions)
    if k < 1 or len(np.unique(scores, axis=0)) < k:
        raise UsageError(
            f"{k} clusters need at least as many tracks of different moods; there are {len(ids)}"
        )
    centres, labels = _k_means(scores, k, rules.random_seed)
    sizes = np.bincount(labels, minlength=k)
    spread = np.maximum(scores.std(axis=0), 1e-6)
    found = []
    for cluster in np.argsort(-sizes, kind="stable"):
        name = _name((centres[cluster] - scores.mean(axis=0)) / spread, names)
        others = [track_id for track_id, label in zip(ids, labels, strict=True) if label != cluster]
        centre = dict(zip(names, centres[cluster].tolist(), strict=True))
        size = int(sizes[cluster])
        playlist = _representatives(recommender, centre, others, rules, conditions, name)
        found.append(MoodCluster(name, centre, size, size / len(ids), playlist))
    return found


def _scored(recommender: Recommender, moods: list[str], conditions: Conditions) -> tuple[list[str], Floats]:
    """Tracks that meet ``where`` and whose moods are all known, and their (n, moods) scores."""
    where = conditions.get("where")
    index = recommender.index
    table = index.table if where is None else index.matching(where)
    ids = table[TRACK_ID].to_pylist()
    unknown = [mood for mood in moods if mood not in index.moods]
    if unknown or not moods:
        raise UsageError(f"unknown moods: {', '.join(unknown)}" if unknown else "the index has no moods")
    scores = mood_matrix(index, ids, moods)
    known = np.flatnonzero(~np.isnan(scores).any(axis=1))
    return [ids[row] for row in known], scores[known]


def _k_means(scores: Floats, k: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """(k, moods) centres and the (n,) cluster of each row."""
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
    return centres, labels


def _name(lifts: Floats, moods: list[str]) -> str:
    """The moods that a cluster has most more of than the library, in its standard deviations."""
    order = np.argsort(-lifts)[:_WORDS]
    return ", ".join(moods[i] for i in order)


def _representatives(
    recommender: Recommender,
    centre: dict[str, float],
    others: list[str],
    rules: Rules,
    conditions: Conditions,
    title: str,
) -> Playlist:
    chain = Chain(recommender, rules, excluding(conditions, others))
    anything = np.eye(1, recommender.index.dim).ravel()
    return chain.grow(lambda place: (anything, {"mood": centre, "mood_weight": 1.0}), title)
