"""Which rows a run trains on: nobody who is heard in the test, and no moods from what lends only metadata."""

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
from moodrec.training.hearing import Hearing
from moodrec.training.prepare import Prepared
from moodrec.training.recipe import Recipe

Rows = NDArray[np.int64]

_LABELLED: Final = 1
"""Keeps the random numbers that choose the labelled artists apart from others of the same seed."""


@dataclass(frozen=True, eq=False)
class RunRows:
    """The tracks of one run.

    Attributes:
        table: all tracks that could be heard; targets are the scored dataset's, NaN in the rows of others.
        hearing: what a network is given of them.
        train: ``(n,)`` bool, rows that train.
        scored: rows that are scored, in the order of their ids.
        truth_rows: ``scored`` as rows of the truth.
        digest: changes with the rows, their labels and their parts.
    """

    table: LabelTable
    hearing: Hearing
    train: NDArray[np.bool_]
    scored: Rows
    truth_rows: Rows
    digest: str

    @property
    def with_moods(self) -> NDArray[np.bool_]:
        """``(n,)`` rows that have a mood label."""
        return np.asarray(self.table.targets.notna().any(axis=1).to_numpy(), np.bool_)

    @property
    def n_left_out(self) -> int:
        """Rows that neither train nor are scored: their artist is in a hidden part, or they have no moods."""
        return int((~self.train).sum()) - len(self.scored)


def rows_of(data: Prepared, truth: Truth, phase: Phase, recipe: Recipe, labelled: float = 1.0) -> RunRows:
    """Put the parts of a dataset on the joined rows of a run.

    A group (artist) that touches a hidden part, in whatever dataset, does not train. Neither do tracks without
    moods, unless the recipe gives them a place in each step.

    Args:
        data: tracks of all the run's datasets.
        truth: labels and parts of the scored dataset.
        phase: which part is scored, and which are hidden.
        recipe: of the run; its seed draws the artists whose moods are known.
        labelled: share of the training tracks whose moods are known, in (0, 1].

    Raises:
        DataError: no track that can be heard trains, or none is scored.
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
    return RunRows(masked, data.hearing(recipe), train, scored, at[scored], digest)


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
