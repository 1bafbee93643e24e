"""The plan of an experiment is one TOML file: what is crossed with what, and what is scored.

``docs/experiments.md`` explains it with an example.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from moodrec.arguments import brief
from moodrec.config import Config, load_toml, validate
from moodrec.training.recipe import DataEntry

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_+.-]*$")]
Count = Annotated[int, Field(ge=0)]
Phase = Literal["select", "report"]
RecipeFields = dict[str, Any]
"""Fields of a recipe, as TOML holds them."""

FOLD_SEED: Final = 0
"""Seed of the folds, so that a run's own seed never moves a track from one fold to another."""


class Held(Config):
    """The tracks a network is tested on: the split ``test``, or folds of the dataset by artist."""

    split: Literal["test"] | None = None
    """Use the dataset's own split; its ``val`` rows are the validation set."""
    folds: tuple[Count, ...] = ()
    """Test folds, one run each; the fold after it (the first after the last) is the validation set."""
    of: Annotated[int, Field(ge=3)] = 5
    """Number of folds. A dataset's own folds are kept; artists without one are dealt evenly."""

    @model_validator(mode="before")
    @classmethod
    def _one_fold(cls, fields: Any) -> Any:
        """Accept ``fold = 0`` as short for ``folds = [0]``."""
        if isinstance(fields, dict) and "fold" in fields and "folds" not in fields:
            rest = {key: value for key, value in fields.items() if key != "fold"}
            return rest | {"folds": [fields["fold"]]}
        return fields

    @model_validator(mode="after")
    def _one_way(self) -> Held:
        if (self.split is None) == (not self.folds):
            raise ValueError('give either split = "test" or folds = [0, ...]')
        if any(fold >= self.of for fold in self.folds) or len(set(self.folds)) < len(self.folds):
            raise ValueError(f"folds must be different and below {self.of}")
        return self

    @property
    def numbers(self) -> tuple[int | None, ...]:
        """Give the folds, or a single None for the split."""
        return self.folds or (None,)


class DatasetPlan(Config):
    """A dataset on which moods are learnt and scored."""

    name: Name
    data: Annotated[tuple[DataEntry, ...], Field(min_length=1)]
    """Entries as in a recipe; relative roots start at the plan."""
    target: Annotated[str, Field(min_length=1)]
    """Prefix of the mood targets that are trained and scored (``mood4q:``); others are dropped."""
    test: Held
    labelled: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the training tracks whose moods are known, whole artists drawn by the run's seed; a smaller share is
    part of a larger one. The others lend their metadata alone."""
    recipe: RecipeFields = Field(default_factory=dict)
    """Recipe fields that differ from the plan's."""


class Where(Config):
    """The part of the grid in which something takes part; without a field, the whole grid."""

    only_datasets: tuple[str, ...] = ()
    only_backbones: tuple[str, ...] = ()
    only_seeds: tuple[int, ...] = ()
    only_folds: tuple[int, ...] = ()
    """Folds of the datasets that have folds."""

    def allows(self, dataset: str, backbone: str, seed: int, fold: int | None) -> bool:
        """Say whether a run belongs to this part of the grid.

        Args:
            dataset: name of the run's dataset.
            backbone: name of its backbone.
            seed: its seed.
            fold: its test fold; None for a split.
        """
        limits: Sequence[tuple[Sequence[object], object]] = (
            (self.only_datasets, dataset),
            (self.only_backbones, backbone),
            (self.only_seeds, seed),
            (() if fold is None else self.only_folds, fold),
        )
        return all(not only or value in only for only, value in limits)


class BackbonePlan(Where):
    """A network that takes part in the grid."""

    name: Name
    recipe: RecipeFields = Field(default_factory=dict)
    """Its recipe fields: ``network.backbone``, ``network.channels``, and whatever else belongs to it."""


class ArmPlan(Where):
    """An arm: what the network learns, and from which further tracks."""

    name: Name
    recipe: RecipeFields = Field(default_factory=dict)
    """Its recipe fields: weights of the tasks, ``training.metadata_batch_size``, and so on."""
    metadata_only: tuple[DataEntry, ...] = ()
    """Datasets that add their artists, albums, years and genres; their moods are hidden. The scored dataset itself
    is skipped, so that the same list serves all datasets.
    """


class ExperimentPlan(Config):
    """A grid of training runs."""

    name: Name
    phase: Phase = "report"
    """``select``: test tracks are left out altogether and the validation set is scored, to choose hyperparameters.
    ``report``: training uses the validation set too, and the test tracks are scored.
    """
    seeds: Annotated[tuple[Count, ...], Field(min_length=1)] = (0, 1, 2)
    recipe: RecipeFields = Field(default_factory=dict)
    """Recipe fields of all runs; dataset, backbone and arm override them in this order."""
    dataset: Annotated[tuple[DatasetPlan, ...], Field(min_length=1)]
    backbone: Annotated[tuple[BackbonePlan, ...], Field(min_length=1)]
    arm: Annotated[tuple[ArmPlan, ...], Field(min_length=1)]
    baseline: str = ""
    """The arm that the others are compared with; by default the first."""
    candidate: str = ""
    """The arm that stands in the main table beside the baseline; by default the second. The rest are ablations."""

    @model_validator(mode="after")
    def _names_fit(self) -> ExperimentPlan:
        for kind in ("dataset", "backbone", "arm"):
            if len(set(self.names(kind))) < len(self.names(kind)):
                raise ValueError(f"{kind}: two have the same name")
        for where in (*self.backbone, *self.arm):
            _check_known(where.only_datasets, self.names("dataset"))
            _check_known(where.only_backbones, self.names("backbone"))
            _check_known(where.only_seeds, self.seeds)
        _check_known([name for name in (self.baseline, self.candidate) if name], self.names("arm"))
        return self

    def names(self, kind: str) -> tuple[str, ...]:
        """List the names of all of a kind: ``dataset``, ``backbone`` or ``arm``."""
        return tuple(item.name for item in getattr(self, kind))

    @property
    def compared(self) -> tuple[str, ...]:
        """Give baseline and candidate; the baseline alone where there is one arm."""
        names = self.names("arm")
        baseline = self.baseline or names[0]
        others = [name for name in names if name != baseline]
        candidate = self.candidate or next(iter(others), "")
        return (baseline, candidate) if candidate else (baseline,)


def read_plan(path: Path) -> ExperimentPlan:
    """Read and validate a plan.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: a field is wrong; the message names it.
    """
    return validate(load_toml(path), ExperimentPlan, path)


def layered(*tables: RecipeFields) -> RecipeFields:
    """Merge tables of recipe fields, table by table; later ones override earlier ones."""
    merged: RecipeFields = {}
    for table in tables:
        for key, value in table.items():
            below = merged.get(key)
            both = isinstance(below, dict) and isinstance(value, dict)
            merged[key] = layered(below or {}, value) if both else value
    return merged


def _check_known(names: Sequence[object], known: Sequence[object]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{brief(unknown[0])} is not in the plan, which has {', '.join(map(str, known))}")
