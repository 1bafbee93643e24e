"""One run has figures of its moods and of its embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodrec.evaluation.experiment.figures import Figures, MoodFigures, TargetFigures
from moodrec.evaluation.experiment.neighbours import EmbeddingFigures
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.typing import Weights


@dataclass(frozen=True)
class Scores:
    """The figures of a network on its test tracks; names as in :class:`MoodFigures` and :class:`EmbeddingFigures`."""

    moods: dict[str, float]
    """Figures of the mood head."""
    embedding: dict[str, float]
    """Figures of the embedding, with ``hubness``, and with ``<figure>_queries``, the number of tracks that an
    artist or album figure averages over.
    """
    per_target: dict[str, TargetFigures]
    """Target to its own figures."""


class AllFigures:
    """Mood and embedding figures of some predictions, under any weights of the tracks."""

    def __init__(self, stored: StoredPredictions) -> None:
        self.moods, self.embedding = MoodFigures(stored), EmbeddingFigures(stored)

    def of(self, weights: Weights) -> Figures:
        """Compute all figures ``(b,)`` under ``(b, n)`` weights."""
        return self.moods.of(weights) | self.embedding.of(weights)


def score(stored: StoredPredictions) -> Scores:
    """Compute every figure that the targets allow, each track counted once."""
    figures, once = AllFigures(stored), np.ones((1, len(stored)))
    embedding = {name: float(value[0]) for name, value in figures.embedding.of(once).items()}
    embedding |= {
        f"{name}_queries": int((~np.isnan(values)).sum())
        for name, values in figures.embedding.queries.items()
        if name.endswith("_mrr")
    }
    return Scores(
        moods={name: float(value[0]) for name, value in figures.moods.of(once).items()},
        embedding=embedding | {"hubness": figures.embedding.hubness()},
        per_target=figures.moods.per_target(),
    )
