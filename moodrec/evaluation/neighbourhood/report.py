"""All systems are measured on one gallery, with intervals, and each one's difference from a reference system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.neighbourhood.gallery import Gallery, System
from moodrec.evaluation.neighbourhood.measures import WEIGHTS, Measures, averaged
from moodrec.evaluation.reports import Estimate
from moodrec.metrics.bootstrap import interval_of, weighted_bootstrap
from moodrec.typing import Float64Array

RATIOS: Final = {
    "error_left": ("target_error", "target_error_before"),
    "cosine_kept": ("cosine", "cosine_before"),
}
"""Ratios of two means: what is left of the mood error, and of the mean cosine, at weight 0.5."""

Statistic = Callable[[Float64Array], Float64Array]
"""From ``(b, n)`` weights of the queries to ``(b,)`` figures."""


@dataclass(frozen=True)
class CurvePoint:
    """What a mood weight gives, over all moods and seeds of a system."""

    weight: float
    """Weight of the mood target, in [0, 1]."""
    cosine: float
    """Mean cosine of the query with the tracks returned, in [-1, 1]."""
    error: float
    """Mean distance from the target of what people say of the tracks returned, in [0, 1]."""
    by_mood: dict[str, float]
    """The same error, mood by mood."""


@dataclass(frozen=True)
class SystemReport:
    """One system's figures on a gallery."""

    figures: dict[str, Estimate]
    """Figure to its value and interval; names as in :meth:`Measures.per_query` and :data:`RATIOS`."""
    differences: dict[str, Estimate]
    """The reference system's figure minus this one's; empty for the reference itself."""
    coverage: float
    """Share of the tracks that are among the neighbours of some other track, in [0, 1]."""
    hubness: float
    """Skewness of how often tracks are neighbours of others; 0 without hubs."""
    curve: tuple[CurvePoint, ...]
    """One point for each mood weight from 0 to 1; empty for a system without moods."""


@dataclass(frozen=True)
class BenchmarkReport:
    """All systems on one gallery."""

    dataset: str
    """Name of the dataset."""
    queries: int
    """Tracks that were queries: all of the gallery."""
    against: str
    """Name of the reference system that the differences are against."""
    resamples: int
    """Resamples of the bootstrap."""
    seed: int
    """Seed of the bootstrap."""
    moods: dict[str, float]
    """Mood to the share of the tracks that people find so, in [0, 1]."""
    systems: dict[str, SystemReport]
    """Systems by name, in the order in which they were given."""
    left_out: tuple[str, ...] = ()
    """What could not be measured, and why: a clause each."""

    def document(self) -> dict[str, Any]:
        """The report as plain values, for JSON; NaN is left as it is."""
        return asdict(self)

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> BenchmarkReport:
        """The report that :meth:`document` gave, read back; keys that it does not have are left out.

        Raises:
            KeyError: a field is missing.
        """
        names = [field.name for field in fields(BenchmarkReport) if field.name != "left_out"]
        known = {name: document[name] for name in names} | {"left_out": tuple(document.get("left_out", ()))}
        systems = {name: _system_from(system) for name, system in document["systems"].items()}
        return BenchmarkReport(**known | {"systems": systems})


def _system_from(document: Mapping[str, Any]) -> SystemReport:
    figures, differences = (
        {name: Estimate(**figure) for name, figure in document[kind].items()}
        for kind in ("figures", "differences")
    )
    curve = tuple(CurvePoint(**point) for point in document["curve"])
    return SystemReport(figures, differences, document["coverage"], document["hubness"], curve)


def benchmark(
    gallery: Gallery,
    systems: Sequence[System],
    against: str,
    options: BootstrapOptions | None = None,
    left_out: Sequence[str] = (),
) -> BenchmarkReport:
    """Measure systems on a gallery, with bootstrap intervals over groups of queries.

    Args:
        gallery: the tracks, each of which is a query.
        systems: what is compared.
        against: name of the reference system, from whose figures those of each other one are subtracted.
        options: how intervals are made; by default 1000 resamples with seed 0.
        left_out: what could not be measured, and why, for the report.
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
        measures = [Measures(gallery, run) for run in system.runs]
        found[system.name] = SystemReport(
            figures,
            differences,
            coverage=float(np.mean([one.coverage() for one in measures])),
            hubness=float(np.mean([one.hubness() for one in measures])),
            curve=_curve(gallery, system),
        )
    return BenchmarkReport(
        dataset=gallery.dataset,
        queries=len(gallery),
        against=against,
        resamples=options.n_resamples,
        seed=options.seed,
        moods={mood: float(np.nanmean(present)) for mood, present in gallery.present.items()},
        systems=found,
        left_out=tuple(left_out),
    )


def _values(gallery: Gallery, system: System) -> dict[str, Float64Array]:
    found = averaged([Measures(gallery, run).per_query() for run in system.runs])
    return {name: values for name, values in found.items() if not np.isnan(values).all()}


def _names(values: Mapping[str, Float64Array]) -> list[str]:
    return [*values, *(name for name, parts in RATIOS.items() if set(parts) <= set(values))]


def _statistic(name: str, values: Mapping[str, Float64Array]) -> Statistic:
    """Make the function from ``(b, n)`` weights of the queries to ``(b,)`` figures."""
    if name not in RATIOS:
        return lambda weights: _weighted_mean(values[name], weights)
    above, below = RATIOS[name]
    return lambda weights: _share(
        _weighted_mean(values[above], weights), _weighted_mean(values[below], weights)
    )


def _difference(
    name: str, first: Mapping[str, Float64Array], second: Mapping[str, Float64Array]
) -> Statistic:
    one, other = _statistic(name, first), _statistic(name, second)
    return lambda weights: one(weights) - other(weights)


def _figure(statistic: Statistic, gallery: Gallery, options: BootstrapOptions) -> Estimate:
    value = float(statistic(np.ones((1, len(gallery))))[0])
    draws = weighted_bootstrap(
        lambda weights: statistic(weights.astype(np.float64)),
        len(gallery),
        gallery.groups,
        options.n_resamples,
        options.seed,
    )
    # A resample may hold no query that counts.
    known = draws[~np.isnan(draws)]
    if not known.size:
        return Estimate(value, float("nan"), float("nan"))
    interval = interval_of(known, options.level)
    return Estimate(value, interval.low, interval.high)


def _weighted_mean(values: Float64Array, weights: Float64Array) -> Float64Array:
    known = ~np.isnan(values)
    mine = weights[:, known]
    return _share(np.asarray(mine @ values[known]), mine.sum(axis=1))


def _share(part: Float64Array, whole: Float64Array) -> Float64Array:
    """Divide ``(b,)`` by ``(b,)``; NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0))


def _curve(gallery: Gallery, system: System) -> tuple[CurvePoint, ...]:
    """Mean cosine and mood error of a system as the mood weight goes from 0 to 1."""
    points = []
    for weight in WEIGHTS if system.runs[0].moods else ():
        answers = [
            {mood: Measures(gallery, run).toward_mood(mood, weight) for mood in run.moods}
            for run in system.runs
        ]
        by_mood = {
            mood: float(np.mean([np.nanmean(one[mood].error) for one in answers])) for mood in answers[0]
        }
        cosine = np.mean([np.nanmean(a.cosine) for one in answers for a in one.values()])
        points.append(CurvePoint(weight, float(cosine), float(np.mean(list(by_mood.values()))), by_mood))
    return tuple(points)
