"""A plan expands to runs: one network each, with the recipe it is trained by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from moodrec.config import validate
from moodrec.errors import ConfigError
from moodrec.evaluation.experiment.plan import (
    ArmPlan,
    BackbonePlan,
    DatasetPlan,
    ExperimentPlan,
    Phase,
    layered,
)
from moodrec.training.recipe import DataEntry, Recipe, resolve_model, resolve_place


@dataclass(frozen=True)
class PlannedRun:
    """One network of a plan."""

    dataset: DatasetPlan
    backbone: str
    arm: str
    seed: int
    fold: int | None
    """The test fold; None where the dataset's own split is tested."""
    phase: Phase
    recipe: Recipe
    """The recipe; ``recipe.data`` holds the dataset's entries, then those that only add metadata."""

    @property
    def own_data(self) -> tuple[DataEntry, ...]:
        """Give the entries of the dataset itself."""
        return self.recipe.data[: len(self.dataset.data)]

    @property
    def id(self) -> str:
        """Give the id ``dataset/backbone/arm/seed-0`` and, with folds, ``/fold-0``."""
        parts = [self.dataset.name, self.backbone, self.arm, f"seed-{self.seed}"]
        return "/".join(parts if self.fold is None else [*parts, f"fold-{self.fold}"])

    @cached_property
    def settings_digest(self) -> str:
        """Compute a digest that changes with everything in the plan that decides the network or what it is scored
        on.
        """
        held = self.dataset.test.model_dump(exclude={"folds"})
        known = [self.recipe.digest, self.dataset.target, len(self.dataset.data), held, self.fold, self.phase]
        if self.dataset.labelled < 1:
            known.append(self.dataset.labelled)
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def expand(plan: ExperimentPlan, path: Path) -> list[PlannedRun]:
    """List every run of a plan, those of one dataset together.

    Args:
        plan: the plan.
        path: its file; relative paths start in its folder.

    Raises:
        ConfigError: the recipe fields of a run are wrong; the message names the run. Or an environment variable in
            a path is not set.
    """
    return [
        _run(plan, path, dataset, backbone, arm, seed, fold)
        for dataset in plan.dataset
        for backbone, arm, seed, fold in _cells(plan, dataset)
    ]


def chosen(runs: Sequence[PlannedRun], only: str | None) -> list[PlannedRun]:
    """Choose the runs whose id matches a shell pattern.

    Args:
        runs: all runs.
        only: the pattern, such as ``mood4q/*/seed-0*`` (``*`` matches slashes too); None for all runs.
    """
    return [run for run in runs if only is None or fnmatchcase(run.id, only)]


def _cells(
    plan: ExperimentPlan, dataset: DatasetPlan
) -> Iterator[tuple[BackbonePlan, ArmPlan, int, int | None]]:
    for backbone in plan.backbone:
        for arm in plan.arm:
            for seed in plan.seeds:
                for fold in dataset.test.numbers:
                    place = (dataset.name, backbone.name, seed, fold)
                    if backbone.allows(*place) and arm.allows(*place):
                        yield backbone, arm, seed, fold


def _run(
    plan: ExperimentPlan,
    path: Path,
    dataset: DatasetPlan,
    backbone: BackbonePlan,
    arm: ArmPlan,
    seed: int,
    fold: int | None,
) -> PlannedRun:
    # A run uses one thread unless the plan says otherwise: two runs side by side are faster than one on two cores.
    one_thread: dict[str, Any] = {"training": {"threads": 1}}
    name = f"{dataset.name}/{backbone.name}/{arm.name}"
    fields = layered(one_thread, plan.recipe, dataset.recipe, backbone.recipe, arm.recipe)
    entries = (*dataset.data, *_lent(dataset.data, arm.metadata_only))
    fields |= {"name": name, "seed": seed, "data": [entry.model_dump() for entry in entries]}
    recipe = _placed(validate(fields, Recipe, path / name), path.parent)
    if recipe.copies is not None:
        raise ConfigError(f"{path}: {name}: experiments make no copies of tracks; leave [recipe.copies] out")
    return PlannedRun(dataset, backbone.name, arm.name, seed, fold, plan.phase, recipe)


def _placed(recipe: Recipe, folder: Path) -> Recipe:
    """Make the paths in a recipe absolute."""
    data = [entry.model_copy(update={"root": resolve_place(entry.root, folder)}) for entry in recipe.data]
    start = recipe.warm_start
    if start is not None:
        start = start.model_copy(update={"model": resolve_model(start.model, folder)})
    return recipe.model_copy(update={"data": tuple(data), "warm_start": start})


def _lent(own: Sequence[DataEntry], metadata_only: Sequence[DataEntry]) -> list[DataEntry]:
    taken = {(entry.source, entry.root) for entry in own}
    return [entry for entry in metadata_only if (entry.source, entry.root) not in taken]
