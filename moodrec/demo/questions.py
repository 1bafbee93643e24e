"""The demo searches a catalogue from a few seeds far apart, for each with a mood filter and with a mood target."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from moodrec.index.search.options import SearchOptions
from moodrec.names import fold
from moodrec.schema import TITLE, TRACK_ID, probability_column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from moodrec.recommend.recommender import Recommender

K: Final = 5
"""Number of tracks per search."""
TARGET: Final = 0.9
"""Score of the mood target."""
MAX_PER_ARTIST: Final = 2
_QUIET: Final = ("calm", "tender", "sad")
_LIVELY: Final = ("energetic", "arousal", "powerful")
_BRIGHT: Final = ("happy", "joyful", "valence")


@dataclass(frozen=True)
class ContrastingMoods:
    """Three moods that lie far apart."""

    quiet: str
    lively: str
    bright: str


@dataclass(frozen=True)
class Seed:
    """A track to start from, and why it was chosen."""

    track_id: str
    why: str


@dataclass(frozen=True, eq=False)
class Answer:
    """A search, the command that runs it, and its result."""

    request: str
    """The request in words, such as ``where happy >= 0.7``."""
    mood: str
    """The mood of the filter or target."""
    command: str
    tracks: pd.DataFrame


@dataclass(frozen=True, eq=False)
class SeedAnswers:
    """A seed with its row of the track table, and the answers to its searches."""

    seed: Seed
    row: pd.Series[Any]
    answers: tuple[Answer, ...]


def ask_questions(recommender: Recommender, place: str) -> tuple[SeedAnswers, ...]:
    """Choose the seeds of a catalogue and run the searches.

    Args:
        recommender: opened on a catalogue with at least one mood and one track.
        place: what follows ``--library`` in the commands shown.
    """
    frame, contrast = recommender.frame, choose_moods(recommender.moods)
    preferred = (
        (contrast.lively, contrast.bright),
        (contrast.quiet, contrast.bright),
        (contrast.bright, contrast.quiet),
    )
    results = []
    for seed, (filtered, target) in zip(choose_seeds(frame, contrast), preferred, strict=False):
        row = frame[frame[TRACK_ID] == seed.track_id].iloc[0]
        command = f"moodrec similar {shlex.quote(_seed_name(frame, row))}"
        answers = (
            _ask_filtered(recommender, seed, filtered, command, place),
            _ask_with_target(recommender, seed, target, command, place),
        )
        results.append(SeedAnswers(seed, row, answers))
    return tuple(results)


def choose_moods(moods: Sequence[str]) -> ContrastingMoods:
    """Choose moods by their everyday names where the model has them, else any that exist."""
    chosen: list[str] = []
    for preferred in (_QUIET, _LIVELY, _BRIGHT):
        free = [mood for mood in (*preferred, *moods) if mood in moods and mood not in chosen]
        chosen.append((free or list(moods))[0])
    return ContrastingMoods(*chosen)


def choose_seeds(frame: pd.DataFrame, contrast: ContrastingMoods) -> list[Seed]:
    """Choose the quietest track, the liveliest, and the one nearest to the middle; the same every time, each once.

    Args:
        frame: the track table.
        contrast: the moods that the choice goes by.
    """
    quiet, lively = (_likelihood(frame, mood) for mood in (contrast.quiet, contrast.lively))
    middle = -np.abs(_ranks(quiet) - 0.5) - np.abs(_ranks(lively) - 0.5)
    found: dict[str, Seed] = {}
    for values, why in (
        (quiet, f"the most {contrast.quiet}"),
        (lively, f"the most {contrast.lively}"),
        (middle, "one in the middle"),
    ):
        for row in np.argsort(-values, kind="stable"):
            track_id = str(frame[TRACK_ID].iloc[row])
            if track_id not in found:
                found[track_id] = Seed(track_id, why)
                break
    return list(found.values())


def threshold(scores: NDArray[np.float64]) -> float:
    """Find the highest round score that a quarter of the tracks reach, and at least ``K + 1`` of them if possible."""
    enough = max(len(scores) / 4, min(len(scores), K + 1))
    steps = [round(step / 10, 1) for step in range(9, 0, -1)]
    return next((step for step in steps if np.count_nonzero(scores >= step) >= enough), 0.0)


def _likelihood(frame: pd.DataFrame, mood: str) -> NDArray[np.float64]:
    """Read a mood's probability where there is one, because scores of the most marked tracks are all 1."""
    column = probability_column(mood)
    values: NDArray[np.float64] = frame[column if column in frame.columns else mood].to_numpy(np.float64)
    return np.nan_to_num(values, nan=0.0)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the rank (n,) of each value among all, in [0, 1]."""
    return values.argsort(kind="stable").argsort(kind="stable") / max(1, len(values) - 1)


def _seed_name(frame: pd.DataFrame, row: pd.Series[Any]) -> str:
    """Give the title, where it names this track alone; else its id."""
    title = row.get(TITLE)
    if not isinstance(title, str) or not title:
        return str(row[TRACK_ID])
    same = frame[TITLE].map(lambda other: isinstance(other, str) and fold(other) == fold(title))
    return title if int(same.sum()) == 1 else str(row[TRACK_ID])


def _ask_filtered(recommender: Recommender, seed: Seed, mood: str, command: str, place: str) -> Answer:
    where = f"{mood} >= {threshold(recommender.frame[mood].to_numpy(np.float64))}"
    found = recommender.similar(seed.track_id, K, SearchOptions(where=where))
    command = f'{command} --where "{where}" --k {K} --library {shlex.quote(place)}'
    return Answer(f"where {where}", mood, command, found.tracks)


def _ask_with_target(recommender: Recommender, seed: Seed, mood: str, command: str, place: str) -> Answer:
    target = SearchOptions(mood={mood: TARGET}, max_per_artist=MAX_PER_ARTIST)
    found = recommender.similar(seed.track_id, K, target)
    options = f"--mood {mood}={TARGET} --max-per-artist {MAX_PER_ARTIST} --k {K}"
    command = f"{command} {options} --library {shlex.quote(place)}"
    request = f"drawn towards {mood}, at most {MAX_PER_ARTIST} an artist"
    return Answer(request, mood, command, found.tracks)
