"""A model's probabilities become probabilities and scores in context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.model.context.model import ContextModel
from moodrec.model.context.tracks import TrackContext
from moodrec.model.context.weights import KnownLabels, Parts

Floats = NDArray[np.float64]

_LEAST: Final = 1e-6
"""Probabilities are read as at least this, and at most 1 less this: single precision tells no more."""


@dataclass(frozen=True, eq=False)
class InContext:
    """Moods of ``n`` tracks in context; where metadata adds nothing they are those of the audio.

    Attributes:
        probabilities: ``(n, M)`` calibrated.
        scores: ``(n, M)`` percentiles among the tracks that the context was fitted to.
        audio: ``(n, M)`` logits of the audio.
        parts: kind of metadata to what it added to these logits, ``(n, M)``.
    """

    probabilities: Floats
    scores: Floats
    audio: Floats
    parts: Parts

    def at(self, rows: NDArray[np.int64]) -> InContext:
        """Those of some rows."""
        parts = {kind: part[rows] for kind, part in self.parts.items()}
        return InContext(self.probabilities[rows], self.scores[rows], self.audio[rows], parts)


def in_context(
    context: ContextModel,
    moods: Sequence[str],
    probabilities: NDArray[np.floating],
    scores: NDArray[np.floating],
    tracks: TrackContext,
    known: KnownLabels | None = None,
) -> InContext:
    """Correct the moods of tracks by their metadata, and by the other tracks of their artists and albums.

    Args:
        context: how; moods that it does not have keep what the audio says.
        moods: ``M`` names of the columns.
        probabilities: ``(n, M)`` by the audio alone, in [0, 1].
        scores: ``(n, M)`` by the audio alone, in [0, 1].
        tracks: metadata of the ``n`` tracks; offsets are taken among them.
        known: mood labels of some of them, ``(n, M)``.

    Raises:
        DataError: shapes do not fit, or a probability is not finite.
    """
    audio = logits_of(probabilities)
    there = [mood for mood in context.moods if mood in moods]
    own = [moods.index(mood) for mood in there]
    mine = context.model_copy(update={"moods": {mood: context.moods[mood] for mood in there}})
    labels = None if known is None else known.of_moods(own)
    found = mine.score(audio[:, own], tracks, labels)
    probability = mine.probabilities(found.logits)
    changed = np.any([part != 0 for part in found.parts.values()], axis=0)
    both = [np.array(values, dtype=np.float64) for values in (probabilities, scores)]
    for values, new in zip(both, (probability, mine.mood_scores(probability)), strict=True):
        values[:, own] = np.where(changed, new, values[:, own])
    parts = {kind: np.zeros_like(audio) for kind in found.parts}
    for kind, part in found.parts.items():
        parts[kind][:, own] = part
    return InContext(both[0], both[1], audio, parts)


def logits_of(probabilities: NDArray[np.floating]) -> Floats:
    """Turn probabilities into logits, in double precision; those of certainty are finite."""
    p = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(p) - np.log1p(-p))
