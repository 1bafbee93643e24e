"""Soft labels become the binary labels that average precision needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.typing import Float64Array

TOP_SHARE: Final = 1 / 3
"""A track is positive for a soft target when its label is in this top share of the training split."""


@dataclass(frozen=True, eq=False)
class BinaryLabels:
    """0/1 labels made from a table's targets.

    Attributes:
        labels: ``(n, T)`` float64 in {0, 1, NaN}.
        soft: ``(T,)`` bool, whether the target held anything but 0 and 1.
        note: one sentence on how it was done.
    """

    labels: Float64Array
    soft: NDArray[np.bool_]
    note: str


def binary_labels(table: LabelTable) -> BinaryLabels:
    """Make targets binary: 0/1 targets stay, soft ones are 1 above the upper-third threshold.

    The threshold is the 2/3 quantile of the target over the rows of the training split, over all rows where the
    table has no training split.

    Raises:
        DataError: the table has no targets.
    """
    values = table.targets.to_numpy(dtype=np.float64)
    if not values.shape[1]:
        raise DataError(f"{table.name} has no mood labels to evaluate against")
    soft = ~(np.isnan(values) | (values == 0) | (values == 1)).all(axis=0)
    train = np.array([split == "train" for split in table.tracks["split"]], dtype=np.bool_)
    seen = train if train.any() else np.ones(len(table), dtype=np.bool_)
    labels = values.copy()
    for column in np.flatnonzero(soft):
        labels[:, column] = _top_third(values[:, column], seen)
    return BinaryLabels(labels, soft, _note(soft, bool(train.any())))


def _top_third(values: Float64Array, seen: NDArray[np.bool_]) -> Float64Array:
    reference = values[seen & ~np.isnan(values)]
    if not reference.size:
        return np.full_like(values, np.nan)
    threshold = np.quantile(reference, 1 - TOP_SHARE)
    return np.where(np.isnan(values), np.nan, (values > threshold).astype(np.float64))


def _note(soft: NDArray[np.bool_], has_train: bool) -> str:
    if not soft.any():
        return "labels are 0 or 1 as given"
    where = "the training split" if has_train else "all tracks"
    return f"soft labels are positive in the top third of {where} ({int(soft.sum())} of {len(soft)} tags)"
