"""Why a track is among the hits: its cosine with the query, and the moods that decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from moodrec.config import RankingConfig
from moodrec.index.front import SearchFront
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.spread import MoodSpread
from moodrec.typing import Float64Array

MOST_MOODS: Final = 4
"""The number of moods that are named for a track, where there is no target."""


@dataclass(frozen=True)
class MoodReason:
    """What one mood adds to a hit."""

    mood: str
    score: float | None
    """The score of the track, in [0, 1]; None where unknown."""
    wanted: float
    """The target, or the score of the seed where the search has no target; in [0, 1]."""
    part: float
    """With a target: what the mood adds to the track's score. Without: the product of the standard scores of the
    track and of the seed within the library; the greater it is, the more unusual is what they have in common."""


@dataclass(frozen=True)
class Reason:
    """Why one track is among the hits."""

    cosine: float | None
    """The cosine of the embeddings of the query and of the track; None where the sound did not count."""
    mood_weight: float
    """The weight of the mood against the sound, in [0, 1]."""
    moods: tuple[MoodReason, ...]
    """With a target: every mood of it. Without: up to four moods that the seed and the track share most."""


def reasons(
    index: SearchFront,
    track_ids: Sequence[str],
    query: ArrayLike | None,
    options: SearchOptions,
    seed_moods: Mapping[str, float | None] | None = None,
    spreads: Mapping[str, MoodSpread] | None = None,
) -> list[Reason]:
    """Work out why tracks were found.

    Args:
        index: what was searched.
        track_ids: the n hits.
        query: (d,) the query vector; None where the search went by mood alone.
        options: what was asked for beside, with at most one target a mood.
        seed_moods: scores of the seed, in [0, 1] by mood, for searches without a target.
        spreads: distributions of the moods, for the same.

    Returns:
        n reasons, in the order of the hits.
    """
    if not track_ids:
        return []
    cosines = None if query is None else index.vectors(track_ids) @ _unit(query)
    target = {name: float(np.mean(value)) for name, value in (options.mood or {}).items()}
    weight = _weight(options) if target else 0.0
    if target:
        scores = mood_matrix(index, track_ids, list(target))
        moods = [_towards(row, target, weight) for row in scores]
    elif seed_moods and spreads:
        names = [name for name, value in seed_moods.items() if value is not None and name in spreads]
        scores = mood_matrix(index, track_ids, names)
        wanted = {name: float(seed_moods[name] or 0.0) for name in names}
        moods = [_in_common(row, wanted, spreads) for row in scores]
    else:
        moods = [()] * len(track_ids)
    return [
        Reason(None if cosines is None else float(cosines[place]), weight, found)
        for place, found in enumerate(moods)
    ]


def _weight(options: SearchOptions) -> float:
    return float(np.mean(RankingConfig().mood_weight if options.mood_weight is None else options.mood_weight))


def _unit(query: ArrayLike) -> Float64Array:
    vector = np.asarray(query, np.float64).ravel()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-30))


def _towards(scores: Float64Array, target: Mapping[str, float], weight: float) -> tuple[MoodReason, ...]:
    """The parts of a blend's score that its moods make up (:mod:`moodrec.ranking`)."""
    return tuple(
        MoodReason(name, _known(score), wanted, weight * (1 - float(score - wanted) ** 2) / len(target))
        for (name, wanted), score in zip(target.items(), scores, strict=True)
    )


def _in_common(
    scores: Float64Array, seed: Mapping[str, float], spreads: Mapping[str, MoodSpread]
) -> tuple[MoodReason, ...]:
    found = []
    for (name, wanted), score in zip(seed.items(), scores, strict=True):
        spread = spreads[name]
        if np.isnan(score) or spread.mean is None or not spread.deviation:
            continue
        ours, theirs = ((value - spread.mean) / spread.deviation for value in (float(score), wanted))
        if ours * theirs > 0:
            found.append(MoodReason(name, float(score), wanted, ours * theirs))
    return tuple(sorted(found, key=lambda reason: -reason.part)[:MOST_MOODS])


def _known(score: float) -> float | None:
    return None if np.isnan(score) else float(score)
