"""Splits are made of whole groups, so that no artist is both trained on and tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import brief
from moodrec.data.labels import NO_FOLD
from moodrec.errors import DataError


def grouped_folds(
    groups: Sequence[str],
    n_folds: int,
    seed: int = 0,
    fixed: Mapping[str, int] | None = None,
    balance: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Deal groups into folds of about equal size; rows of one group share a fold.

    Groups are dealt in falling order of size, ties in a seeded order, each to the fold where it leaves the sizes
    (and the sums of each column of ``balance``) most even.

    Args:
        groups: ``(n,)`` group of each row.
        n_folds: number of folds, at least 2.
        seed: the same seed gives the same folds, whatever the order of the rows within a group.
        fixed: group to its fold in [0, n_folds), settled beforehand; groups that do not occur are ignored.
        balance: ``(n,)`` or ``(n, s)`` finite, non-negative columns to be spread evenly too, such as 0/1 labels.

    Returns:
        ``(n,)`` int64, a fold in [0, n_folds) for each row.

    Raises:
        DataError: fewer than 2 folds, fewer groups than folds, a fixed fold or ``balance`` out of range.
    """
    codes, names = pd.factorize(np.asarray(list(groups), dtype=object))
    settled = _fixed_folds(list(names), n_folds, fixed or {})
    loads = _group_loads(codes, len(names), balance)
    return _deal(loads, settled, n_folds, _order(list(names), loads[:, 0], seed))[codes]


def existing_folds(groups: Sequence[str], folds: ArrayLike) -> dict[str, int]:
    """Collect the folds that groups have already, for ``fixed`` of :func:`grouped_folds`.

    Args:
        groups: ``(n,)`` group of each row.
        folds: ``(n,)`` fold of each row, -1 for none.

    Returns:
        Group to fold; groups without a fold are left out.

    Raises:
        DataError: a group lies in two folds.
    """
    found: dict[str, int] = {}
    for group, fold in zip(groups, np.asarray(folds, dtype=np.int64).tolist(), strict=True):
        if fold != NO_FOLD and found.setdefault(group, fold) != fold:
            raise DataError(f"group {brief(group)} lies in folds {found[group]} and {fold}")
    return found


def within_group_holdout(labels: Iterable[str | None], min_count: int, seed: int = 0) -> NDArray[np.bool_]:
    """Hold out one random track of each label (artist, album) that has at least ``min_count`` tracks.

    The rest of the label's tracks stay for training, so that a metadata head can be scored as a classifier.

    Args:
        labels: ``(n,)`` label of each row; None is never held out.
        min_count: at least 2, or the held-out label would be unknown in training.
        seed: the same seed holds out the same tracks.

    Returns:
        ``(n,)`` bool, true where held out.

    Raises:
        DataError: ``min_count`` is below 2.
    """
    if min_count < 2:
        raise DataError(f"min_count must be at least 2, not {min_count}: one track of the label must stay")
    rows: dict[str, list[int]] = {}
    count = 0
    for count, label in enumerate(labels, start=1):
        if label is not None:
            rows.setdefault(label, []).append(count - 1)
    rng = np.random.default_rng(seed)
    held_out = np.zeros(count, dtype=np.bool_)
    for label in sorted(rows):
        if len(rows[label]) >= min_count:
            held_out[rng.choice(rows[label])] = True
    return held_out


def _fixed_folds(names: list[str], n_folds: int, fixed: Mapping[str, int]) -> NDArray[np.int64]:
    if n_folds < 2:
        raise DataError(f"n_folds must be at least 2, not {n_folds}")
    if len(names) < n_folds:
        raise DataError(f"{len(names)} groups cannot fill {n_folds} folds")
    wrong = [f"{group}: {fold}" for group, fold in fixed.items() if not 0 <= fold < n_folds]
    if wrong:
        raise DataError(f"fixed folds must be in 0..{n_folds - 1}: {', '.join(wrong[:5])}")
    return np.array([fixed.get(name, NO_FOLD) for name in names], dtype=np.int64)


def _group_loads(codes: NDArray[np.intp], n_groups: int, balance: ArrayLike | None) -> NDArray[np.float64]:
    """Compute each group's share of the rows and of the ``balance`` sums: ``(n_groups, 1 + s)``, each column sums
    to 1.
    """
    columns = [np.ones(len(codes))]
    if balance is not None:
        extra = np.asarray(balance, dtype=np.float64).reshape(len(codes), -1)
        if not np.all(np.isfinite(extra) & (extra >= 0)):
            raise DataError("balance must be finite and not negative")
        columns.extend(extra.T)
    # Scaled to sum to 1, sizes and balance columns count equally when the folds are evened out.
    sums = np.stack([np.bincount(codes, weights=column, minlength=n_groups) for column in columns], axis=1)
    totals = sums.sum(axis=0)
    return np.asarray(sums / np.where(totals > 0, totals, 1.0), dtype=np.float64)


def _order(names: list[str], sizes: NDArray[np.float64], seed: int) -> NDArray[np.intp]:
    """Sort groups by falling size; equal sizes come in an order drawn over the sorted names, independent of the
    rows.
    """
    draw = np.empty(len(names))
    by_name = np.argsort(np.array(names, dtype=object), kind="stable")
    draw[by_name] = np.random.default_rng(seed).random(len(names))
    return np.lexsort((draw, -sizes))


def _deal(
    loads: NDArray[np.float64], settled: NDArray[np.int64], n_folds: int, order: NDArray[np.intp]
) -> NDArray[np.int64]:
    folds = settled.copy()
    filled = np.zeros((n_folds, loads.shape[1]))
    has_fold = folds != NO_FOLD
    np.add.at(filled, folds[has_fold], loads[has_fold])
    for group in order[~has_fold[order]]:
        # Adding x to a fold that holds f grows the sum of squares by 2fx + x^2; x is the same for every fold.
        fold = int(np.argmin(filled @ loads[group]))
        folds[group] = fold
        filled[fold] += loads[group]
    return folds
