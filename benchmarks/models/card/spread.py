"""The model card's spread: how far apart the scores of music lie that the model was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.card.parts import table
from moodrec.errors import ModelMismatchError
from moodrec.index import MoodIndex

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class Spread:
    """Quantiles of moods over the tracks of an index."""

    tracks: int
    moods: tuple[str, ...]
    scores: NDArray[np.float64]
    """(moods, quantiles), percentiles in the reference set."""
    probabilities: NDArray[np.float64]
    """(moods, quantiles), calibrated."""

    def as_table(self) -> str:
        """In Markdown."""
        names = [f"{q:.0%}".replace("%", " %") for q in QUANTILES]
        rows = [
            [f"`{mood}`", *(f"{v:.2f}" for v in scores), *(f"{v:.3f}" for v in probabilities)]
            for mood, scores, probabilities in zip(self.moods, self.scores, self.probabilities, strict=True)
        ]
        return table(["mood", *(f"score {n}" for n in names), *(f"prob {n}" for n in names)], rows)

    def verdict(self) -> str:
        """How wide, and which mood is narrowest."""
        width = self.scores[:, -1] - self.scores[:, 0]
        least = int(width.argmin())
        return (
            f"Between the 5 % and the 95 % quantile lie {width.mean():.2f} of the scale of scores on average, "
            f"least for `{self.moods[least]}` ({width[least]:.2f})."
        )


def read_spread(index: Path, moods: Sequence[str], fingerprint: str) -> Spread:
    """The scores that an index holds.

    Raises:
        ModelMismatchError: another model made them.
    """
    opened = MoodIndex.open(index)
    made_by = opened.info().model_fingerprint
    if made_by != fingerprint:
        raise ModelMismatchError(
            f"{index} holds scores of model {made_by}, not of {fingerprint}; build it again"
        )
    frame = opened.frame
    found = [
        np.nanquantile(frame[[f"{prefix}{mood}" for mood in moods]].to_numpy(np.float64), QUANTILES, axis=0).T
        for prefix in ("", "prob_")
    ]
    return Spread(len(frame), tuple(moods), *found)
