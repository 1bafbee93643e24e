"""Average precision and ROC-AUC of predictions are computed per tag and over tags, with bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.evaluation.reports import Estimate, EvaluationReport, TagReport
from moodrec.evaluation.scored import LabelledScores
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES, interval_of, weighted_bootstrap
from moodrec.metrics.correlation import weighted_pearson
from moodrec.metrics.ranked import RankedLabels
from moodrec.metrics.tagging import both_classes, chance_average_precision
from moodrec.typing import Float64Array


@dataclass(frozen=True)
class BootstrapOptions:
    """How bootstrap intervals are made."""

    n_resamples: int = DEFAULT_RESAMPLES
    """Number of resamples."""
    seed: int = 0
    """The same seed gives the same intervals."""
    level: float = 0.95
    """Coverage of the intervals, in (0, 1)."""


def evaluate(scored: LabelledScores, options: BootstrapOptions | None = None) -> EvaluationReport:
    """Score every tag that has a positive and a negative track.

    Intervals are bias-corrected bootstrap intervals over groups of tracks (artists) where groups are known; see
    ``moodrec.metrics.bootstrap``. The macro interval resamples all tags together.

    Args:
        scored: labels and scores.
        options: how intervals are made; by default 1000 resamples with seed 0.

    Raises:
        DataError: no tag has both classes.
    """
    options = options or BootstrapOptions()
    usable = [column for column in range(len(scored.tags)) if both_classes(scored.labels[:, column])]
    if not usable:
        raise DataError(f"{scored.dataset}: no tag has both a positive and a negative track")
    figures = [_TagFigures(scored, column) for column in usable]
    plain = np.stack([tag.of(None)[0] for tag in figures])
    draws = weighted_bootstrap(
        lambda weights: np.stack([tag.of(weights) for tag in figures], axis=1),
        len(scored.labels),
        scored.groups,
        options.n_resamples,
        options.seed,
    )
    tags = tuple(
        _tag_report(scored, column, plain[i], draws[:, i], options.level) for i, column in enumerate(usable)
    )
    return _report(scored, tags, _macro(plain, draws, options.level), options)


class _TagFigures:
    """One tag's average precision, ROC-AUC and correlation under row weights; rows with NaN labels weigh nothing."""

    def __init__(self, scored: LabelledScores, column: int) -> None:
        labels = scored.labels[:, column]
        self._known = ~np.isnan(labels)
        self._ranked = RankedLabels(labels[self._known], scored.scores[self._known, column])
        self._scores = scored.scores[self._known, column]
        self._soft = scored.soft[self._known, column]

    def of(self, weights: NDArray[np.float32] | None) -> Float64Array:
        """Compute the three figures, ``(resamples, 3)``; the correlation is NaN where labels are not soft."""
        mine = None if weights is None else weights[:, self._known]
        ranked = self._ranked.both(mine)
        return np.column_stack([ranked, self._pearson(mine, len(ranked))])

    def _pearson(self, weights: NDArray[np.float32] | None, n: int) -> Float64Array:
        if np.isnan(self._soft).any():
            return np.full(n, np.nan)
        return weighted_pearson(
            self._soft, self._scores, np.ones((1, len(self._soft))) if weights is None else weights
        )


def _macro(plain: Float64Array, draws: Float64Array, level: float) -> list[Estimate | None]:
    """Average each figure over the tags that have it: average precision, ROC-AUC, correlation."""
    found: list[Estimate | None] = []
    for figure in range(plain.shape[1]):
        there = ~np.isnan(plain[:, figure])
        mean = float(plain[there, figure].mean()) if there.any() else None
        found.append(None if mean is None else _estimate(mean, _mean_known(draws[:, there, figure]), level))
    return found


def _mean_known(values: Float64Array) -> Float64Array:
    """Average over tags ``(resamples, tags)``, leaving out NaN; NaN where a resample has none."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0).sum(axis=1)
    means = np.full(len(values), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _estimate(value: float, draws: Float64Array, level: float) -> Estimate:
    interval = interval_of(draws, level, estimate=value)
    return Estimate(value, interval.low, interval.high)


def _tag_report(
    scored: LabelledScores, column: int, plain: Float64Array, draws: Float64Array, level: float
) -> TagReport:
    labels = scored.labels[:, column]
    n, positives = int((~np.isnan(labels)).sum()), int((labels == 1).sum())
    return TagReport(
        tag=scored.tags[column],
        n=n,
        positives=positives,
        prevalence=positives / n,
        chance_ap=chance_average_precision(positives, n),
        ap=_estimate(float(plain[0]), draws[:, 0], level),
        roc_auc=_estimate(float(plain[1]), draws[:, 1], level),
        pearson=None if np.isnan(plain[2]) else _estimate(float(plain[2]), draws[:, 2], level),
    )


def _report(
    scored: LabelledScores,
    tags: tuple[TagReport, ...],
    macro: list[Estimate | None],
    options: BootstrapOptions,
) -> EvaluationReport:
    precision, area, correlation = macro
    missing = Estimate(float("nan"), float("nan"), float("nan"))
    names = {tag.tag for tag in tags}
    return EvaluationReport(
        dataset=scored.dataset,
        split=scored.split,
        n_tracks=len(scored.labels),
        n_without_prediction=scored.n_missing,
        macro_ap=precision or missing,
        macro_roc_auc=area or missing,
        macro_prevalence=float(np.mean([tag.prevalence for tag in tags])),
        macro_chance_ap=float(np.mean([tag.chance_ap for tag in tags])),
        mean_pearson=correlation,
        tags=tags,
        skipped=tuple(tag for tag in scored.tags if tag not in names),
        labels=scored.note,
        intervals=describe_intervals(scored.groups is not None, options),
    )


def describe_intervals(grouped: bool, options: BootstrapOptions) -> str:
    """Describe in one phrase, for reports, how intervals were made.

    Args:
        grouped: whether groups of tracks were resampled.
        options: how the intervals were made.
    """
    unit = "groups of tracks (artists)" if grouped else "tracks"
    draws = f"{options.n_resamples} resamples, seed {options.seed}"
    return f"{options.level:.0%} bias-corrected bootstrap over {unit}, {draws}"
