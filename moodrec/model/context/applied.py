"""A model's probabilities become probabilities and scores in context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

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


class Corrects(Protocol):
    """What corrects the moods of tracks; :class:`moodrec.model.context.model.ContextModel` does."""

    def of_probabilities(
        self,
        moods: Sequence[str],
        probabilities: NDArray[np.floating],
        scores: NDArray[np.floating],
        tracks: TrackContext,
        known: KnownLabels | None = None,
    ) -> InContext:
        """Correct moods by metadata and labels.

        Args:
            moods: ``M`` names of the columns.
            probabilities: ``(n, M)`` by the audio alone, in [0, 1].
            scores: ``(n, M)`` by the audio alone, in [0, 1].
            tracks: metadata of the ``n`` tracks.
            known: labels of some of them, ``(n, M)``.
        """


def logits_of(probabilities: NDArray[np.floating]) -> Floats:
    """Turn probabilities into logits, in double precision; those of certainty are finite."""
    p = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(p) - np.log1p(-p))
