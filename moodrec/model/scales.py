"""From target logits to what users see: calibrated probabilities and mood scores of the published moods."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moodrec.model.spec import ModelSpec

Floats = NDArray[np.float32]


def published_logits(spec: ModelSpec, logits: Floats) -> Floats:
    """The mean logit of each published mood's targets: (..., targets) to (..., moods)."""
    place = {target: i for i, target in enumerate(spec.targets)}
    columns = [logits[..., [place[t] for t in mood.targets]].mean(-1) for mood in spec.moods.values()]
    return np.stack(columns, axis=-1).astype(np.float32)


def probabilities(spec: ModelSpec, logits: Floats) -> Floats:
    """Platt-scaled probabilities (Platt 1999) of published moods: (..., moods) to (..., moods) in [0, 1]."""
    slope = np.array([spec.scales[mood].slope for mood in spec.moods])
    intercept = np.array([spec.scales[mood].intercept for mood in spec.moods])
    return np.asarray(1 / (1 + np.exp(-(slope * logits.astype(np.float64) + intercept))), np.float32)


def mood_scores(spec: ModelSpec, probability: Floats) -> Floats:
    """The percentile of each probability in the model's reference set: (..., moods) to (..., moods) in [0, 1]."""
    scores = np.empty(probability.shape, np.float32)
    for i, mood in enumerate(spec.moods):
        table = np.asarray(spec.scales[mood].quantiles)
        scores[..., i] = np.interp(probability[..., i], table, np.linspace(0, 1, len(table)))
    return scores
