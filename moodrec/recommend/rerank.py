"""Reranking: candidates of another model are put in a new order by their moods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import OnConflict, brief, ids_of, listed, on_conflict_of, real
from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.filters.names import hint
from moodrec.index.front import SearchFront
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.index.search.hits import SCORE, Explanation, Hits
from moodrec.index.search.options import SearchOptions, checked_k
from moodrec.ranking import blend, mood_affinity
from moodrec.recommend.mood_targets import Mood, MoodTarget, mood_target, with_mood
from moodrec.recommend.pairs import numbers_in
from moodrec.recommend.queries import is_one, known_ids, series_by_id
from moodrec.recommend.results import Batch, Recommendations
from moodrec.schema import TRACK_ID
from moodrec.typing import BoolArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Candidates: TypeAlias = Sequence[str] | Mapping[str, float] | pd.DataFrame | pa.Table


@dataclass(frozen=True, eq=False)
class Scored:
    """Candidates of another model with their scores."""

    track_ids: tuple[str, ...]
    scores: NDArray[np.float64]
    """(n,) The scores, higher is better."""


def candidates_of(given: Any) -> Scored:
    """Read candidates: ids in order, a mapping of id to score, or a table with ``track_id`` and ``score``.

    Ids without scores count evenly from 1 for the first down to 0 for the last.

    Raises:
        DataError: a score is not finite, or a table lacks a column; DuplicateIdError for ids that occur twice.
    """
    if isinstance(given, Mapping):
        return _checked(list(given), list(given.values()))
    if is_table(given):
        return _of_table(given)
    by_id = series_by_id(given)
    if by_id is not None:
        if len(by_id) < len(given):
            raise DuplicateIdError("the series of candidates names one track more than once")
        return _checked(list(by_id), list(by_id.values()))
    ids = ids_of(given, "candidates")
    return _checked(ids, np.linspace(1, 0, len(ids)) if len(ids) > 1 else np.ones(len(ids)))


def _of_table(given: Any) -> Scored:
    table = as_arrow(given, "the table of candidates")
    missing = [name for name in (TRACK_ID, SCORE) if name not in table.column_names]
    if missing:
        raise DataError(
            f"candidates have no column {brief(missing[0])}; {hint(missing[0], table.column_names, 'columns')}"
        )
    return _checked(table[TRACK_ID].to_pylist(), table[SCORE].to_pylist())


def _checked(given: Any, scores: Any) -> Scored:
    ids = ids_of(given, "candidates")
    if len(set(ids)) < len(ids):
        twice = [track_id for track_id, count in Counter(ids).items() if count > 1]
        raise DuplicateIdError(f"these candidates occur more than once: {listed(twice)}")
    values = _numbers(scores)
    bad = [ids[place] for place in np.flatnonzero(~np.isfinite(values))]
    if bad:
        raise DataError(f"the scores of these candidates are not finite: {listed(bad)}")
    return Scored(ids, values)


def _numbers(scores: Any) -> NDArray[np.float64]:
    if isinstance(scores, np.ndarray) or set(map(type, scores)) <= {float}:
        return np.asarray(scores, np.float64)
    return np.array([real(one, "the score of a candidate") for one in scores], np.float64)


class Reranker:
    """Reranks candidates of another model by the moods of an index; see :meth:`__call__`."""

    def __init__(self, index: SearchFront, notes: tuple[str, ...] = ()) -> None:
        """Take the moods from an index.

        Args:
            index: where the candidates are.
            notes: for every result; see :attr:`Recommendations.notes`.
        """
        self._index, self._notes = index, notes

    @overload
    def __call__(
        self,
        candidates: Candidates,
        mood: Mood | None = None,
        mood_weight: float | None = None,
        k: int | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> Recommendations: ...
    @overload
    def __call__(
        self,
        candidates: Sequence[Candidates],
        mood: Mood | None = None,
        mood_weight: float | None = None,
        k: int | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> Batch: ...
    def __call__(
        self,
        candidates: Candidates | Sequence[Candidates],
        mood: Mood | None = None,
        mood_weight: float | None = None,
        k: int | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> Recommendations | Batch:
        """Rerank candidates of another model: its scores against how near their moods are to a target.

        Args:
            candidates: ids, best first; or score by id; or a table (pandas, Arrow) with ``track_id`` and ``score``.
                The scores are scaled to [0, 1] over the list. A sequence of these is a batch.
            mood: targets in [0, 1] by mood.
            mood_weight: of the mood against the candidates' own scores, in [0, 1]; 0.5 by default.
            k: at most so many; all by default.
            options: ``mood`` and ``mood_weight``, where they are not given by themselves.
            on_conflict: "ignore" leaves out candidates that are not in the index.

        Returns:
            Scores ``(1 - mood_weight) * scaled + mood_weight * affinity``. Candidates without a score for one of the
            moods come last, with NaN.

        Raises:
            NotFoundError: candidates are not in the index; the message lists them.
            UsageError: there is no target, an unknown mood, or a number out of range.
            DataError: a table lacks a column, or a score is not finite.

        Examples:
            >>> from moodrec import Recommender
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> theirs = dict(zip(rec.index.track_ids[:4], [0.9, 0.8, 0.2, 0.1]))
            >>> rec.rerank(theirs, mood={"calm": 1.0}, mood_weight=0).track_ids == list(theirs)
            True
        """
        target = mood_target(self._index, with_mood(options, mood, mood_weight), "rerank")
        if target is None:
            raise UsageError("give a mood target, such as mood={'calm': 0.9}")
        most = None if k is None else checked_k(k, len(self._index))
        on_conflict_of(on_conflict)
        single = is_one(candidates)
        lists = [candidates_of(one) for one in ([candidates] if single else candidates)]
        found = rerank_lists(_known(self._index, lists, target.moods, on_conflict), lists, target, most)
        n = sum(len(one.track_ids) for one in found)
        account = Explanation("rerank", "candidates of another model", len(self._index), n, len(lists), n, n)
        batch = Batch.of(padded(found, most, account), self._index, self._notes)
        return batch[0] if single else batch


@dataclass(frozen=True, eq=False)
class _Known:
    """The candidates of all lists, one after the other."""

    there: BoolArray
    """(n,) Whether each is in the index."""
    scores: NDArray[np.float64]
    """(m, moods) The mood scores of those that are, NaN where unknown."""


def _known(
    index: SearchFront, lists: Sequence[Scored], moods: Sequence[str], on_conflict: OnConflict
) -> _Known:
    """Look up the candidates of all lists at once."""
    ids = [track_id for one in lists for track_id in one.track_ids]
    table = index.rows(ids, list(dict.fromkeys(moods)), on_conflict="ignore")
    scores = numbers_in(table, moods)
    if len(scores) == len(ids):
        return _Known(np.ones(len(ids), bool), scores)
    known_ids(index, dict.fromkeys(ids), on_conflict)
    return _Known(index.contains(ids), scores)


def rerank_lists(known: _Known, lists: Sequence[Scored], target: MoodTarget, k: int | None) -> list[Scored]:
    """Put each list of candidates in its new order, with new scores.

    The candidates' own scores are scaled to [0, 1] over the list, so that they can be weighed against the mood:
    ``(1 - weight) * scaled + weight * (1 - mean over the moods of (score - target)^2)``. Candidates without a
    score for one of the moods come last, in their old order, with NaN.

    Args:
        known: the candidates of all lists that are in the index.
        lists: candidates of another model.
        target: the mood to rank by.
        k: at most so many of each list; None keeps all.
    """
    affinity = mood_affinity(known.scores, target.targets)
    found, start, row = [], 0, 0
    for given in lists:
        there = np.flatnonzero(known.there[start : start + len(given.track_ids)])
        own = affinity[row : row + len(there)]
        scores = np.asarray(blend(_scaled(given.scores[there]), own, target.weight), np.float64)
        order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")[:k]
        found.append(Scored(tuple(given.track_ids[place] for place in there[order].tolist()), scores[order]))
        start, row = start + len(given.track_ids), row + len(there)
    return found


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale scores to [0, 1]; all become 1 where they are equal."""
    # Halves, so that the difference of the largest and the least number is finite.
    halves = scores / 2
    if not len(scores) or np.ptp(halves) == 0:
        return np.ones(len(scores))
    return np.asarray((halves - halves.min()) / np.ptp(halves))


def padded(found: Sequence[Scored], k: int | None, explanation: Explanation) -> Hits:
    """Join lists of different lengths as hits.

    Args:
        found: a list a query, best first.
        k: at most so many of each; None keeps all, and pads to the longest list.
        explanation: of the hits.
    """
    counts = [len(one.track_ids) if k is None else min(k, len(one.track_ids)) for one in found]
    width = max(counts, default=0) if k is None else k
    track_ids = np.full((len(found), width), None, object)
    scores = np.full((len(found), width), np.nan, np.float32)
    for row, (one, count) in enumerate(zip(found, counts, strict=True)):
        track_ids[row, :count], scores[row, :count] = one.track_ids[:count], one.scores[:count]
    return Hits(track_ids, scores, np.array(counts, np.int64), lambda: explanation)
