"""Figures of one system on one gallery have one value per query; a track is never its own neighbour.

Neighbours are exact, by cosine or by the blend of :mod:`moodrec.ranking`, so that the system is measured and not an
index. Unless stated otherwise, tracks of the query's own group (artist) are left out: they are near for reasons
that have nothing to do with mood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.evaluation.neighbourhood.gallery import Gallery, SystemOutput
from moodrec.metrics.retrieval import ndcg_at_k, precision_at_k
from moodrec.ranking import blend, mood_affinity
from moodrec.typing import Codes, Float64Array, PairMask

K: Final = 10
"""Number of neighbours."""
TARGET: Final = 1.0
"""Mood target: the highest score."""
FILTER_THRESHOLD: Final = 0.75
"""The filter of filter satisfaction is ``mood >= 0.75``."""
WEIGHTS: Final = tuple(round(0.1 * i, 1) for i in range(11))
"""Mood weights of the trade-off curve."""


@dataclass(frozen=True, eq=False)
class MoodTargetFigures:
    """What a mood target with a weight gives, one value per query.

    Attributes:
        cosine: ``(n,)`` mean cosine of the seed with the tracks returned.
        error: ``(n,)`` mean distance of what people say of them from the target, in [0, 1].
    """

    cosine: Float64Array
    error: Float64Array


class Measures:
    """All figures of one output of a system."""

    def __init__(self, gallery: Gallery, run: SystemOutput, k: int = K) -> None:
        self._gallery, self._run, self._k = gallery, run, k

    @cached_property
    def _cosine(self) -> Float64Array:
        return np.asarray(self._run.embeddings @ self._run.embeddings.T)

    @cached_property
    def _others(self) -> PairMask:
        """Compute the mask ``(n, n)`` of tracks of the same space and other groups."""
        groups, spaces = self._gallery.group_codes, self._run.spaces
        return np.asarray((groups[:, None] != groups) & (spaces[:, None] == spaces))

    @cached_property
    def _all(self) -> PairMask:
        """Compute the mask ``(n, n)`` of all other tracks of the same space."""
        allowed = self._run.spaces[:, None] == self._run.spaces
        np.fill_diagonal(allowed, False)
        return np.asarray(allowed)

    def per_query(self) -> dict[str, Float64Array]:
        """Compute the figures that are means over queries: name to ``(n,)``, NaN where a query does not count."""
        found: dict[str, Float64Array] = {}
        if self._gallery.quadrants is not None:
            names = np.array([quadrant or "" for quadrant in self._gallery.quadrants])
            known, others = names != "", self._others & (names != "")
            same = (names[:, None] == names).astype(np.float64)
            for name, measure in (("quadrant_p", precision_at_k), ("quadrant_ndcg", ndcg_at_k)):
                found[name] = np.where(known, measure(same, self._cosine, self._k, others), np.nan)
        if self._gallery.words is not None:
            alike = jaccard(self._gallery.words)
            known = self._gallery.words.any(axis=1)
            found["word_jaccard"] = np.where(known, self._mean(alike, self._cosine, self._others), np.nan)
            found["word_ndcg"] = np.where(
                known, ndcg_at_k(alike, self._cosine, self._k, self._others), np.nan
            )
        if self._run.moods:
            found["filter_satisfaction"] = row_means(
                np.stack([self._satisfaction(mood) for mood in self._run.moods])
            )
            found["target_error"] = self.toward_moods(0.5).error
            found["target_error_before"] = self.toward_moods(0.0).error
            found["cosine"], found["cosine_before"] = (
                self.toward_moods(0.5).cosine,
                self.toward_moods(0.0).cosine,
            )
        if self._gallery.has_groups:
            found["artist_diversity"] = self._artists()
        return found

    def coverage(self) -> float:
        """Compute the share of the tracks that are among the neighbours of some other."""
        rows = self._top(self._cosine, self._all)
        return float(len(np.unique(rows[rows >= 0])) / len(self._gallery))

    def hubness(self) -> float:
        """Compute the skewness of how often a track is among the neighbours of others: 0 without hubs.

        Radovanovic et al., Hubs in Space, JMLR 2010.
        """
        rows = self._top(self._cosine, self._all)
        counts = np.bincount(rows[rows >= 0], minlength=len(self._gallery)).astype(np.float64)
        spread = counts.std()
        return float((((counts - counts.mean()) / spread) ** 3).mean()) if spread else float("nan")

    def toward_moods(self, weight: float) -> MoodTargetFigures:
        """Search from every seed with each mood as the target in turn, and average over the moods."""
        answers = [self.toward_mood(mood, weight) for mood in self._run.moods]
        return MoodTargetFigures(
            row_means(np.stack([one.cosine for one in answers])),
            row_means(np.stack([one.error for one in answers])),
        )

    def toward_mood(self, mood: str, weight: float) -> MoodTargetFigures:
        """Search from every seed with one mood as the target.

        Args:
            mood: the mood.
            weight: weight of the mood target, in [0, 1].
        """
        affinity = mood_affinity(self._run.moods[mood][:, None], np.array([TARGET]))
        scores = np.asarray(blend(self._cosine, affinity, weight), np.float64)
        away = np.abs(self._gallery.human[mood] - TARGET)
        away_of = np.broadcast_to(away, scores.shape)
        return MoodTargetFigures(
            self._mean(self._cosine, scores, self._others), self._mean(away_of, scores, self._others)
        )

    def _satisfaction(self, mood: str) -> Float64Array:
        """Compute, of the neighbours that pass the filter on a mood, the share that people find to have it."""
        passing = self._others & (self._run.moods[mood] >= FILTER_THRESHOLD)
        present = np.broadcast_to(self._gallery.present[mood], passing.shape)
        return self._mean(present, self._cosine, passing)

    def _artists(self) -> Float64Array:
        """Compute the share of different artists among the neighbours, own ones allowed: 1 where all differ."""
        rows = self._top(self._cosine, self._all)
        groups = np.where(rows >= 0, self._gallery.group_codes[np.maximum(rows, 0)], -1)
        counts = [len(np.unique(mine[mine >= 0])) for mine in groups]
        return np.asarray(np.array(counts) / np.maximum((rows >= 0).sum(axis=1), 1))

    def _mean(self, values: Float64Array, scores: Float64Array, candidates: PairMask) -> Float64Array:
        """Average ``values`` over the first k by ``scores``; places beyond the last candidate do not count."""
        rows = self._top(scores, candidates)
        picked = np.take_along_axis(np.asarray(values), np.maximum(rows, 0), axis=1)
        return row_means(np.where(rows >= 0, picked, np.nan).T)

    def _top(self, scores: Float64Array, candidates: PairMask) -> Codes:
        """Find the ``(n, k)`` rows of the first k, -1 beyond the last; equal scores are ranked by position."""
        masked = np.where(candidates, scores, -np.inf)
        rows = np.argsort(-masked, axis=1, kind="stable")[:, : self._k]
        return np.where(np.take_along_axis(candidates, rows, axis=1), rows, -1)


def jaccard(has: NDArray[np.bool_]) -> Float64Array:
    """Compute |A and B| / |A or B| for all pairs of ``(n, W)`` sets: ``(n, n)``; 0 for two empty ones."""
    flags = has.astype(np.float64)
    both = flags @ flags.T
    either = flags.sum(1)[:, None] + flags.sum(1) - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))


def row_means(values: Float64Array) -> Float64Array:
    """Average ``(m, n)`` over the first axis, NaN left out, to ``(n,)``; NaN where there is nothing else."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    return np.asarray(
        np.divide(
            np.where(known, values, 0.0).sum(axis=0),
            counts,
            out=np.full(values.shape[1], np.nan),
            where=counts > 0,
        )
    )


def averaged(parts: list[Mapping[str, Float64Array]]) -> dict[str, Float64Array]:
    """Average per-query figures of several outputs, query by query."""
    return {name: row_means(np.stack([part[name] for part in parts])) for name in parts[0]}
