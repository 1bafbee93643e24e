"""What the demo asks of a catalogue: a few seeds far apart, for each a mood filter and a mood target."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from moodrec.index.search.options import SearchOptions
from moodrec.schema import TITLE, TRACK_ID, probability_column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from moodrec.recommend.recommender import Recommender

K: Final = 5
TARGET: Final = 0.9
MAX_PER_ARTIST: Final = 2
_QUIET: Final = ("calm", "tender", "sad")
_LIVELY: Final = ("energetic", "arousal", "powerful")
_BRIGHT: Final = ("happy", "joyful", "valence")


@dataclass(frozen=True)
class Compass:
    """Three moods that lie far apart."""

    quiet: str
    lively: str
    bright: str


@dataclass(frozen=True)
class Seed:
    """A track to start from, and why this one."""

    track_id: str
    why: str


@dataclass(frozen=True, eq=False)
class Answer:
    """A question, the command that asks it, and what came back."""

    wish: str
    """What is asked for, such as ``where happy >= 0.7``."""
    mood: str
    """The mood it is about."""
    command: str
    tracks: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Story:
    """A seed with its row of the track table, and the answers to its questions."""

    seed: Seed
    row: pd.Series[Any]
    answers: tuple[Answer, ...]


def tell_stories(recommender: Recommender, place: str) -> tuple[Story, ...]:
    """Choose the seeds of a catalogue and ask.

    Args:
        recommender: of a catalogue with at least one mood and one track.
        place: what to write behind ``--library`` in commands.
    """
    frame, compass = recommender.frame, choose_compass(recommender.moods)
    wishes = (
        (compass.lively, compass.bright),
        (compass.quiet, compass.bright),
        (compass.bright, compass.quiet),
    )
    stories = []
    for seed, (filtered, wanted) in zip(choose_seeds(frame, compass), wishes, strict=False):
        row = frame[frame[TRACK_ID] == seed.track_id].iloc[0]
        command = f"moodrec similar {shlex.quote(_seed_name(frame, row))}"
        asked = (
            _ask_filtered(recommender, seed, filtered, command, place),
            _ask_drawn(recommender, seed, wanted, command, place),
        )
        stories.append(Story(seed, row, asked))
    return tuple(stories)


def choose_compass(moods: Sequence[str]) -> Compass:
    """Moods by their everyday names where the model has them, else whichever there are."""
    chosen: list[str] = []
    for wishes in (_QUIET, _LIVELY, _BRIGHT):
        free = [mood for mood in (*wishes, *moods) if mood in moods and mood not in chosen]
        chosen.append((free or list(moods))[0])
    return Compass(*chosen)


def choose_seeds(frame: pd.DataFrame, compass: Compass) -> list[Seed]:
    """The quietest track, the liveliest, and the one most in the middle: the same every time, each once."""
    quiet, lively = (_likelihood(frame, mood) for mood in (compass.quiet, compass.lively))
    middle = -np.abs(_ranks(quiet) - 0.5) - np.abs(_ranks(lively) - 0.5)
    found: dict[str, Seed] = {}
    for values, why in (
        (quiet, f"the most {compass.quiet}"),
        (lively, f"the most {compass.lively}"),
        (middle, "one in the middle"),
    ):
        for row in np.argsort(-values, kind="stable"):
            track_id = str(frame[TRACK_ID].iloc[row])
            if track_id not in found:
                found[track_id] = Seed(track_id, why)
                break
    return list(found.values())


def threshold(scores: NDArray[np.float64]) -> float:
    """The highest round score that a quarter of the tracks reach, and never fewer than ``K + 1`` if there are."""
    enough = max(len(scores) / 4, min(len(scores), K + 1))
    steps = [round(step / 10, 1) for step in range(9, 0, -1)]
    return next((step for step in steps if np.count_nonzero(scores >= step) >= enough), 0.0)


def _likelihood(frame: pd.DataFrame, mood: str) -> NDArray[np.float64]:
    """The mood's probability where there is one: scores of the most marked tracks are all 1."""
    column = probability_column(mood)
    values: NDArray[np.float64] = frame[column if column in frame.columns else mood].to_numpy(np.float64)
    return np.nan_to_num(values, nan=0.0)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) place of each value among all, in [0, 1]."""
    return values.argsort(kind="stable").argsort(kind="stable") / max(1, len(values) - 1)


def _seed_name(frame: pd.DataFrame, row: pd.Series[Any]) -> str:
    """The title, where it means this track alone; else its id."""
    title = row.get(TITLE)
    if not isinstance(title, str) or not title:
        return str(row[TRACK_ID])
    same = frame[TITLE].map(lambda other: isinstance(other, str) and other.casefold() == title.casefold())
    return title if int(same.sum()) == 1 else str(row[TRACK_ID])


def _ask_filtered(recommender: Recommender, seed: Seed, mood: str, command: str, place: str) -> Answer:
    where = f"{mood} >= {threshold(recommender.frame[mood].to_numpy(np.float64))}"
    found = recommender.similar(seed.track_id, K, SearchOptions(where=where))
    command = f'{command} --where "{where}" --k {K} --library {shlex.quote(place)}'
    return Answer(f"where {where}", mood, command, found.tracks)


def _ask_drawn(recommender: Recommender, seed: Seed, mood: str, command: str, place: str) -> Answer:
    drawn = SearchOptions(mood={mood: TARGET}, max_per_artist=MAX_PER_ARTIST)
    found = recommender.similar(seed.track_id, K, drawn)
    options = f"--mood {mood}={TARGET} --max-per-artist {MAX_PER_ARTIST} --k {K}"
    command = f"{command} {options} --library {shlex.quote(place)}"
    wish = f"drawn towards {mood}, at most {MAX_PER_ARTIST} an artist"
    return Answer(wish, mood, command, found.tracks)
