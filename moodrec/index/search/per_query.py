"""Options that differ from query to query of one call: conditions, allow-lists and exclusions in lists.

An index that takes several queries reads its arguments by :func:`asked_of` and answers by :func:`run_each`, so that
the same forms are taken everywhere and mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final, cast

import numpy as np

from moodrec.arguments import brief, ids_in, plain
from moodrec.errors import UsageError
from moodrec.index.search.hits import Hits, stacked
from moodrec.index.search.options import QueryKeywords, SearchKeywords, SearchOptions
from moodrec.typing import RowNumbers

Asked = SearchOptions | tuple[SearchOptions, ...]
"""The options of all queries, or those of each."""
_BY_QUERY: Final = ("where", "only", "exclude", "exclude_artist")
"""The fields that may be given as a list with an entry for each query."""


def asked_of(options: object, keywords: QueryKeywords | SearchKeywords, n: int) -> Asked:
    """Return what a call asks for beside its n queries.

    Args:
        options: options for all queries, or a list of options, one for each query; None takes the defaults.
        keywords: fields by name, each of which replaces that of ``options``. ``where`` may be a list of conditions,
            one for each query, and ``only``, ``exclude`` and ``exclude_artist`` may be lists of collections; None in
            such a list stands for no condition.
        n: the number of queries.

    Raises:
        UsageError: a list has another number of entries than there are queries; else as :class:`SearchOptions`.
        FilterError: a condition cannot be read.
    """
    lists = {
        name: entries for name in _BY_QUERY if (entries := _entries(name, keywords.get(name))) is not None
    }
    several = _several(options) if isinstance(options, list | tuple) else None
    if not lists and several is None:
        return SearchOptions.of(cast(SearchOptions | None, options), cast(SearchKeywords, keywords))
    for name, entries in (*lists.items(), *(() if several is None else (("options", several),))):
        if len(entries) != n:
            raise UsageError(
                f"{name} holds {len(entries)} entr{'y' if len(entries) == 1 else 'ies'} for {n} "
                f"quer{'y' if n == 1 else 'ies'}; give one for each query, or one for all"
            )
    common = {name: value for name, value in keywords.items() if name not in lists}
    each = []
    for query in range(n):
        base = cast(SearchOptions | None, options) if several is None else several[query]
        own: dict[str, Any] = {**common, **{name: entries[query] for name, entries in lists.items()}}
        own |= {name: () for name in ("exclude", "exclude_artist") if own.get(name, ()) is None}
        each.append(SearchOptions.of(base, cast(SearchKeywords, own)))
    return tuple(_of_one(one, query, n) for query, one in enumerate(each))


def each_of(asked: Asked, n: int) -> tuple[SearchOptions, ...]:
    """Return the options of each of n queries, in which mood targets and weights are single numbers.

    Args:
        asked: from :func:`asked_of` for n queries.
        n: the number of queries.

    Raises:
        UsageError: mood targets or weights are not one for each query.
    """
    if isinstance(asked, tuple):
        return asked
    return tuple(_of_one(asked, query, n) for query in range(n))


def run_each(asked: Asked, n: int, run: Callable[[SearchOptions, RowNumbers | slice], Hits]) -> Hits:
    """Run a search of n queries; those that ask for the same are searched together.

    Args:
        asked: from :func:`asked_of` for n queries.
        n: the number of queries.
        run: searches some of the queries, given by their numbers, under options that they share.

    Returns:
        The hits, in the order of the queries.
    """
    if isinstance(asked, SearchOptions) or not n:
        return run(asked if isinstance(asked, SearchOptions) else SearchOptions(), slice(None))
    groups: dict[SearchOptions, list[int]] = {}
    for query, options in enumerate(asked):
        groups.setdefault(options, []).append(query)
    parts = [run(options, np.array(queries)) for options, queries in groups.items()]
    return stacked(parts, np.argsort([query for queries in groups.values() for query in queries]))


def _entries(name: str, given: object) -> list[Any] | None:
    """Return the entries of a list with one for each query; None where one value for all queries was given."""
    if given is None or isinstance(given, str | bytes | Mapping | Set):
        return None
    values = plain(ids_in(given, name))
    if not isinstance(values, list | tuple):
        return None
    if name == "where":
        return list(values)
    kinds = set(map(type, values))  # few, where there may be many thousands of ids
    several = any(issubclass(kind, Iterable) and not issubclass(kind, str | bytes) for kind in kinds)
    return list(values) if several else None


def _several(options: Sequence[Any]) -> list[SearchOptions | None]:
    if wrong := [one for one in options if one is not None and not isinstance(one, SearchOptions)]:
        raise UsageError(
            f"a list of options holds SearchOptions, one for each query, not {brief(wrong[0])}; give single options "
            "by keyword: where='calm >= 0.5'"
        )
    return list(options)


def _of_one(options: SearchOptions, query: int, n: int) -> SearchOptions:
    """Return the options of one query, where mood targets or weights are one for each."""
    changes: SearchKeywords = {}
    if options.mood is not None and any(isinstance(value, tuple) for value in options.mood.values()):
        changes["mood"] = {
            name: _at(value, f"the target of {brief(name)}", query, n) for name, value in options.mood.items()
        }
    if isinstance(options.mood_weight, tuple):
        changes["mood_weight"] = _at(options.mood_weight, "mood_weight", query, n)
    return options.replace(**changes) if changes else options


def _at(value: float | Sequence[float], what: str, query: int, n: int) -> float:
    if not isinstance(value, Sequence):
        return value
    if len(value) != n:
        raise UsageError(
            f"{what} holds {len(value)} numbers; it must be one number, or one for each query: {n}"
        )
    return value[query]
