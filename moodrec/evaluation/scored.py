"""Labels and scores are brought together, from stored arrays or from a label table and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from moodrec.arguments import brief
from moodrec.data.labels import SPLITS, LabelTable
from moodrec.errors import DataError, UsageError
from moodrec.evaluation.binary import binary_labels
from moodrec.evaluation.matching import match_files, numbered
from moodrec.evaluation.matrices import load_matrix
from moodrec.evaluation.predictions import Predictions, match
from moodrec.metrics.checks import label_matrix
from moodrec.typing import Float64Array


@dataclass(frozen=True, eq=False)
class LabelledScores:
    """Labels and scores of the same tracks, ready to be scored or drawn.

    Attributes:
        dataset: where they come from.
        split: the part of the dataset, or "all".
        tags: ``T`` names.
        labels: ``(n, T)`` in {0, 1, NaN}.
        scores: ``(n, T)`` finite.
        soft: ``(n, T)`` labels in [0, 1] or NaN; columns that held only 0 and 1 are NaN throughout.
        groups: ``(n,)`` whole groups are resampled; None to resample tracks.
        n_missing: number of tracks left out because they have no prediction.
        note: how labels became 0 or 1.
    """

    dataset: str
    split: str
    tags: tuple[str, ...]
    labels: Float64Array
    scores: Float64Array
    soft: Float64Array
    groups: tuple[str, ...] | None
    n_missing: int
    note: str


def scored_arrays(
    y_true: ArrayLike, y_score: ArrayLike, tags: Sequence[str] | None = None, dataset: str = "arrays"
) -> LabelledScores:
    """Take stored arrays of labels and scores.

    Args:
        y_true: ``(n, tags)`` labels in {0, 1} or NaN.
        y_score: ``(n, tags)`` finite scores.
        tags: names of the columns; by default ``tag_0`` and so on.
        dataset: name for the report.

    Raises:
        DataError: shapes differ, labels are not 0/1, scores are not finite, or tags do not fit.
    """
    labels, scores = label_matrix(y_true, y_score)
    names = tuple(tags) if tags is not None else tuple(f"tag_{i}" for i in range(labels.shape[1]))
    if len(names) != labels.shape[1]:
        raise DataError(f"{len(names)} tag names for {labels.shape[1]} columns")
    soft = np.full_like(labels, np.nan)
    return LabelledScores(dataset, "all", names, labels, scores, soft, None, 0, "labels are 0 or 1 as given")


def scored_files(predictions: Path, labels: Path) -> LabelledScores:
    """Read and match two files.

    Args:
        predictions: ``(n, T)`` scores, in a format that :func:`moodrec.evaluation.matrices.load_matrix` reads.
        labels: ``(n, T)`` labels of 0 and 1, in such a format.

    Raises:
        NotFoundError: a file is not there.
        DataError: a file is malformed, or rows or columns cannot be matched.
    """
    matched = match_files(load_matrix(predictions), load_matrix(labels, "labels"))
    found = matched.finite(matched.tags or numbered(matched.labels.shape[1]))
    return LabelledScores(
        dataset=labels.stem,
        split="all",
        tags=found.tags,
        labels=found.labels,
        scores=found.scores,
        soft=np.full_like(found.labels, np.nan),
        groups=None,
        n_missing=len(matched.scores) - len(found.rows),
        note="; ".join(("labels are 0 or 1 as given", *found.notes)),
    )


def scored_table(table: LabelTable, predictions: Predictions, split: str | None = None) -> LabelledScores:
    """Match predictions to a label table.

    Args:
        table: the label table.
        predictions: scores of tracks.
        split: the part to score; None scores every track that has a prediction.

    Raises:
        DataError: they have nothing in common, or the split is empty.
        UsageError: there is no such split.
    """
    if split is not None and split not in SPLITS:
        raise UsageError(f"split must be one of {', '.join(SPLITS)}, not {brief(split)}")
    # Thresholds of soft labels come from the training split, so they are found before rows are left out.
    binary = binary_labels(table)
    matched = match(predictions, table)
    in_split = np.array([split is None or mine == split for mine in table.tracks["split"]], dtype=np.bool_)
    kept = in_split[matched.rows]
    if not kept.any():
        raise DataError(f"{table.name}: no track of split {brief(split)} has a prediction")
    rows = matched.rows[kept]
    missing = [str(name) for name in table.targets.columns if name not in matched.targets]
    columns = np.array(
        [list(table.targets.columns).index(target) for target in matched.targets], dtype=np.int64
    )
    values = table.targets.to_numpy(dtype=np.float64)[rows][:, columns]
    return LabelledScores(
        dataset=table.name,
        split=split or "all",
        tags=matched.targets,
        labels=binary.labels[rows][:, columns],
        scores=matched.scores[kept],
        soft=np.where(binary.soft[columns], values, np.nan),
        groups=tuple(table.tracks["group"].iloc[rows]),
        n_missing=int(in_split.sum()) - len(rows),
        note=binary.note if not missing else f"{binary.note}; without predictions: {', '.join(missing)}",
    )
