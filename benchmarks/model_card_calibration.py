"""The model card's calibration: do probabilities come true, and by which way of calibrating?

Cross-fitted: a scale is fitted on out-of-fold predictions of four folds and measured on the fifth, for each fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from model_card_parts import Part, signed, table
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES, Difference, difference_of, resamples
from moodrec.metrics.calibration import Platt, fit_platt, fit_temperature, reliability
from moodrec.model.spec import PublishedMood
from moodrec.plots.reliability import Panel, reliability_grid
from moodrec.training.publish import mood_labels

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]
Fit = Callable[[Floats, Floats], Predict]

IN_USE = "Platt"
MEASURES = ("error", "Brier score")
SIMULATIONS = 100


@dataclass(frozen=True, eq=False)
class MoodData:
    """One published mood's labelled tracks."""

    name: str
    rows: NDArray[np.int64]
    """(n,) places among the tracks of all datasets together."""
    labels: Floats
    """(n,) in [0, 1]."""
    probabilities: dict[str, Floats]
    """By each way of calibrating, ``(n,)``."""

    @property
    def is_binary(self) -> bool:
        """Whether tracks have the mood or not, rather than a share of listeners who felt it."""
        return bool(np.isin(self.labels, (0, 1)).all())


@dataclass(frozen=True, eq=False)
class CalibrationReport:
    """All published moods, and the differences of their means to the way in use."""

    moods: tuple[MoodData, ...]
    against: dict[str, tuple[Difference, Difference]]
    """Way to (calibration error, Brier score), each minus that of the way in use."""

    def as_table(self) -> str:
        """Calibration errors in Markdown, the means last."""
        rows = [
            [f"`{mood.name}`", *(f"{errors(mood)[way]:.3f}" for way in WAYS), chance_text(mood)]
            for mood in self.moods
        ]
        mean, brier = means(self.moods, None)
        rows.append(["**mean**", *(f"**{value:.3f}**" for value in mean), ""])
        rows.append(["mean Brier score", *(f"{value:.4f}" for value in brier), ""])
        return table(["mood", *WAYS, "by chance alone"], rows)

    def verdict(self) -> str:
        """Which way is best, and whether by more than noise."""
        mean, brier = (dict(zip(WAYS, values, strict=True)) for values in means(self.moods, None))
        best = [min(WAYS, key=values.__getitem__) for values in (mean, brier)]
        better = [
            f"{way} in {measure} ({signed(d.estimate, d.interval.low, d.interval.high)})"
            for way, both in self.against.items()
            for measure, d in zip(MEASURES, both, strict=True)
            if d.interval.high < 0
        ]
        said = (
            f"Platt scaling, the way in use, takes the mean calibration error from {mean['raw']:.3f} to "
            f"{mean[IN_USE]:.3f}. Least error: {best[0]}; least Brier score: {best[1]}. "
        )
        if better:
            return f"{said}Better than Platt scaling by more than noise: {'; '.join(better)}."
        return f"{said}No other way is better than Platt scaling by more than noise."

    def differences(self) -> str:
        """Each other way minus the one in use, with its interval."""
        rows = [
            [way, *(signed(d.estimate, d.interval.low, d.interval.high) for d in both)]
            for way, both in self.against.items()
        ]
        return table(["minus Platt", *(f"mean {measure} [95 %]" for measure in MEASURES)], rows)

    def draw(self, out: Path) -> None:
        """Reliability diagrams before and after."""
        panels = [
            Panel(mood.name, *(reliability(mood.probabilities[way], mood.labels) for way in ("raw", IN_USE)))
            for mood in self.moods
        ]
        reliability_grid(panels, out)


def calibration_report(
    moods: Mapping[str, PublishedMood], parts: Sequence[Part], n_resamples: int = DEFAULT_RESAMPLES
) -> CalibrationReport:
    """Calibrate every mood in every way; intervals resample artists, the same for all ways."""
    found, start = [], 0
    for part in parts:
        own = {n: m for n, m in moods.items() if set(m.targets) <= set(part.table.targets.columns)}
        found += [mood_data(name, mood, part, start) for name, mood in own.items()]
        start += len(part.table)
    found.sort(key=lambda mood: list(moods).index(mood.name))
    groups = [f"{part.table.name}/{group}" for part in parts for group in part.table.tracks["group"]]
    draws = np.stack(
        [
            means(found, counts)
            for block in resamples(start, groups, n_resamples, seed=0)
            for counts in block.astype(np.int64)
        ]
    )
    return CalibrationReport(tuple(found), against_the_one_in_use(means(found, None), draws))


def mood_data(name: str, mood: PublishedMood, part: Part, start: int) -> MoodData:
    """Cross-fitted probabilities of a mood; a mood's logit is the mean of its targets'."""
    targets = part.table.targets
    labels = mood_labels(mood, tuple(targets.columns), targets.to_numpy(np.float32)).astype(np.float64)
    known = np.flatnonzero(~np.isnan(labels))
    logits = part.logits(mood.targets).mean(1)[known]
    probabilities = {
        way: cross_fitted(fit, logits, labels[known], part.folds[known]) for way, fit in WAYS.items()
    }
    return MoodData(name, known + start, labels[known], probabilities)


def cross_fitted(fit: Fit, logits: Floats, labels: Floats, folds: NDArray[np.int64]) -> Floats:
    """(n,) probabilities, each by a fit on the other folds."""
    found = np.empty(len(logits))
    for fold in np.unique(folds):
        held = folds == fold
        found[held] = fit(logits[~held], labels[~held])(logits[held])
    return found


def isotonic(logits: Floats, labels: Floats) -> Predict:
    """The best rising steps."""
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(logits, labels)
    return lambda other: np.clip(model.predict(other), 0, 1)


WAYS: dict[str, Fit] = {
    "raw": lambda logits, labels: Platt(1.0, 0.0).probabilities,
    "Platt": lambda logits, labels: fit_platt(logits, labels).probabilities,
    "temperature": lambda logits, labels: fit_temperature(logits, labels).probabilities,
    "isotonic": isotonic,
}


def means(moods: Sequence[MoodData], counts: NDArray[np.int64] | None) -> Floats:
    """(2, ways): mean over moods of calibration error and Brier score, each track as often as it was drawn."""
    found = []
    for mood in moods:
        drawn = np.arange(len(mood.rows))
        drawn = drawn if counts is None else np.repeat(drawn, counts[mood.rows])
        labels = mood.labels[drawn]
        predicted = [values[drawn] for values in mood.probabilities.values()]
        found.append(
            [
                [reliability(p, labels).error for p in predicted],
                [float(((p - labels) ** 2).mean()) for p in predicted],
            ]
        )
    return np.mean(found, axis=0)


def against_the_one_in_use(plain: Floats, draws: Floats) -> dict[str, tuple[Difference, Difference]]:
    """Paired differences from (2, ways) means and their (resamples, 2, ways) draws."""
    ways = list(WAYS)
    used = ways.index(IN_USE)
    return {
        way: (
            difference_of(plain[0, i] - plain[0, used], draws[:, 0, i] - draws[:, 0, used]),
            difference_of(plain[1, i] - plain[1, used], draws[:, 1, i] - draws[:, 1, used]),
        )
        for i, way in enumerate(ways)
        if i != used
    }


def errors(mood: MoodData) -> dict[str, float]:
    """Expected calibration error by each way."""
    return {way: reliability(p, mood.labels).error for way, p in mood.probabilities.items()}


def chance_text(mood: MoodData) -> str:
    """The mean error of probabilities that are exactly right, on labels drawn from them; only for yes and no."""
    if not mood.is_binary:
        return ""
    rng, p = np.random.default_rng(0), mood.probabilities[IN_USE]
    drawn = (rng.random((SIMULATIONS, len(p))) < p).astype(np.float64)
    return f"{np.mean([reliability(p, labels).error for labels in drawn]):.3f}"
