"""Scores of pairs of tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import DataError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.ranking import blend, mood_affinity
from moodrec.recommend.queries import checked_target, known_ids


def pairs_of(given: Any) -> tuple[bool, list[str], list[str]]:
    """Whether it is a single pair, and the first and second ids of all pairs.

    Raises:
        DataError: there are not two ids a pair.
    """
    if isinstance(given, pa.Table):
        given = given.to_pandas()
    if hasattr(given, "columns"):
        if len(given.columns) < 2:
            raise DataError("a table of pairs needs two columns of track ids")
        return False, given.iloc[:, 0].tolist(), given.iloc[:, 1].tolist()
    single = len(given) == 2 and all(isinstance(track_id, str) for track_id in given)
    pairs = [tuple(pair) for pair in ([given] if single else given)]
    if any(len(pair) != 2 for pair in pairs):
        raise DataError("pairs must be (seed, track), two ids each")
    return single, [left for left, _ in pairs], [right for _, right in pairs]


def score_pairs(
    index: MoodIndex,
    lefts: Sequence[str],
    rights: Sequence[str],
    mood: Mapping[str, float] | None,
    mood_weight: float | None,
    unknown: Literal["error", "nan"],
) -> NDArray[np.float32]:
    """(n,) score of each second track as a neighbour of the first, NaN where an id or a mood score is unknown.

    Raises:
        NotFoundError: ids are not in the index, with ``unknown="error"``; the message lists them.
        UsageError: arguments that contradict each other.
    """
    if unknown not in ("error", "nan"):
        raise UsageError(f"unknown is {unknown!r}; it must be 'error' or 'nan'")
    if mood is None and mood_weight is not None:
        raise UsageError("mood_weight without a mood target has no meaning: give mood={'calm': 0.8}, say")
    known_ids(index, dict.fromkeys([*lefts, *rights]), "error" if unknown == "error" else "drop")
    both = np.array([a in index and b in index for a, b in zip(lefts, rights, strict=True)], bool)
    scores = np.full(len(both), np.nan, np.float32)
    pairs = [(a, b) for a, b, there in zip(lefts, rights, both, strict=True) if there]
    if pairs:
        scores[both] = _scores(index, pairs, mood, mood_weight)
    return scores


def _scores(
    index: MoodIndex, pairs: Sequence[tuple[str, str]], mood: Mapping[str, float] | None, weight: float | None
) -> NDArray[np.float64]:
    lefts, rights = ([pair[side] for pair in pairs] for side in (0, 1))
    cosine = np.einsum("ij,ij->i", index.vectors(lefts), index.vectors(rights)).astype(np.float64)
    if mood is None:
        return np.asarray(cosine)
    targets, share = checked_target(index, mood, weight)
    return np.asarray(blend(cosine, mood_affinity(mood_matrix(index, rights, list(mood)), targets), share))


def mood_matrix(index: MoodIndex, track_ids: Sequence[str], moods: Sequence[str]) -> NDArray[np.float64]:
    """(n, moods) scores of some tracks, NaN where unknown."""
    frame = index.tracks(track_ids)[list(moods)]
    return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))
