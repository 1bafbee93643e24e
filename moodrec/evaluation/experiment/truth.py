"""The truth holds the labels of the tracks of a dataset, and which of them a run tests.

It is made from the dataset alone, never from what an arm adds to it: all arms of a plan are scored on the same rows
against the same labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.data.splits import existing_folds, grouped_folds
from moodrec.errors import ConfigError, DataError
from moodrec.evaluation.binary import binary_labels
from moodrec.evaluation.experiment.plan import FOLD_SEED, DatasetPlan, Held, Phase
from moodrec.training.recipe import DataEntry
from moodrec.typing import TextArray

HIDDEN: Final[dict[Phase, tuple[str, ...]]] = {"select": ("val", "test"), "report": ("test",)}
"""Phase to the parts whose artists never train."""
SCORED: Final[dict[Phase, str]] = {"select": "val", "report": "test"}
"""Phase to the part that is scored."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A dataset as one run uses it.

    Attributes:
        table: its tracks, with the targets of the plan alone.
        parts: ``(n,)`` "train", "val" or "test".
        labels: ``(n, T)`` targets as 0, 1 or NaN; soft ones are 1 above the upper third of the training tracks.
    """

    table: LabelTable
    parts: TextArray
    labels: NDArray[np.float64]


def load_entries(entries: tuple[DataEntry, ...]) -> LabelTable:
    """Load the label tables of some data entries and join them.

    Raises:
        UsageError, NotFoundError, DataError: as :func:`moodrec.data.sources.load_source`.
    """
    return LabelTable.concat(
        [load_source(entry.source, Path(entry.root), entry.options) for entry in entries]
    )


def truth_of(table: LabelTable, dataset: DatasetPlan, fold: int | None, phase: Phase) -> Truth:
    """Assign labels and parts to the tracks of a dataset.

    Args:
        table: its label table.
        dataset: its part of the plan.
        fold: the test fold; None where the dataset's own split is tested.
        phase: which part is scored.

    Raises:
        ConfigError: no target begins with the plan's prefix.
        DataError: there are no tracks to score.
    """
    columns = [name for name in table.targets.columns if str(name).startswith(dataset.target)]
    if not columns:
        raise ConfigError(
            f"dataset {dataset.name}: no target begins with {brief(dataset.target)}; "
            f"there are {', '.join(map(str, table.targets.columns[:5]))}, ..."
        )
    own = replace(table, targets=table.targets[columns])
    parts = _by_split(own) if fold is None else _by_fold(own, dataset.test, fold)
    if SCORED[phase] not in parts:
        raise DataError(f"dataset {dataset.name}: no track is in the part {SCORED[phase]!r} that is scored")
    return Truth(own, parts, _labels(own, parts, fold is None, phase))


def _by_split(table: LabelTable) -> TextArray:
    """Assign parts by the dataset's split; rows without a split train."""
    return np.array([split or "train" for split in table.tracks["split"]], dtype=np.str_)


def _by_fold(table: LabelTable, held: Held, fold: int) -> TextArray:
    groups = list(table.tracks["group"])
    fixed = existing_folds(groups, table.tracks["fold"])
    balance = np.nan_to_num(table.targets.to_numpy(np.float64))
    folds = grouped_folds(groups, held.of, FOLD_SEED, fixed, balance)
    return np.select([folds == fold, folds == (fold + 1) % held.of], ["test", "val"], "train")


def _labels(table: LabelTable, parts: TextArray, official: bool, phase: Phase) -> NDArray[np.float64]:
    """Make binary labels; thresholds come from the official training split, else from all tracks that train."""
    trains = parts == "train" if official else ~np.isin(parts, HIDDEN[phase])
    splits = pd.Series(["train" if train else None for train in trains], dtype=object)
    return binary_labels(replace(table, tracks=table.tracks.assign(split=splits))).labels
