"""All systems on one gallery, with intervals, and each system's difference from the one that matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.neighbourhood.gallery import Gallery, System
from moodrec.evaluation.neighbourhood.measures import WEIGHTS, Measures, averaged
from moodrec.metrics.bootstrap import interval_of, weighted_bootstrap
from moodrec.typing import Float64Array

RATIOS: Final = {
    "error_left": ("target_error", "target_error_before"),
    "cosine_kept": ("cosine", "cosine_before"),
}
"""Ratios of two means: what is left of the mood error, and of the mean cosine, at weight 0.5."""

Statistic = Callable[[Float64Array], Float64Array]


def benchmark(
    gallery: Gallery, systems: Sequence[System], against: str, options: BootstrapOptions | None = None
) -> dict[str, Any]:
    """Plain values, for JSON.

    Args:
        against: the system whose differences from all others are given (itself minus the other).
    """
    options = options or BootstrapOptions()
    values = {system.name: _values(gallery, system) for system in systems}
    found = {}
    for system in systems:
        mine, reference = values[system.name], values.get(against)
        figures = {name: _figure(_statistic(name, mine), gallery, options) for name in _names(mine)}
        differences = {}
        if reference is not None and system.name != against:
            shared = [name for name in figures if name in _names(reference)]
            for name in shared:
                differences[name] = _figure(_difference(name, reference, mine), gallery, options)
        found[system.name] = {
            "figures": figures,
            "differences": differences,
            **_of_the_set(gallery, system),
            "curve": _curve(gallery, system),
        }
    return {
        "dataset": gallery.dataset,
        "queries": len(gallery),
        "against": against,
        "resamples": options.n_resamples,
        "seed": options.seed,
        "moods": {mood: float(np.nanmean(present)) for mood, present in gallery.present.items()},
        "systems": found,
    }


def _values(gallery: Gallery, system: System) -> dict[str, Float64Array]:
    return averaged([Measures(gallery, run).per_query() for run in system.runs])


def _names(values: Mapping[str, Float64Array]) -> list[str]:
    return [*values, *(name for name, parts in RATIOS.items() if set(parts) <= set(values))]


def _statistic(name: str, values: Mapping[str, Float64Array]) -> Statistic:
    """From ``(b, n)`` weights of the queries to ``(b,)`` figures."""
    if name not in RATIOS:
        return lambda weights: _weighted_mean(values[name], weights)
    above, below = RATIOS[name]
    return lambda weights: _weighted_mean(values[above], weights) / _weighted_mean(values[below], weights)


def _difference(
    name: str, first: Mapping[str, Float64Array], second: Mapping[str, Float64Array]
) -> Statistic:
    one, other = _statistic(name, first), _statistic(name, second)
    return lambda weights: one(weights) - other(weights)


def _figure(statistic: Statistic, gallery: Gallery, options: BootstrapOptions) -> dict[str, float]:
    value = float(statistic(np.ones((1, len(gallery))))[0])
    draws = weighted_bootstrap(
        lambda weights: statistic(weights.astype(np.float64)),
        len(gallery),
        gallery.groups,
        options.n_resamples,
        options.seed,
    )
    interval = interval_of(draws, options.level)
    return {"value": value, "low": interval.low, "high": interval.high}


def _weighted_mean(values: Float64Array, weights: Float64Array) -> Float64Array:
    known = ~np.isnan(values)
    mine = weights[:, known]
    return np.asarray(mine @ values[known] / mine.sum(axis=1))


def _of_the_set(gallery: Gallery, system: System) -> dict[str, float]:
    measures = [Measures(gallery, run) for run in system.runs]
    return {
        "coverage": float(np.mean([one.coverage() for one in measures])),
        "hubness": float(np.mean([one.hubness() for one in measures])),
    }


def _curve(gallery: Gallery, system: System) -> list[dict[str, Any]]:
    """Mean cosine kept and mood error as the weight goes from 0 to 1; error by mood too."""
    points: list[dict[str, Any]] = []
    for weight in WEIGHTS if system.runs[0].moods else ():
        answers = [
            {mood: Measures(gallery, run).toward_mood(mood, weight) for mood in run.moods}
            for run in system.runs
        ]
        by_mood = {
            mood: float(np.mean([np.nanmean(one[mood].error) for one in answers])) for mood in answers[0]
        }
        cosine = np.mean([np.nanmean(a.cosine) for one in answers for a in one.values()])
        points.append(
            {
                "weight": weight,
                "cosine": float(cosine),
                "error": float(np.mean(list(by_mood.values()))),
                "by_mood": by_mood,
            }
        )
    return points
