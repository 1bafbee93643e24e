"""The model card's calibration: do probabilities come true, and by which way of calibrating?

Cross-fitted: a scale is fitted on out-of-fold predictions of four folds and measured on the fifth, for each fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from benchmarks.models.card.parts import Part, table
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES, Difference, difference_of, resamples
from moodrec.metrics.calibration import Platt, fit_platt, fit_temperature, reliability
from moodrec.model.spec import PublishedMood
from moodrec.plots.reliability import Panel, reliability_grid
from moodrec.training.quality import mood_labels

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]
Fit = Callable[[Floats, Floats], Predict]

IN_USE = "Platt"
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
    against: dict[str, Difference]
    """Way to its mean Brier score minus that of the way in use. (Binned errors have no interval here: a resample
    repeats tracks, and that alone makes them larger.)"""

    def as_table(self) -> str:
        """Calibration errors in Markdown, the means last."""
        rows = [
            [f"`{mood.name}`", *(f"{errors(mood)[way]:.3f}" for way in WAYS), chance_text(mood)]
            for mood in self.moods
        ]
        mean, brier = means(self.moods)
        rows.append(["**mean**", *(f"**{value:.3f}**" for value in mean), ""])
        rows.append(["mean Brier score", *(f"{value:.4f}" for value in brier), ""])
        return table(["mood", *WAYS, "by chance alone"], rows)

    def verdict(self) -> str:
        """Which way is best, and whether by more than noise."""
        mean, brier = (dict(zip(WAYS, values, strict=True)) for values in means(self.moods))
        best = [min(WAYS, key=values.__getitem__) for values in (mean, brier)]
        better = [f"{way} ({brier_text(d)})" for way, d in self.against.items() if d.interval.high < 0]
        said = (
            f"Platt scaling, the way in use, takes the mean calibration error from {mean['raw']:.3f} to "
            f"{mean[IN_USE]:.3f}. Least error: {best[0]}; least Brier score: {best[1]}. "
        )
        if better:
            return f"{said}By Brier score, better than Platt scaling by more than noise: {'; '.join(better)}."
        return f"{said}By Brier score, no other way is better than Platt scaling by more than noise."

    def differences(self) -> str:
        """Each other way minus the one in use, with its interval."""
        return "; ".join(f"{way} {brier_text(d)}" for way, d in self.against.items())

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
            brier_scores(found, counts.astype(np.int64))
            for block in resamples(start, groups, n_resamples, seed=0)
            for counts in block
        ]
    )
    plain, used = means(found)[1], list(WAYS).index(IN_USE)
    against = {
        way: difference_of(plain[i] - plain[used], draws[:, i] - draws[:, used])
        for i, way in enumerate(WAYS)
        if i != used
    }
    return CalibrationReport(tuple(found), against)


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


def means(moods: Sequence[MoodData]) -> Floats:
    """(2, ways): mean over moods of calibration error and Brier score."""
    error = np.mean([list(errors(mood).values()) for mood in moods], axis=0)
    once = np.ones(1 + max(int(mood.rows.max()) for mood in moods), np.int64)
    return np.stack([error, brier_scores(moods, once)])


def brier_scores(moods: Sequence[MoodData], counts: NDArray[np.int64]) -> Floats:
    """(ways,) mean over moods of the mean squared error, each track as often as ``counts`` says."""
    found = []
    for mood in moods:
        squares = [(p - mood.labels) ** 2 for p in mood.probabilities.values()]
        found.append(np.average(squares, axis=1, weights=counts[mood.rows]))
    return np.asarray(np.mean(found, axis=0))


def brier_text(found: Difference) -> str:
    """``+0.0012 [+0.0003, +0.0021]``."""
    return f"{found.estimate:+.4f} [{found.interval.low:+.4f}, {found.interval.high:+.4f}]"


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
