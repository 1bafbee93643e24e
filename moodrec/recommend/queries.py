"""The questions of a recommender, turned into searches of an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import ERROR, OnConflict, brief, every_of, finite, ids_of, on_conflict_of, plain
from moodrec.config import RankingConfig
from moodrec.errors import DataError, NotFoundError, UsageError
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint
from moodrec.filters.scales import beyond_scale
from moodrec.index.front import SearchFront
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.index.rows.validation import checked_weights, listed, mixture
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.index.search.per_query import Asked, each_of
from moodrec.schema import TRACK_ID

History = Mapping[str, float] | Sequence[str]
"""A play history: weights by track id, or ids."""
Mood = Mapping[str, float]
"""Targets in [0, 1] by mood."""

WEIGHT: Final = "weight"
"""The column of a table of plays that holds weights."""
_LISTED: Final = 20


def notes_on(index: SearchFront, where: str | Condition | None) -> tuple[str, ...]:
    """Say what a condition cannot have meant: a score against a number outside [0, 1].

    Args:
        index: whose moods are scores.
        where: the condition.

    Returns:
        Sentences for people.
    """
    return () if where is None else tuple(beyond_scale(as_condition(where), index.moods))


def known_ids(index: SearchFront, track_ids: Iterable[str], on_conflict: OnConflict) -> list[str]:
    """Return those ids that are in the index.

    Args:
        index: where they are looked up.
        track_ids: ids in any order.
        on_conflict: what to do about ids that are not in the index: "error" or "ignore".

    Returns:
        The ids in their order.

    Raises:
        NotFoundError: some are not in the index, with ``on_conflict="error"``; the message lists them.
        UsageError: ``on_conflict`` is another word.
    """
    on_conflict_of(on_conflict)
    every = list(ids_of(track_ids, "track_ids"))
    there = index.contains(every)
    if there.all():
        return every
    if on_conflict == ERROR:
        missing = [every[place] for place in np.flatnonzero(~there)]
        raise NotFoundError(
            f"{len(missing)} of {len(every)} tracks are not in the index: {listed(missing, _LISTED)}; "
            "on_conflict='ignore' leaves them out (on the command line: --on-conflict ignore)"
        )
    return [every[place] for place in np.flatnonzero(there)]


def known_seeds(
    index: SearchFront, seeds: Sequence[str], asked: Asked, on_conflict: OnConflict
) -> tuple[list[str], Asked]:
    """Return those seeds that are in the index, and what is asked for each of them.

    Args:
        index: where they are looked up.
        seeds: ids.
        asked: options for all seeds, or those of each.
        on_conflict: what to do about ids that are not in the index: "error" or "ignore".

    Raises:
        NotFoundError, UsageError: as :func:`known_ids`.
    """
    known = known_ids(index, seeds, on_conflict)
    if len(known) == len(seeds):
        return known, asked
    each = zip(each_of(asked, len(seeds)), index.contains(seeds).tolist(), strict=True)
    return known, tuple(own for own, there in each if there)


def notes_on_each(index: SearchFront, asked: Asked) -> tuple[str, ...]:
    """Say what conditions cannot have meant, each sentence once.

    Args:
        index: whose moods are scores.
        asked: options for all queries, or those of each.
    """
    each = asked if isinstance(asked, tuple) else (asked,)
    return tuple(dict.fromkeys(note for one in each for note in notes_on(index, one.where)))


def is_one(given: object) -> bool:
    """Whether an argument is one query, not a sequence of them: a mapping, a table, or ids."""
    if isinstance(given, Mapping | str) or is_table(given):
        return True
    first = next(iter(given), "") if isinstance(given, Sequence) else ""
    return isinstance(first, str | Integral) or hasattr(first, "as_py")  # a scalar of Arrow


OneOrEach = TypeVar("OneOrEach", SearchOptions, Asked)


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


def history_weights(history: History) -> dict[str, float]:
    """Return the weight of each track of a history; of plain ids, 1 for each time that a track is in it.

    Args:
        history: weights by track id, also as a series of pandas with the ids in its index; ids; or a table with
            ``track_id`` and, if it has one, ``weight``.

    Raises:
        UsageError: a weight is no finite number, or ids are neither text nor whole numbers.
        DataError: a table has no column of ids.
    """
    if isinstance(history, Mapping):
        return checked_weights(history, "history")
    by_id = series_by_id(history)
    if by_id is not None:
        return checked_weights(by_id, "history")
    if not is_table(history):
        return _summed(ids_of(history, "history"), None)
    table = as_arrow(history)
    if TRACK_ID not in table.column_names:
        raise DataError(
            f"the history has no column {TRACK_ID!r}; {hint(TRACK_ID, table.column_names, 'columns')}"
        )
    ids = ids_of(table[TRACK_ID], "history")
    return _summed(ids, table[WEIGHT].to_pylist() if WEIGHT in table.column_names else None)


def series_by_id(given: Any) -> dict[Any, Any] | None:
    """Return a series of numbers of pandas as numbers by track id, the ids being its index; None for all else.

    A series of whole numbers holds ids, unless its index is text: then it counts something by id.
    """
    kind = getattr(getattr(given, "dtype", None), "kind", "")
    if not hasattr(given, "iloc") or not hasattr(given, "index") or kind not in ("f", "i", "u"):
        return None
    ids = given.index.tolist()
    if kind != "f" and not (ids and all(isinstance(one, str) for one in ids)):
        return None
    return dict(zip(ids, given.tolist(), strict=True))


def _summed(ids: Sequence[str], weights: Sequence[object] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for place, track_id in enumerate(ids):
        own = 1.0 if weights is None else finite(weights[place], f"the weight of {brief(track_id)}")
        found[track_id] = found.get(track_id, 0.0) + own
    return found


def mix_vector(index: SearchFront, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Compute the direction of a weighted sum of tracks.

    Args:
        index: where the tracks are.
        weights: by track id, negative for less like it.

    Returns:
        (d,) the sum of weight times unit vector, of unit length.

    Raises:
        UsageError: no track has a weight other than 0, or the weighted vectors cancel each other.
    """
    used = _with_weight(weights)
    return np.asarray(mixture(index.vectors(list(used)), list(used.values()))[0], np.float64)


def search_mix(index: SearchFront, weights: Mapping[str, float], k: int, options: SearchOptions) -> Hits:
    """Find the k tracks nearest to a weighted sum of tracks, none of which is among them.

    Args:
        index: what is searched.
        weights: by track id, negative for less like it.
        k: hits.
        options: what is asked for beside.

    Raises:
        UsageError: as :func:`mix_vector`, and as a search.
    """
    return index.similar_to_mix(_with_weight(weights), k, options.excluding(weights))


def _with_weight(weights: Mapping[str, float]) -> dict[str, float]:
    used = {track_id: weight for track_id, weight in weights.items() if weight}
    if not used:
        raise UsageError("nothing to start from: give at least one track with a weight other than 0")
    return used


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


def _single(value: float | Sequence[float], what: str) -> float:
    if isinstance(value, Sequence):
        raise UsageError(f"{what} holds {len(value)} numbers; it must be one number")
    return value
