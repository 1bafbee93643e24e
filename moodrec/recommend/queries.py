"""What queries of all kinds have in common: one or many, tracks of the index, and conditions that can be meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Final

import numpy as np

from moodrec.arguments import ERROR, OnConflict, ids_of, listed, on_conflict_of
from moodrec.errors import NotFoundError
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.filters.scales import beyond_scale
from moodrec.index.front import SearchFront
from moodrec.index.rows.tables import is_table
from moodrec.index.search.per_query import Asked, each_of

_LISTED: Final = 20


def is_one(given: object) -> bool:
    """Whether an argument is one query, not a sequence of them: a mapping, a table, or ids."""
    if isinstance(given, Mapping | str) or is_table(given):
        return True
    first = next(iter(given), "") if isinstance(given, Sequence) else ""
    return isinstance(first, str | Integral) or hasattr(first, "as_py")  # a scalar of Arrow


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


def notes_on(index: SearchFront, where: str | Condition | None) -> tuple[str, ...]:
    """Say what a condition cannot have meant: a score against a number outside [0, 1].

    Args:
        index: whose moods are scores.
        where: the condition.

    Returns:
        Sentences for people.
    """
    return () if where is None else tuple(beyond_scale(as_condition(where), index.moods))


def notes_on_each(index: SearchFront, asked: Asked) -> tuple[str, ...]:
    """Say what conditions cannot have meant, each sentence once.

    Args:
        index: whose moods are scores.
        asked: options for all queries, or those of each.
    """
    each = asked if isinstance(asked, tuple) else (asked,)
    return tuple(dict.fromkeys(note for one in each for note in notes_on(index, one.where)))
