"""What the sections of the model card share: a dataset's tracks beside predictions of them, and how figures look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.errors import DataError
from moodrec.evaluation.binary import binary_labels
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.evaluation.predictions import Predictions
from moodrec.evaluation.reports import Estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """One dataset's tracks with out-of-fold predictions of them, in the same order."""

    table: LabelTable
    scores: pd.DataFrame
    """fold, a probability a target, embedding."""

    @property
    def folds(self) -> NDArray[np.int64]:
        """(n,) which network made the row."""
        return self.scores["fold"].to_numpy(np.int64)

    def predictions(self, columns: dict[str, Floats]) -> Predictions:
        """Predictions of made-up targets."""
        ids = tuple(self.table.tracks["track_id"])
        return Predictions(ids, tuple(columns), np.stack(list(columns.values()), 1).astype(np.float32))

    def logits(self, targets: Sequence[str]) -> Floats:
        """(n, targets)."""
        return logit(self.scores[list(targets)].to_numpy())

    def with_targets(self, targets: Sequence[str]) -> StoredPredictions:
        """Labels and predictions of some targets, as the figures of experiments take them."""
        tracks = self.table.tracks
        columns = self.table.targets.columns.get_indexer(pd.Index(targets))
        return StoredPredictions(
            track_ids=tracks["track_id"].to_numpy(np.str_),
            groups=tracks["group"].to_numpy(np.str_),
            artists=tracks["artist"].fillna("").to_numpy(np.str_),
            albums=tracks["album"].fillna("").to_numpy(np.str_),
            folds=self.folds,
            targets=np.array(targets),
            logits=self.logits(targets),
            labels=binary_labels(self.table).labels[:, columns],
            truth=self.table.targets.to_numpy(np.float64)[:, columns],
            embeddings=np.stack(self.scores["embedding"].to_list()).astype(np.float64),
        )


def read_part(table: LabelTable, stored: pd.DataFrame) -> Part:
    """Labels of a dataset beside predictions, which carry the dataset's name before the track's id.

    Raises:
        DataError: a track of the dataset has none.
    """
    ids = [f"{table.name}/{track_id}" for track_id in table.tracks["track_id"]]
    missing = [track_id for track_id in ids if track_id not in stored.index]
    if missing:
        raise DataError(f"{len(missing)} tracks of {table.name} have no prediction: {missing[:5]}")
    return Part(table, stored.loc[ids].reset_index())


def read_tables(root: Path) -> dict[str, LabelTable]:
    """The datasets with moods."""
    return {name: load_source(name, root / name) for name in ("mood4q", "emotify")}


def some_rows(stored: StoredPredictions, rows: NDArray[np.bool_]) -> StoredPredictions:
    """The tracks where ``rows`` is true."""
    kept = {f.name: getattr(stored, f.name)[rows] for f in fields(stored) if f.name != "targets"}
    return replace(stored, **kept)


def logit(probability: NDArray[np.floating]) -> Floats:
    """Back from stored probabilities to logits."""
    p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p / (1 - p)))


def figure(estimate: Estimate) -> str:
    """``0.420 [0.380, 0.460]``."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def signed(value: float, low: float, high: float) -> str:
    """``+0.012 [-0.003, +0.028]``, bold where the interval excludes zero."""
    text = f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"**{text}**" if low > 0 or high < 0 else text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
