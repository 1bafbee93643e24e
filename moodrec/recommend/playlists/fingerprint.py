"""The sonic fingerprint of a play history, in which recent plays count more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.arguments import OnConflict, real
from moodrec.catalog.seeds import resolve_seed
from moodrec.errors import AmbiguousSeedError, DataError, NotFoundError, UsageError
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.playlists.kinds import mix
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.queries import known_ids, mix_vector
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.version import of_one_version
from moodrec.schema import TRACK_ID

PLAYED_AT: Final = "played_at"
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
    plays: pd.DataFrame | Sequence[tuple[str, Any]],
    half_life_days: float = 30.0,
    now: Any = None,
    on_conflict: OnConflict = "error",
) -> Fingerprint:
    """Sum up plays: a play that is ``half_life_days`` older than another counts half as much.

    Args:
        recommender: whose tracks were played.
        plays: a row a play: ``track_id`` and ``played_at`` (a time, ISO text, or seconds since 1970), or such pairs.
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
    read = _plays_of(plays)
    ids, times = read.track_ids, read.times
    latest = _time(now) if now is not None else times.max()
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
    found = mix(recommender, of.weights, rules, options, **keywords)
    return Playlist("Sonic fingerprint", found.tracks, found.moods, found.notes)


@dataclass(frozen=True, eq=False)
class _Plays:
    """The plays of a history, in any order."""

    track_ids: list[str]
    times: pd.Series[Any]
    """The times of the plays, in UTC."""


def _plays_of(plays: pd.DataFrame | Sequence[tuple[str, Any]]) -> _Plays:
    frame = plays if isinstance(plays, pd.DataFrame) else pd.DataFrame(plays, columns=[TRACK_ID, PLAYED_AT])
    for name in (TRACK_ID, PLAYED_AT):
        if name not in frame:
            raise DataError(f"a history has the columns {TRACK_ID!r} and {PLAYED_AT!r}; {name!r} is missing")
    if not len(frame):
        raise UsageError("the history holds no plays")
    return _Plays(frame[TRACK_ID].astype(str).tolist(), _times(frame[PLAYED_AT]))


def _times(values: pd.Series[Any]) -> pd.Series[Any]:
    try:
        if pd.api.types.is_numeric_dtype(values):
            times: pd.Series[Any] = pd.to_datetime(values, unit="s", utc=True)
        else:
            times = pd.to_datetime(values, utc=True, format="ISO8601")
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{PLAYED_AT} holds a time that cannot be read: {error}") from error
    if times.isna().any():
        raise DataError(f"{PLAYED_AT} is empty in row {int(np.flatnonzero(times.isna())[0])}")
    return times


def _time(value: Any) -> pd.Timestamp:
    stamp: pd.Timestamp = _times(pd.Series([value])).iloc[0]
    return stamp


def _mean_moods(recommender: Recommender, weights: Mapping[str, float]) -> dict[str, float]:
    moods = recommender.moods
    if not moods:
        return {}
    scores = mood_matrix(recommender.index, list(weights), moods)
    shares = np.where(np.isnan(scores), 0.0, np.array(list(weights.values()))[:, None])
    means = (np.nan_to_num(scores) * shares).sum(axis=0) / np.maximum(shares.sum(axis=0), 1e-12)
    return {mood: float(m) for mood, m, known in zip(moods, means, shares.sum(axis=0), strict=True) if known}


def read_plays(path: Path, recommender: Recommender) -> pd.DataFrame:
    """Read a history: CSV, Parquet or JSON lines with ``track_id`` and ``played_at``.

    What is no id is taken for a title, an "artist - title" or a path, where exactly one track matches.

    Args:
        path: the file.
        recommender: where titles and paths are looked up.

    Raises:
        DataError: the file cannot be read, or lacks a column.
    """
    frame = _table(path)
    if TRACK_ID not in frame:
        raise DataError(f"{path}: no column {TRACK_ID!r}; it has {', '.join(map(str, frame.columns))}")
    meant = {name: _meant(recommender, str(name)) for name in frame[TRACK_ID].unique()}
    return frame.assign(**{TRACK_ID: frame[TRACK_ID].map(meant)})


def _table(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return pd.read_parquet(path)
        if suffix in (".jsonl", ".ndjson"):
            return pd.read_json(path, lines=True, dtype=False)
        return pd.read_csv(path, dtype={TRACK_ID: str}, keep_default_na=False)
    except ValueError as error:
        raise DataError(f"{path}: cannot be read as a table of plays ({error})") from error


def _meant(recommender: Recommender, name: str) -> str:
    try:
        return name if name in recommender.index else resolve_seed(recommender.frame, name)
    except (NotFoundError, AmbiguousSeedError):
        return name
