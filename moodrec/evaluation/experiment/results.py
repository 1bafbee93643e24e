"""Reports read the results of a plan by cell of the grid, seed within a cell, and fold within a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from moodrec.errors import NotFoundError
from moodrec.evaluation.experiment.folder import PLAN, FinishedRun, finished_runs
from moodrec.evaluation.experiment.plan import DatasetPlan, ExperimentPlan, read_plan
from moodrec.evaluation.experiment.stored import StoredPredictions, pooled


@dataclass(frozen=True)
class Cell:
    """A place in the grid: one dataset, backbone and arm."""

    dataset: str
    backbone: str
    arm: str


@dataclass(frozen=True, eq=False)
class Results:
    """A plan and its finished runs."""

    plan: ExperimentPlan
    runs: tuple[FinishedRun, ...]

    @cached_property
    def _by_cell(self) -> dict[Cell, dict[int, dict[int | None, FinishedRun]]]:
        found: dict[Cell, dict[int, dict[int | None, FinishedRun]]] = {}
        for run in self.runs:
            cell = Cell(run.dataset, run.backbone, run.arm)
            found.setdefault(cell, {}).setdefault(run.seed, {})[run.fold] = run
        return found

    @property
    def cells(self) -> list[Cell]:
        """List the cells with a finished run on the first fold, in the order of the plan."""
        every = [
            Cell(dataset, backbone, arm)
            for dataset in self.plan.names("dataset")
            for backbone in self.plan.names("backbone")
            for arm in self.plan.names("arm")
        ]
        return [cell for cell in every if self.first_fold(cell)]

    def first_fold(self, cell: Cell) -> dict[int, FinishedRun]:
        """Give, for each seed, the run on the first fold, or on the split."""
        fold = self._dataset(cell.dataset).test.numbers[0]
        seeds = self._by_cell.get(cell, {})
        return {seed: folds[fold] for seed, folds in sorted(seeds.items()) if fold in folds}

    def all_folds(self, cell: Cell) -> dict[int, StoredPredictions]:
        """Give, for each seed, the predictions of all folds below each other; seeds that lack a fold are left out.

        It is empty for a dataset with one fold or a split.
        """
        numbers = self._dataset(cell.dataset).test.numbers
        whole = {
            seed: [folds[number] for number in numbers]
            for seed, folds in sorted(self._by_cell.get(cell, {}).items())
            if len(numbers) > 1 and set(numbers) <= set(folds)
        }
        return {seed: pooled([_of_fold(run) for run in runs]) for seed, runs in whole.items()}

    def _dataset(self, name: str) -> DatasetPlan:
        return next(dataset for dataset in self.plan.dataset if dataset.name == name)


def read_results(folder: Path) -> Results:
    """Read the folder of an experiment.

    Raises:
        NotFoundError: it holds no plan.
        ConfigError: its plan is wrong.
        CorruptStoreError: a result is damaged.
    """
    if not (folder / PLAN).is_file():
        raise NotFoundError(f"{folder}: holds no {PLAN}; it is not the folder of an experiment")
    plan = read_plan(folder / PLAN)
    datasets, backbones, arms = (set(plan.names(kind)) for kind in ("dataset", "backbone", "arm"))
    runs = [
        run
        for run in finished_runs(folder)
        if run.dataset in datasets and run.backbone in backbones and run.arm in arms
    ]
    return Results(plan, tuple(runs))


def _of_fold(run: FinishedRun) -> StoredPredictions:
    """Read a run's predictions, marked with their fold: embeddings of different networks are never compared."""
    if run.fold is None:
        raise ValueError(f"{run.id} was tested on a split, not on a fold")
    return run.predictions().with_fold(run.fold)
