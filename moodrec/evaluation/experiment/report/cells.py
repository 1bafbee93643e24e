"""Arms of an experiment are compared in pairs; the resamples of each network are computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from moodrec.evaluation.experiment.compare import Contrast, Sampled, contrast, mean_contrast, sample
from moodrec.evaluation.experiment.results import Cell, Results

MAIN: Final = "ap"
"""The figure by which arms are compared first."""


@dataclass(frozen=True)
class Place:
    """A dataset and a backbone: where two arms are compared."""

    dataset: str
    backbone: str

    def arm(self, name: str) -> Cell:
        """The cell of one arm."""
        return Cell(self.dataset, self.backbone, name)


class Sampler:
    """Figures of an experiment with their resamples."""

    def __init__(self, results: Results, n_resamples: int) -> None:
        self.results, self.n_resamples = results, n_resamples
        self._first: dict[Cell, dict[int, Sampled]] = {}
        self._all: dict[Cell, dict[int, Sampled]] = {}
        self.baseline = results.plan.compared[0]
        self.candidate = results.plan.compared[-1]

    @cached_property
    def places(self) -> list[Place]:
        """Where both main arms have a seed in common."""
        return self.with_arm(self.candidate) if self.candidate != self.baseline else []

    def with_arm(self, arm: str) -> list[Place]:
        """Where an arm can be compared with the baseline."""
        cells = self.results.cells
        found = [Place(cell.dataset, cell.backbone) for cell in cells if cell.arm == arm]
        return [place for place in found if self._comparable(place, arm)]

    def _comparable(self, place: Place, arm: str) -> bool:
        """Say whether both arms have a seed in common, and an average precision: a target with both classes."""
        mine, base = self.first(place.arm(arm)), self.first(self._base(place))
        shared = set(mine) & set(base)
        return bool(shared) and all(MAIN in one[seed].plain for one in (mine, base) for seed in shared)

    @property
    def ablations(self) -> list[str]:
        """The arms beside the two main ones that can be compared."""
        others = [arm for arm in self.results.plan.names("arm") if arm not in (self.baseline, self.candidate)]
        return [arm for arm in others if self.with_arm(arm)]

    def first(self, cell: Cell) -> dict[int, Sampled]:
        """Seed to the figures on the first fold, or on the split."""
        if cell not in self._first:
            runs = self.results.first_fold(cell)
            self._first[cell] = {
                seed: sample(run.predictions(), self.n_resamples) for seed, run in runs.items()
            }
        return self._first[cell]

    def all_folds(self, cell: Cell) -> dict[int, Sampled]:
        """Seed to the figures on all folds together."""
        if cell not in self._all:
            folds = self.results.all_folds(cell)
            self._all[cell] = {seed: sample(stored, self.n_resamples) for seed, stored in folds.items()}
        return self._all[cell]

    def contrast(self, place: Place, figure: str, arm: str = "") -> Contrast:
        """Compare an arm with the baseline on the first fold.

        Args:
            place: where both were trained.
            figure: name of the figure.
            arm: name of the arm; "" for the candidate.
        """
        mine = self.first(place.arm(arm or self.candidate))
        return contrast(self.first(self._base(place)), mine, figure)

    def contrast_all_folds(self, place: Place, figure: str, arm: str = "") -> Contrast | None:
        """Compare an arm with the baseline on all folds; None where a fold is missing.

        Args:
            place: where both were trained.
            figure: name of the figure.
            arm: name of the arm; "" for the candidate.
        """
        before, after = self.all_folds(self._base(place)), self.all_folds(place.arm(arm or self.candidate))
        return contrast(before, after, figure) if set(before) & set(after) else None

    def mean(self, figure: str, places: list[Place], arm: str = "") -> Contrast:
        """Average the comparisons of an arm with the baseline over places.

        Args:
            figure: name of the figure.
            places: where both were trained.
            arm: name of the arm; "" for the candidate.
        """
        return mean_contrast([self.contrast(place, figure, arm) for place in places])

    def figures(self, place: Place) -> list[str]:
        """Names of the figures that a place has."""
        return list(next(iter(self.first(self._base(place)).values())).plain)

    def _base(self, place: Place) -> Cell:
        return place.arm(self.baseline)
