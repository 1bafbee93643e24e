"""Targets that several datasets have in common, under one name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable, describe_rows
from moodrec.errors import DataError


def pool_targets(table: LabelTable, prefixes: Mapping[str, str]) -> LabelTable:
    """Rename targets by their prefix, and make one target of those that then have one name.

    A row keeps what it knows: where no dataset of a pooled target labelled it, the target stays unknown.

    Args:
        table: a joined table, as :meth:`LabelTable.concat` makes it.
        prefixes: the beginning of a target's name to what takes its place, such as ``mood4q:word:`` to
            ``allmusic:word:``. The longest that fits is taken.

    Returns:
        The same rows; targets in the order of their first appearance.

    Raises:
        DataError: no target begins with one of ``prefixes``, or a row has two different labels for one pooled target.
    """
    names = [str(name) for name in table.targets.columns]
    unused = [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in names)]
    if unused:
        raise DataError(f"{table.name}: no target begins with {', '.join(unused)}")
    pooled: dict[str, NDArray[np.float32]] = {}
    for name in names:
        new, values = _renamed(name, prefixes), table.targets[name].to_numpy(np.float32)
        pooled[new] = _joined(new, pooled[new], values) if new in pooled else values
    return LabelTable(table.name, table.tracks, pd.DataFrame(pooled, index=table.targets.index))


def _renamed(name: str, prefixes: Mapping[str, str]) -> str:
    fitting = [prefix for prefix in prefixes if name.startswith(prefix)]
    if not fitting:
        return name
    longest = max(fitting, key=len)
    return prefixes[longest] + name.removeprefix(longest)


def _joined(name: str, one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    differ = np.flatnonzero(~np.isnan(one) & ~np.isnan(other) & (one != other))
    if differ.size:
        raise DataError(f"{name}: pooled targets contradict each other in {describe_rows(differ)}")
    return np.where(np.isnan(one), other, one)
