"""Play histories: the weight of each track, and the tracks nearest to their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import brief, finite, ids_of
from moodrec.errors import DataError, UsageError
from moodrec.filters.names import hint
from moodrec.index.front import SearchFront
from moodrec.index.rows.mixtures import checked_weights, mixture
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.queries import series_by_id
from moodrec.schema import TRACK_ID

History = Mapping[str, float] | Sequence[str]
"""A play history: weights by track id, or ids."""

WEIGHT: Final = "weight"
"""The column of a table of plays that holds weights."""


def history_weights(history: History) -> dict[str, float]:
    """Return the weight of each track of a history: the sum of all that it has; of plain ids, 1 for each time that a
    track is in it.

    Args:
        history: weights by track id, also as a series of pandas with the ids in its index; ids; or a table with
            ``track_id`` and, if it has one, ``weight``.

    Raises:
        UsageError: a weight is no finite number, or ids are neither text nor whole numbers.
        DataError: a table has no column of ids.
    """
    if isinstance(history, Mapping):
        return checked_weights(history, "history")
    if series_by_id(history) is not None:
        series: Any = history
        return _summed(ids_of(series.index.tolist(), "history"), series.tolist())
    if not is_table(history):
        return _summed(ids_of(history, "history"), None)
    table = as_arrow(history, "the history")
    if TRACK_ID not in table.column_names:
        raise DataError(
            f"the history has no column {TRACK_ID!r}; {hint(TRACK_ID, table.column_names, 'columns')}"
        )
    ids = ids_of(table[TRACK_ID], "history")
    return _summed(ids, table[WEIGHT].to_pylist() if WEIGHT in table.column_names else None)


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
