"""A run trains on no artist that it is tested on, and on no moods of datasets that only add metadata."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.evaluation.experiment.plan import Phase
from moodrec.evaluation.experiment.truth import HIDDEN, SCORED, Truth
from moodrec.training.inputs import NetworkInputs
from moodrec.training.prepare import Prepared
from moodrec.training.recipe import Recipe
from moodrec.typing import RowNumbers

_LABELLED: Final = 1
"""Keeps the random numbers that choose the labelled artists apart from others of the same seed."""


@dataclass(frozen=True, eq=False)
class RunRows:
    """The tracks of one run.

    Attributes:
        table: all tracks whose audio can be read; targets are the scored dataset's, NaN in the rows of others.
        inputs: the network inputs of these tracks.
        train: ``(n,)`` bool, rows that train.
        scored: rows that are scored, in the order of their ids.
        truth_rows: ``scored`` as rows of the truth.
        digest: changes with the rows, their labels and their parts.
    """

    table: LabelTable
    inputs: NetworkInputs
    train: NDArray[np.bool_]
    scored: RowNumbers
    truth_rows: RowNumbers
    digest: str

    @property
    def with_moods(self) -> NDArray[np.bool_]:
        """Compute the mask ``(n,)`` of rows that have a mood label."""
        return np.asarray(self.table.targets.notna().any(axis=1).to_numpy(), np.bool_)

    @property
    def n_left_out(self) -> int:
        """Count the rows that neither train nor are scored: their artist is in a hidden part, or they have no
        moods.
        """
        return int((~self.train).sum()) - len(self.scored)


def rows_of(data: Prepared, truth: Truth, phase: Phase, recipe: Recipe, labelled: float = 1.0) -> RunRows:
    """Assign the parts of a dataset to the joined rows of a run.

    A group (artist) that touches a hidden part, in whatever dataset, does not train. Neither do tracks without
    moods, unless the recipe adds such tracks to each step.

    Args:
        data: tracks of all the run's datasets.
        truth: labels and parts of the scored dataset.
        phase: which part is scored, and which are hidden.
        recipe: of the run; its seed draws the artists whose moods are known.
        labelled: share of the training tracks whose moods are known, in (0, 1].

    Raises:
        DataError: no track with readable audio is left to train on, or none to score.
    """
    place = {track_id: row for row, track_id in enumerate(truth.table.tracks["track_id"])}
    at = np.array([place.get(track_id, -1) for track_id in data.table.tracks["track_id"]], np.int64)
    own = at >= 0
    parts = np.where(own, truth.parts[at], "train")
    masked = replace(data.table, targets=_own_targets(data.table, truth, own))
    groups = data.table.tracks["group"]
    train = ~groups.isin(set(groups[np.isin(parts, HIDDEN[phase])])).to_numpy(np.bool_)
    known = masked.targets.notna().any(axis=1).to_numpy(np.bool_)
    unlabelled = _unlabelled(groups, train & known, labelled, recipe.seed)
    masked = replace(masked, targets=masked.targets.mask(pd.Series(unlabelled)))
    known = known & ~unlabelled
    train &= known | (recipe.training.metadata_batch_size > 0)
    scored = np.flatnonzero((parts == SCORED[phase]) & known)
    if not (train & known).any() or not scored.size:
        raise DataError(f"{truth.table.name}: no track with moods is left to train on, or none to score")
    scored = scored[np.argsort(data.table.tracks["track_id"].to_numpy()[scored].astype(np.str_))]
    folds = np.where(parts == SCORED[phase], 0, -1)
    digest = replace(data, table=masked, seen=train, held_out=~train, folds=folds).digest
    return RunRows(masked, data.inputs(recipe), train, scored, at[scored], digest)


def _own_targets(table: LabelTable, truth: Truth, own: NDArray[np.bool_]) -> pd.DataFrame:
    return table.targets[list(truth.table.targets.columns)].where(pd.Series(own), np.float32(np.nan))


def _unlabelled(
    groups: pd.Series[str], learnt: NDArray[np.bool_], labelled: float, seed: int
) -> NDArray[np.bool_]:
    """``(n,)`` rows of ``learnt`` whose moods are hidden: those of the last groups in an order drawn by ``seed``.

    Groups are labelled until they hold the share of tracks that was asked for, so that a smaller share is always part
    of a larger one.
    """
    sizes = groups[learnt].value_counts().sort_index()
    order = np.random.default_rng([seed, _LABELLED]).permutation(len(sizes))
    before = np.cumsum(sizes.to_numpy()[order]) - sizes.to_numpy()[order]
    hidden = set(sizes.index[order[before >= labelled * sizes.sum()]])
    return learnt & groups.isin(hidden).to_numpy(np.bool_)
