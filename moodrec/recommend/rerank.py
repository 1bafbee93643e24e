"""Candidates of another model, put in a new order by their moods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.filters.names import hint
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows.validation import listed
from moodrec.index.search.hits import Explanation, Hits
from moodrec.ranking import blend, mood_affinity
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.queries import Unknown, checked_target, is_one, known_ids
from moodrec.recommend.results import SCORE
from moodrec.schema import TRACK_ID


@dataclass(frozen=True, eq=False)
class Scored:
    """Candidates and what their own model thinks of them, higher is better."""

    track_ids: tuple[str, ...]
    scores: NDArray[np.float64]


def candidates_of(given: Any) -> Scored:
    """Read candidates: ids in order, a mapping of id to score, or a table with ``track_id`` and ``score``.

    Ids without scores count evenly from 1 for the first down to 0 for the last.

    Raises:
        DataError: a score is not finite, or a table lacks a column; DuplicateIdError for ids that occur twice.
    """
    if isinstance(given, Mapping):
        return _checked(list(given), list(given.values()))
    if isinstance(given, str):
        return _checked([given], [1.0])
    if hasattr(given, "column_names") or hasattr(given, "columns"):
        return _of_table(given)
    ids = list(given)
    return _checked(ids, np.linspace(1, 0, len(ids)) if len(ids) > 1 else np.ones(len(ids)))


def _of_table(table: Any) -> Scored:
    columns = list(table.column_names if isinstance(table, pa.Table) else table.columns)
    missing = [name for name in (TRACK_ID, SCORE) if name not in columns]
    if missing:
        raise DataError(f"candidates have no column {missing[0]!r}; {hint(missing[0], columns, 'columns')}")
    lists = [
        table[name].to_pylist() if isinstance(table, pa.Table) else list(table[name])
        for name in (TRACK_ID, SCORE)
    ]
    return _checked(*lists)


def _checked(ids: list[Any], scores: Any) -> Scored:
    wrong = [track_id for track_id in ids if not isinstance(track_id, str)]
    if wrong:
        raise UsageError(f"candidates are named by text ids, not {listed(wrong)}")
    twice = [track_id for track_id, count in Counter(ids).items() if count > 1]
    if twice:
        raise DuplicateIdError(f"these candidates occur more than once: {listed(twice)}")
    values = np.array(scores, np.float64)
    bad = [track_id for track_id, fine in zip(ids, np.isfinite(values), strict=True) if not fine]
    if bad:
        raise DataError(f"the scores of these candidates are not finite: {listed(bad)}")
    return Scored(tuple(ids), values)


def rerank_many(
    index: MoodIndex,
    given: Any,
    mood: Mapping[str, float],
    weight: float | None,
    k: int | None,
    unknown: Unknown,
) -> Hits:
    """One list of candidates, or each of a sequence of them, in its new order; see :func:`rerank_one`.

    Raises:
        UsageError: ``k`` is less than 1; else as there.
    """
    if k is not None and k < 1:
        raise UsageError(f"k is {k}; it must be 1 or more")
    lists = [candidates_of(one) for one in ([given] if is_one(given) else given)]
    found = [rerank_one(index, one, mood, weight, unknown) for one in lists]
    n = sum(len(ids) for ids, _ in found)
    return padded(
        found, k, Explanation("rerank", "candidates of another model", len(index), n, len(lists), n, n)
    )


def rerank_one(
    index: MoodIndex, given: Scored, mood: Mapping[str, float], weight: float | None, unknown: Unknown
) -> tuple[list[str], NDArray[np.float64]]:
    """Candidates in their new order and their new scores.

    The candidates' own scores are scaled to [0, 1] over the list, so that they can be weighed against the mood:
    ``(1 - weight) * scaled + weight * (1 - mean over the moods of (score - target)^2)``. Candidates without a
    score for one of the moods come last, in their old order, with NaN.

    Raises:
        NotFoundError: candidates are not in the index, with ``unknown="error"``.
        UsageError: an unknown mood, or numbers out of range.
    """
    targets, share = checked_target(index, mood, weight)
    ids = known_ids(index, given.track_ids, unknown)
    place = {track_id: i for i, track_id in enumerate(given.track_ids)}
    own = _scaled(given.scores[[place[track_id] for track_id in ids]])
    scores = blend(own, mood_affinity(mood_matrix(index, ids, list(mood)), targets), share) if ids else own
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")
    return [ids[i] for i in order], np.asarray(scores[order], np.float64)


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """To [0, 1]; 1 for all where they are all alike."""
    if not len(scores) or np.ptp(scores) == 0:
        return np.ones(len(scores))
    return np.asarray((scores - scores.min()) / np.ptp(scores))


def padded(
    found: Sequence[tuple[list[str], NDArray[np.float64]]], k: int | None, explanation: Explanation
) -> Hits:
    """Lists of different lengths as hits, at most ``k`` a list."""
    counts = np.array([len(ids) if k is None else min(k, len(ids)) for ids, _ in found], np.int64)
    width = int(counts.max(initial=0)) if k is None else k
    track_ids = np.full((len(found), width), None, object)
    scores = np.full((len(found), width), np.nan, np.float32)
    for row, ((ids, values), count) in enumerate(zip(found, counts, strict=True)):
        track_ids[row, :count], scores[row, :count] = ids[:count], values[:count]
    return Hits(track_ids, scores, counts, lambda: explanation)
