"""Target logits become what users see: calibrated probabilities and mood scores of the published moods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from moodrec.metrics.calibration import Platt, percentile
from moodrec.model.spec import ModelSpec, MoodScale
from moodrec.typing import Float32Array


def published_logits(spec: ModelSpec, logits: Float32Array) -> Float32Array:
    """Average the logits of each published mood's targets.

    Args:
        spec: names the targets and the moods.
        logits: (..., targets).

    Returns:
        (..., moods) float32.
    """
    place = {target: i for i, target in enumerate(spec.targets)}
    columns = [logits[..., [place[t] for t in mood.targets]].mean(-1) for mood in spec.moods.values()]
    return np.stack(columns, axis=-1).astype(np.float32)


def probabilities(spec: ModelSpec, logits: Float32Array) -> Float32Array:
    """Compute the Platt-scaled probabilities of the published moods.

    Args:
        spec: has the scales.
        logits: (..., moods), as from :func:`published_logits`.

    Returns:
        (..., moods) in [0, 1].
    """
    fits = [Platt(scale.slope, scale.intercept) for scale in _scales(spec)]
    return _by_mood(logits, [fit.probabilities for fit in fits])


def mood_scores(spec: ModelSpec, probability: Float32Array) -> Float32Array:
    """Compute the percentile of each probability in the model's reference set.

    Args:
        spec: has the quantiles of the reference set.
        probability: (..., moods) in [0, 1].

    Returns:
        (..., moods) in [0, 1].
    """
    return _by_mood(probability, [partial(percentile, table=scale.quantiles) for scale in _scales(spec)])


def _scales(spec: ModelSpec) -> list[MoodScale]:
    return [spec.scales[mood] for mood in spec.moods]


def _by_mood(
    values: Float32Array, functions: Sequence[Callable[[Float32Array], NDArray[np.float64]]]
) -> Float32Array:
    """Apply one function to each column of the last axis."""
    columns = [function(values[..., i]) for i, function in enumerate(functions)]
    return np.stack(columns, axis=-1).astype(np.float32)
