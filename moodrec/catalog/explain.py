"""Where a track's mood score comes from: the audio, its metadata, and what people say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.library.scores import context_of
from moodrec.model.context.genres import genres_of
from moodrec.model.context.weights import KINDS
from moodrec.schema import GENRE, TRACK_ID, audio_column

if TYPE_CHECKING:
    from moodrec.library.library import Library
    from moodrec.library.snapshot import LibrarySnapshot

SCALE: Final = "scale"
"""The difference between the audio's own scale and that of scores in context, which both are percentiles."""
LABEL: Final = "label"
"""The step from all of that to the label that somebody gave."""


@dataclass(frozen=True)
class Step:
    """What one kind of knowledge adds to a score.

    Attributes:
        what: genres, year, artist, album, artist_labels, album_labels, scale or label.
        adds: difference of the score, in [-1, 1].
        names: genres that it comes from; empty for all else.
    """

    what: str
    adds: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explained:
    """The score of one track and mood, and the steps to it from what the audio says."""

    audio: float
    steps: tuple[Step, ...]
    """In the order in which they are added; together with ``audio`` they make ``score``."""
    score: float


def explain_moods(library: Library, track_ids: Sequence[str]) -> dict[str, dict[str, Explained]]:
    """Explain the scores of some tracks by the library's current model.

    Kinds of metadata add up as logits; a step is what the percentile rises by when its kind comes to those before it.

    Args:
        library: the library.
        track_ids: ids of tracks; those that are not there are left out.

    Returns:
        By track id and mood.

    Raises:
        NotFoundError: nothing was analysed.
        CorruptStoreError: vectors or the model's context are damaged.
    """
    snapshot = library.snapshot(only=track_ids)
    steps = _steps(snapshot)
    rows = snapshot.table.to_pylist()
    found: dict[str, dict[str, Explained]] = {}
    for number, row in enumerate(rows):
        genres = genres_of(row[GENRE] or ())
        found[row[TRACK_ID]] = {
            mood: _explained(
                row.get(audio_column(mood), row[mood]),
                row[mood],
                {kind: float(values[number, column]) for kind, values in steps.items()},
                genres,
                bool(np.isfinite(snapshot.scores.labels[number, column])),
            )
            for column, mood in enumerate(snapshot.model.moods)
        }
    return found


def _explained(
    audio: float, score: float, adds: dict[str, float], genres: tuple[str, ...], labelled: bool
) -> Explained:
    steps = [Step(kind, value, genres if kind == "genres" else ()) for kind, value in adds.items() if value]
    rest = score - audio - sum(step.adds for step in steps)
    if labelled:
        steps.append(Step(LABEL, rest))
    elif steps:
        steps.append(Step(SCALE, rest))
    return Explained(audio, tuple(steps), score)


def _steps(snapshot: LibrarySnapshot) -> dict[str, NDArray[np.float64]]:
    """Kind of metadata to what it adds to the scores, ``(n, moods)``."""
    found, text = snapshot.scores.context, snapshot.model.context
    if found is None or text is None:
        return {}
    context, moods = context_of(text), snapshot.model.moods
    own = [moods.index(mood) for mood in context.moods if mood in moods]
    context = context.model_copy(
        update={"moods": {moods[column]: context.moods[moods[column]] for column in own}}
    )
    steps: dict[str, NDArray[np.float64]] = {}
    logits = found.audio[:, own]
    before = context.mood_scores(context.probabilities(logits))
    for kind in KINDS:
        if kind not in found.parts:
            continue
        logits = logits + found.parts[kind][:, own]
        after = context.mood_scores(context.probabilities(logits))
        steps[kind] = np.zeros_like(found.audio)
        steps[kind][:, own] = np.where(found.parts[kind][:, own] != 0, after - before, 0.0)
        before = after
    return steps
