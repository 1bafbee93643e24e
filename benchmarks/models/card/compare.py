"""The model card's comparison: the default model beside frozen MusiCNN and logistic regression, on the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.models.card.parts import Part, signed, some_rows, table
from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.evaluation.experiment.compare import Contrast, Sampled, contrast
from moodrec.evaluation.experiment.figures import Figures
from moodrec.evaluation.experiment.scores import AllFigures
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES, resamples
from moodrec.typing import Weights

Over = Literal["folds", "pooled", "test"]
SEED = 0
WORD = "mood4q:word:"


@dataclass(frozen=True)
class Goal:
    """What was to be reached: a gain over the baseline, or a level."""

    value: float
    is_gain: bool = True

    def reached(self, found: Contrast) -> float:
        """By how much the estimate is beyond the goal; negative where it falls short."""
        return (found.difference.estimate if self.is_gain else found.candidate) - self.value

    def __str__(self) -> str:
        return f"{self.value:+.3f}" if self.is_gain else f"at least {self.value:.3f}"


@dataclass(frozen=True)
class Line:
    """A figure of one dataset: the mean of the folds, over all tracks pooled, or over the official test split."""

    label: str
    dataset: str
    figure: str
    over: Over
    goal: Goal | None = None


LINES = (
    Line("4Q quadrant macro-F1, mean of folds", "mood4q", "quadrant_f1", "folds", Goal(0.05)),
    Line("4Q macro AP over {words} words, mean of folds", "mood4q", "word_ap", "folds", Goal(0.035)),
    Line("the same, folds pooled", "mood4q", "word_ap", "pooled"),
    Line("4Q P@10 same quadrant, other artists", "mood4q", "quadrant_p10_others", "pooled", Goal(0.06)),
    Line("4Q valence ROC-AUC, mean of folds", "mood4q", "valence_auc", "folds", Goal(0.03)),
    Line("4Q arousal ROC-AUC, mean of folds", "mood4q", "arousal_auc", "folds"),
    Line("Emotify mean Pearson r, mean of folds", "emotify", "pearson", "folds"),
    Line(
        "Emotify mean Pearson r, {test} tracks of its test split",
        "emotify",
        "pearson",
        "test",
        Goal(0.52, is_gain=False),
    ),
)


@dataclass(frozen=True)
class Comparison:
    """Every line with what was found."""

    found: tuple[tuple[Line, Contrast], ...]
    words: int
    """Mood words compared."""
    test: int
    """Tracks of Emotify's test split."""

    def as_table(self) -> str:
        """In Markdown."""
        head = ["figure", "frozen MusiCNN", "this model", "difference [95 %]", "goal", "met"]
        return table(head, [self._row(line, found) for line, found in self.found])

    def verdict(self) -> str:
        """Which goals are met, and by which of them the interval speaks for itself."""
        goals = [(line, line.goal, found) for line, found in self.found if line.goal]
        met = [self._name(line) for line, goal, found in goals if goal.reached(found) >= 0]
        missed = [
            f"{self._name(line)} (by {-goal.reached(found):.3f})"
            for line, goal, found in goals
            if goal.reached(found) < 0
        ]
        said = f"Goals met: {'; '.join(met) or 'none'}. Missed: {'; '.join(missed) or 'none'}."
        above = sum(found.difference.interval.low > 0 for _, found in self.found)
        below = sum(found.difference.interval.high < 0 for _, found in self.found)
        rest = len(self.found) - above - below
        return (
            f"{said} Of the {len(self.found)} differences, {above} have an interval above zero, {below} one below "
            f"zero, and {rest} one that includes it."
        )

    def _name(self, line: Line) -> str:
        return line.label.format(words=self.words, test=self.test)

    def _row(self, line: Line, found: Contrast) -> list[str]:
        interval = found.difference.interval
        difference = signed(found.difference.estimate, interval.low, interval.high)
        figures = [f"{found.baseline:.3f}", f"{found.candidate:.3f}", difference]
        if line.goal is None:
            return [self._name(line), *figures, "", ""]
        met = "yes" if line.goal.reached(found) >= 0 else "no"
        return [self._name(line), *figures, str(line.goal), met]


def compare(
    baseline: Mapping[str, Part], model: Mapping[str, Part], n_resamples: int = DEFAULT_RESAMPLES
) -> Comparison:
    """Both systems on the same tracks; each resample draws the same artists for both.

    Raises:
        DataError: the systems were not trained on the same folds.
    """
    for name in model:
        if not np.array_equal(baseline[name].folds, model[name].folds):
            raise DataError(f"{name}: the two systems have different folds; predict with both again")
    targets = {name: shared_targets(baseline[name]) for name in model}
    samples: dict[tuple[str, Over], tuple[Sampled, Sampled]] = {}
    for dataset, over in dict.fromkeys((line.dataset, line.over) for line in LINES):
        before, after = (
            sample(pick(system[dataset], targets[dataset], over), over, n_resamples)
            for system in (baseline, model)
        )
        samples[dataset, over] = before, after
    found = []
    for line in LINES:
        before, after = samples[line.dataset, line.over]
        found.append((line, contrast({SEED: before}, {SEED: after}, line.figure)))
    words = sum(target.startswith(WORD) for target in targets["mood4q"])
    return Comparison(tuple(found), words, int(in_test(model["emotify"].table).sum()))


def shared_targets(baseline: Part) -> list[str]:
    """What the baseline predicts of the dataset's targets."""
    return [str(target) for target in baseline.table.targets.columns if target in baseline.scores.columns]


def pick(part: Part, targets: Sequence[str], over: Over) -> StoredPredictions:
    """The tracks that a line is about."""
    stored = part.with_targets(targets)
    return some_rows(stored, in_test(part.table)) if over == "test" else stored


def in_test(labels: LabelTable) -> np.ndarray:
    """(n,) bool, the official test split."""
    return labels.tracks["split"].eq("test").to_numpy(np.bool_)


def sample(stored: StoredPredictions, over: Over, n_resamples: int) -> Sampled:
    """Figures of all tracks and of resamples of whole artists."""
    ordered = stored.in_order()
    figures = FoldMeans(ordered) if over == "folds" else AllFigures(ordered)
    blocks = [
        figures.of(block) for block in resamples(len(ordered), ordered.groups.tolist(), n_resamples, SEED)
    ]
    plain = figures.of(np.ones((1, len(ordered)), np.float32))
    return Sampled(
        tuple(ordered.track_ids.tolist()),
        {name: float(value[0]) for name, value in plain.items()},
        {name: np.concatenate([block[name] for block in blocks]) for name in plain},
    )


class FoldMeans:
    """Each figure within each fold, then the mean over the folds that have it."""

    def __init__(self, stored: StoredPredictions) -> None:
        rows = [stored.folds == fold for fold in np.unique(stored.folds)]
        self._parts = [(own, AllFigures(some_rows(stored, own))) for own in rows]

    def of(self, weights: Weights) -> Figures:
        """``(b, n)`` weights to ``(b,)`` values a figure."""
        found = [figures.of(weights[:, own]) for own, figures in self._parts]
        names = [name for name in found[0] if all(name in fold for fold in found)]
        return {name: np.nanmean([fold[name] for fold in found], axis=0) for name in names}
