"""Mood targets: how they are given and checked, and the tracks nearest to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import brief, every_of, plain
from moodrec.config import RankingConfig
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.index.front import SearchFront
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.index.search.per_query import Asked, each_of

Mood = Mapping[str, float]
"""Targets in [0, 1] by mood."""
OneOrEach = TypeVar("OneOrEach", SearchOptions, Asked)


def targets_of(given: Any) -> list[Mood]:
    """Make a list of one mood target or of several.

    Raises:
        UsageError: it is neither.
    """
    values = [given] if isinstance(given, Mapping | str) else plain(given)
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise UsageError(
            f"target takes moods by name, such as {{'calm': 0.8}}, or a list of such, not {brief(given)}"
        )
    return list(every_of(values, "target"))


def written_targets(text: str) -> dict[str, float] | None:
    """Read ``happy=0.9,energetic=0.7``; None where a text is not of that form, or names a mood twice."""
    targets: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            if not equals or name.strip() in targets:
                return None
            targets[name.strip()] = float(value)
        except ValueError:
            return None
    return targets


def search_moods(index: SearchFront, targets: Sequence[Mood], k: int, asked: Asked) -> Hits:
    """Find the k tracks nearest to each mood target, whatever they sound like.

    Args:
        index: what is searched.
        targets: targets in [0, 1] by mood, one mapping a query.
        k: hits a query.
        asked: conditions, without a mood.

    Raises:
        UsageError: a target is empty, of an unknown mood or out of range.
    """
    if not targets or any(one is None or (isinstance(one, Mapping) and not one) for one in targets):
        raise UsageError("by_mood needs a mood target, such as {'calm': 0.9}")
    checked = [
        {name: _single(value, f"the target of {brief(name)}") for name, value in one.items()}
        for one in (SearchOptions(mood=target).mood or {} for target in targets)
    ]
    # With the whole weight on the mood, the cosine with this direction counts nothing.
    anything = np.eye(1, index.dim).repeat(len(checked), axis=0)
    if isinstance(asked, SearchOptions) and all(one.keys() == checked[0].keys() for one in checked):
        mood = {name: [one[name] for one in checked] for name in checked[0]}
        return index.search(anything, k, asked.replace(mood=mood, mood_weight=1.0))
    each = zip(each_of(asked, len(checked)), checked, strict=True)
    return index.search(anything, k, [own.replace(mood=one, mood_weight=1.0) for own, one in each])


@dataclass(frozen=True, eq=False)
class MoodTarget:
    """Mood targets to rank tracks by."""

    moods: tuple[str, ...]
    """The columns of J moods of the index."""
    targets: NDArray[np.float64]
    """(J,) The target of each mood, in [0, 1]."""
    weight: float
    """The weight of the mood against the other score, in [0, 1]."""


def mood_target(index: SearchFront, options: SearchOptions, who: str) -> MoodTarget | None:
    """Check the mood targets of a query that has nothing but a mood.

    Args:
        index: whose moods there are.
        options: ``mood``, with one number a mood, ``mood_weight``, whose default is that of the settings, 0.5, and
            ``audio_only``.
        who: what the function is called.

    Returns:
        The target, or None where there is none.

    Raises:
        UsageError: an unknown mood, several numbers for one, or an option that has no effect here.
    """
    idle = [name for name in options.given if name not in ("mood", "mood_weight", "audio_only")]
    if idle:
        raise UsageError(
            f"{who} goes by mood and mood_weight alone; {' and '.join(idle)} cannot be given too"
        )
    if not options.mood:
        return None
    for name in options.mood:
        if name not in index.moods:
            raise UsageError(f"unknown mood {brief(name)}; {hint(name, index.moods, 'moods')}")
    targets = [_single(value, f"the target of {brief(name)}") for name, value in options.mood.items()]
    weight = RankingConfig().mood_weight if options.mood_weight is None else options.mood_weight
    columns = index.mood_columns(options.audio_only)
    moods = tuple(columns[name] for name in options.mood)
    return MoodTarget(moods, np.array(targets, np.float64), _single(weight, "mood_weight"))


def single_targets(index: SearchFront, given: object, what: str) -> dict[str, float]:
    """Check mood targets that are one number each.

    Args:
        index: whose moods there are.
        given: targets in [0, 1] by mood.
        what: what they are, for messages: "the start of an arc".

    Raises:
        UsageError: they are no mapping, empty, of an unknown mood, or out of range.
    """
    if not isinstance(given, Mapping) or not given:
        raise UsageError(f"{what} is {brief(given)}; it must be targets by mood, such as {{'calm': 0.9}}")
    for name in given:
        if name not in index.moods:
            raise UsageError(f"unknown mood {brief(name)}; {hint(str(name), index.moods, 'moods')}")
    checked = SearchOptions(mood=given).mood or {}
    return {name: _single(value, f"the target of {brief(name)}") for name, value in checked.items()}


def with_mood(options: SearchOptions | None, mood: Mood | None, mood_weight: float | None) -> SearchOptions:
    """Return options with a mood and a weight put in.

    Args:
        options: the options, if there are any.
        mood: targets in [0, 1] by mood; None leaves those of the options.
        mood_weight: in [0, 1]; None leaves that of the options.

    Raises:
        UsageError: as :class:`SearchOptions`.
    """
    given: SearchKeywords = {}
    if mood is not None:
        given["mood"] = mood
    if mood_weight is not None:
        given["mood_weight"] = mood_weight
    return SearchOptions.of(options, given)


def without_mood(asked: OneOrEach, who: str) -> OneOrEach:
    """Check the options of a function that has mood targets of its own.

    Args:
        asked: what the user asks for.
        who: what the function is called.

    Raises:
        UsageError: the options name a mood or a weight too.
    """
    each = asked if isinstance(asked, tuple) else (asked,)
    wrong = [name for name in ("mood", "mood_weight") if any(name in one.given for one in each)]
    if wrong:
        raise UsageError(
            f"{who} goes by its own mood target alone; {' and '.join(wrong)} cannot be given too"
        )
    return asked


def _single(value: float | Sequence[float], what: str) -> float:
    if isinstance(value, Sequence):
        raise UsageError(f"{what} holds {len(value)} numbers; it must be one number")
    return value
