"""What a recommender is asked, turned into searches of an index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from moodrec.config import RankingConfig
from moodrec.errors import NotFoundError, UsageError
from moodrec.filters.names import hint
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows.validation import listed, mixture
from moodrec.index.search.hits import Explanation, Hits
from moodrec.index.search.request import Conditions, names

History = Mapping[str, float] | Sequence[str]
"""Weight by track id, or ids."""
Mood = Mapping[str, float]
"""Target in [0, 1] by mood."""
Unknown = Literal["error", "drop"]
"""What to do about ids that are not in the index: refuse them, or leave them out."""

_LISTED = 20


def known_ids(index: MoodIndex, track_ids: Iterable[str], unknown: Unknown) -> list[str]:
    """The ids that are in the index, in their order.

    Raises:
        NotFoundError: some are not, with ``unknown="error"``; it lists them.
    """
    if unknown not in ("error", "drop"):
        raise UsageError(f"unknown is {unknown!r}; it must be 'error' or 'drop'")
    every = list(track_ids)
    missing = [track_id for track_id in every if track_id not in index]
    if not missing:
        return every
    if unknown == "error":
        raise NotFoundError(
            f"{len(missing)} of {len(every)} tracks are not in the index: {listed(missing, _LISTED)}; "
            "unknown='drop' leaves them out (on the command line: --drop-unknown)"
        )
    return [track_id for track_id in every if track_id in index]


def is_one(given: object) -> bool:
    """Whether an argument is one query, not a sequence of them: a mapping, a table, or ids."""
    if isinstance(given, Mapping | str) or hasattr(given, "columns"):
        return True
    first = next(iter(given), "") if isinstance(given, Sequence) else ""
    return isinstance(first, str)


def refuse_mood(conditions: Conditions) -> None:
    """Raise UsageError for a second mood target, or a weight where there is nothing to weigh a mood against."""
    wrong = [name for name in ("mood", "mood_weight") if name in conditions]
    if wrong:
        raise UsageError(f"by_mood goes by its target alone; {' and '.join(wrong)} cannot be given too")


def history_weights(history: Mapping[str, float] | Sequence[str]) -> dict[str, float]:
    """The weight of each track of a history; of a plain sequence, 1 for each time that a track is in it.

    Raises:
        UsageError: a weight is no finite number, or ids are not text.
    """
    if not isinstance(history, Mapping):
        counts: dict[str, float] = {}
        for track_id in names(history, "history"):
            counts[track_id] = counts.get(track_id, 0.0) + 1.0
        return counts
    names(list(history), "history")
    weights = {track_id: float(weight) for track_id, weight in history.items()}
    wrong = [track_id for track_id, weight in weights.items() if not np.isfinite(weight)]
    if wrong:
        raise UsageError(f"the weights of these tracks are not finite: {listed(wrong)}")
    return weights


def mix_vector(index: MoodIndex, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """(d,) the sum of weight times unit vector, of unit length.

    Raises:
        UsageError: no track has a weight, or the weighted vectors cancel each other.
    """
    used = _with_weight(weights)
    return np.asarray(mixture(index.vectors(list(used)), list(used.values()))[0], np.float64)


def search_mix(index: MoodIndex, weights: Mapping[str, float], k: int, conditions: Conditions) -> Hits:
    """The k tracks nearest to a weighted sum of tracks, none of which is among them; errors as :func:`mix_vector`."""
    return index.similar_to_mix(_with_weight(weights), k, **excluding(conditions, weights))


def _with_weight(weights: Mapping[str, float]) -> dict[str, float]:
    used = {track_id: weight for track_id, weight in weights.items() if weight}
    if not used:
        raise UsageError("nothing to start from: give at least one track with a weight other than 0")
    return used


def search_moods(index: MoodIndex, targets: Sequence[Mood], k: int, conditions: Conditions) -> Hits:
    """For each mood target, the k tracks nearest to it, whatever they sound like."""
    if not targets or not all(targets):
        raise UsageError("by_mood needs a mood target, such as {'calm': 0.9}")
    # With the whole weight on the mood, the cosine with this direction counts nothing.
    anything = np.eye(1, index.dim).repeat(len(targets), axis=0)
    if all(target.keys() == targets[0].keys() for target in targets):
        mood = {name: [target[name] for target in targets] for name in targets[0]}
        return index.search(anything, k, **conditions | {"mood": mood, "mood_weight": 1.0})
    parts = [search_moods(index, [target], k, conditions) for target in targets]
    return stacked(parts, k)


def excluding(conditions: Conditions, more: Collection[str]) -> Conditions:
    """The conditions, with more tracks excluded."""
    given = names(conditions.get("exclude", ()), "exclude")
    return conditions | {"exclude": [*given, *more]}


def stacked(parts: Sequence[Hits], k: int) -> Hits:
    """The hits of several searches below each other; the explanation is the last one's, over the rows of all."""
    if not parts:
        raise UsageError("a batch needs at least one query")
    return Hits(
        np.concatenate([part.track_ids for part in parts]).reshape(-1, k),
        np.concatenate([part.scores for part in parts]).reshape(-1, k),
        np.concatenate([part.counts for part in parts]),
        lambda: _together(parts),
    )


def _together(parts: Sequence[Hits]) -> Explanation:
    fewest = min(parts, key=lambda part: int(part.counts.min()))
    every = [part.explanation for part in parts]
    return replace(
        every[-1],
        queries=sum(one.queries for one in every),
        visited=sum(one.visited for one in every),
        scored=sum(one.scored for one in every),
        shortfall=fewest.explanation.shortfall,
    )


def checked_target(
    index: MoodIndex, mood: Mapping[str, float], weight: float | None
) -> tuple[NDArray[np.float64], float]:
    """The targets as an array, and the weight, ``mood_weight`` of the settings by default."""
    if not mood:
        raise UsageError("give a mood target, such as {'calm': 0.9}")
    for name, target in mood.items():
        if name not in index.moods:
            raise UsageError(f"unknown mood {name!r}; {hint(name, index.moods, 'moods')}")
        if not 0 <= target <= 1:
            raise UsageError(f"the target of {name!r} is {target}; targets lie in [0, 1]")
    share = RankingConfig().mood_weight if weight is None else weight
    if not 0 <= share <= 1:
        raise UsageError(f"weight is {share}; it must lie in [0, 1]")
    return np.array(list(mood.values()), np.float64), float(share)
