"""Scores pairs of tracks as a search would score them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.arguments import OnConflict, brief, every_of, ids_of, on_conflict_of, plain
from moodrec.errors import DataError, UsageError
from moodrec.index.front import SearchFront
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.index.search.options import SearchOptions
from moodrec.ranking import blend, mood_affinity
from moodrec.recommend.mood_targets import Mood, MoodTarget, mood_target, with_mood
from moodrec.recommend.queries import known_ids

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Pairs:
    """Pairs of tracks to be scored."""

    lefts: tuple[str, ...]
    """The first track of each pair."""
    rights: tuple[str, ...]
    """The second track of each pair."""
    single: bool
    """Whether one pair was given, not a collection of pairs."""


def pairs_of(given: Any) -> Pairs:
    """Read pairs: one ``(seed, track)``, several of them, an array (n, 2), or a table whose first two columns hold
    the ids.

    Raises:
        DataError: there are not two ids a pair.
        UsageError: they are no pairs, or an id is neither text nor a whole number.
    """
    if is_table(given):
        table = as_arrow(given, "the table of pairs")
        if table.num_columns < 2:
            raise DataError("a table of pairs needs two columns of track ids")
        return Pairs(ids_of(table.column(0), "pairs"), ids_of(table.column(1), "pairs"), single=False)
    values = plain(given)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UsageError(f"pairs must be (seed, track), or several such, not {brief(given)}")
    every = every_of(values, "pairs")
    single = len(every) == 2 and all(isinstance(one, str | Integral) for one in every)
    pairs = (
        [every] if single else every if set(map(type, every)) <= {tuple, list} else list(map(_pair, every))
    )
    if not set(map(len, pairs)) <= {2}:
        raise DataError("pairs must be (seed, track), two ids each")
    return Pairs(
        ids_of([pair[0] for pair in pairs], "pairs"), ids_of([pair[1] for pair in pairs], "pairs"), single
    )


def _pair(given: Any) -> list[Any]:
    values = plain(given)
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise DataError("pairs must be (seed, track), two ids each")
    return list(values)


class PairScorer:
    """Scores pairs of tracks of an index; see :meth:`__call__`."""

    def __init__(self, index: SearchFront) -> None:
        self._index = index

    @overload
    def __call__(
        self,
        pairs: tuple[str, str],
        mood: Mood | None = None,
        mood_weight: float | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> float: ...
    @overload
    def __call__(
        self,
        pairs: Sequence[tuple[str, str]] | pd.DataFrame | pa.Table,
        mood: Mood | None = None,
        mood_weight: float | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> NDArray[np.float32]: ...
    def __call__(
        self,
        pairs: tuple[str, str] | Sequence[tuple[str, str]] | pd.DataFrame | pa.Table,
        mood: Mood | None = None,
        mood_weight: float | None = None,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> float | NDArray[np.float32]:
        """Compute how near the second track of a pair is to the first: the score that a search would give it.

        Args:
            pairs: ``(seed, track)``, several of them, or a table whose first two columns hold the ids.
            mood: targets in [0, 1] by mood, which the second track is drawn towards.
            mood_weight: of the mood against the sound, in [0, 1]; 0.5 by default.
            options: ``mood`` and ``mood_weight``, where they are not given by themselves.
            on_conflict: "ignore" gives NaN to pairs with an id that is not in the index.

        Returns:
            A number for one pair, else (pairs,) float32 in their order; NaN where a mood score is unknown.

        Raises:
            NotFoundError: ids are not in the index; the message lists them.
            UsageError: an unknown mood, a number out of range, or a weight without a mood.
            DataError: there are not two ids a pair.

        Examples:
            >>> from moodrec import Recommender
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> a, b, *_ = rec.index.track_ids
            >>> round(rec.score((a, a)), 4), rec.score([(a, b), (a, "?")], on_conflict="ignore").shape
            (1.0, (2,))
        """
        target = mood_target(self._index, with_mood(options, mood, mood_weight), "score")
        read = pairs_of(pairs)
        found = score_pairs(self._index, read, target, on_conflict)
        return float(found[0]) if read.single else found


def score_pairs(
    index: SearchFront, pairs: Pairs, target: MoodTarget | None, on_conflict: OnConflict
) -> NDArray[np.float32]:
    """Compute the score of each second track as a neighbour of the first.

    Args:
        index: where the tracks are.
        pairs: the pairs.
        target: a mood that the second track is drawn towards.
        on_conflict: what to do about ids that are not in the index: "error" or "ignore".

    Returns:
        (n,) scores; NaN where a mood score or, with ``on_conflict="ignore"``, an id is unknown.

    Raises:
        NotFoundError: ids are not in the index, with ``on_conflict="error"``; the message lists them.
        UsageError: ``on_conflict`` is another word.
    """
    on_conflict_of(on_conflict)
    cosines = index.cosines(pairs.lefts, pairs.rights, on_conflict="ignore")
    known = ~np.isnan(cosines)
    if not known.all():
        known_ids(index, dict.fromkeys([*pairs.lefts, *pairs.rights]), on_conflict)
    if target is None or not known.any():
        return cosines.astype(np.float32)
    rights = [right for right, there in zip(pairs.rights, known.tolist(), strict=True) if there]
    affinity = mood_affinity(mood_matrix(index, rights, target.moods), target.targets)
    scores = np.full(len(cosines), np.nan, np.float32)
    scores[known] = blend(cosines[known], affinity, target.weight)
    return scores


def mood_matrix(index: SearchFront, track_ids: Sequence[str], moods: Sequence[str]) -> NDArray[np.float64]:
    """Read the mood scores of some tracks.

    Args:
        index: where the tracks are.
        track_ids: n tracks of the index.
        moods: columns of the index.

    Returns:
        (n, moods) scores in [0, 1], NaN where unknown.
    """
    return numbers_in(index.rows(track_ids, list(dict.fromkeys(moods))), moods)


def numbers_in(table: pa.Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """Read columns of numbers of a table as (rows, columns) double precision, NaN where unknown.

    Args:
        table: the rows.
        columns: their names; there may be none.
    """
    found = np.empty((table.num_rows, len(columns)))
    for place, name in enumerate(columns):
        found[:, place] = table[name].to_numpy()
    return found
