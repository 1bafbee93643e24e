"""The sonic fingerprint of a play history, in which recent plays count more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.arguments import OnConflict, brief, every_of, ids_of, plain, real
from moodrec.errors import UsageError
from moodrec.given import kind_of
from moodrec.index.rows.tables import is_table, to_frame
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.recommend.histories import mix_vector
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.playlists.history import PLAYED_AT, looked_up, named_columns
from moodrec.recommend.playlists.history import read_plays as read_plays
from moodrec.recommend.playlists.kinds import mix
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.playlists.times import times_of
from moodrec.recommend.queries import known_ids
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.versioned import of_one_version
from moodrec.schema import TRACK_ID

DAY: Final = 86_400.0


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The mean sound and the mean moods of a play history."""

    weights: Mapping[str, float]
    """The weight of each track; the weights add up to 1."""
    embedding: NDArray[np.float64]
    """(d,) The embedding, of unit length: the weighted mean of the tracks' embeddings."""
    moods: Mapping[str, float]
    """The weighted mean mood scores; tracks without a score do not count."""
    n_plays: int
    n_dropped: int
    """The number of plays of tracks that are not in the index."""


@of_one_version
def fingerprint(
    recommender: Recommender,
    plays: Any,
    half_life_days: float = 30.0,
    now: Any = None,
    on_conflict: OnConflict = "error",
) -> Fingerprint:
    """Sum up plays: a play that is ``half_life_days`` older than another counts half as much.

    Args:
        recommender: whose tracks were played.
        plays: a row a play, as a table (pandas, Arrow, polars or another that Arrow reads) or as pairs: ``track_id``,
            or ``title`` and ``artist``; and ``played_at``: a time, ISO text, or a number since 1970 in seconds,
            milliseconds, microseconds or nanoseconds.
        half_life_days: of a play's weight, more than 0; infinite to count all plays alike.
        now: the time from which plays are old, by default that of the last play. Weights are relative, so this
            matters only for plays after it, which are left out.
        on_conflict: "ignore" leaves out tracks that are not in the index.

    Raises:
        NotFoundError: tracks are not in the index; the message lists them.
        DataError: a time cannot be read, or a column is missing.
        UsageError: nothing is left, or ``half_life_days`` is not positive.
    """
    half_life = real(half_life_days, "half_life_days")
    if not half_life > 0:
        raise UsageError(f"half_life_days is {half_life}; it must be positive")
    read = _plays_of(plays, recommender)
    ids, times = read.track_ids, read.times
    latest = times.max() if now is None else _time(now)
    past = (times <= latest).to_numpy()
    known = set(known_ids(recommender.index, dict.fromkeys(ids), on_conflict))
    there = np.array([track_id in known for track_id in ids], bool)
    halvings = (latest - times).dt.total_seconds().to_numpy(np.float64) / (DAY * half_life)
    weights: dict[str, float] = {}
    for play in np.flatnonzero(past & there).tolist():
        weights[ids[play]] = weights.get(ids[play], 0.0) + 0.5 ** float(halvings[play])
    total = sum(weights.values())
    if not total:
        raise UsageError("no play is left to make a fingerprint of")
    weights = {track_id: weight / total for track_id, weight in weights.items()}
    return Fingerprint(
        weights,
        mix_vector(recommender.index, weights),
        _mean_moods(recommender, weights),
        len(ids),
        int((past & ~there).sum()),
    )


@of_one_version
def fingerprint_playlist(
    recommender: Recommender,
    of: Fingerprint,
    rules: Rules | None = None,
    options: SearchOptions | None = None,
    **keywords: Unpack[SearchKeywords],
) -> Playlist:
    """Make a playlist of tracks that are not in the history and sound like it.

    Args:
        recommender: where the tracks come from.
        of: what the history sounds like.
        rules: what the playlist keeps to; by default 25 tracks.
        options: what is asked for beside.
        **keywords: fields of ``options``.

    Raises:
        UsageError: a value is out of range, or values contradict each other.
    """
    found = mix(recommender, kind_of(of, Fingerprint, "of").weights, rules, options, **keywords)
    return Playlist("Sonic fingerprint", found.tracks, found.moods, found.notes)


@dataclass(frozen=True, eq=False)
class _Plays:
    """The plays of a history, in any order."""

    track_ids: list[str]
    times: pd.Series[Any]
    """The times of the plays, in UTC."""


def _plays_of(plays: Any, recommender: Recommender) -> _Plays:
    if is_table(plays):
        frame = named_columns(to_frame(plays), "a history")
    else:
        given = plain(plays)
        pairs = every_of(given, "plays") if isinstance(given, Iterable) else [given]
        if wrong := [one for one in pairs if not isinstance(one, list | tuple) or len(one) != 2]:
            raise UsageError(f"plays takes a table, or pairs of a track id and a time, not {brief(wrong[0])}")
        frame = pd.DataFrame(pairs, columns=[TRACK_ID, PLAYED_AT], dtype=object)
    if not len(frame):
        raise UsageError("the history holds no plays")
    times = times_of(frame[PLAYED_AT], PLAYED_AT)
    if TRACK_ID in frame:
        return _Plays(list(ids_of(frame[TRACK_ID], TRACK_ID)), times)
    return _Plays(looked_up(frame, recommender, "a history"), times)


def _time(value: Any) -> pd.Timestamp:
    stamp: pd.Timestamp = times_of(pd.Series([value], dtype=object), "now").iloc[0]
    return stamp


def _mean_moods(recommender: Recommender, weights: Mapping[str, float]) -> dict[str, float]:
    moods = recommender.moods
    if not moods:
        return {}
    scores = mood_matrix(recommender.index, list(weights), moods)
    shares = np.where(np.isnan(scores), 0.0, np.array(list(weights.values()))[:, None])
    means = (np.nan_to_num(scores) * shares).sum(axis=0) / np.maximum(shares.sum(axis=0), 1e-12)
    return {mood: float(m) for mood, m, known in zip(moods, means, shares.sum(axis=0), strict=True) if known}
