"""The adapter to LightFM: sparse item features in its format. LightFM has no wheels, so it is not called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from moodrec.arguments import OnConflict, flag
from moodrec.errors import MissingExtraError
from moodrec.index.front import SearchFront
from moodrec.recommend.adapters.vectors import ItemVectors


@dataclass(frozen=True, eq=False)
class ItemFeatures:
    """The item features that ``LightFM.fit(..., item_features=matrix)`` takes."""

    matrix: Any
    """``(items, features)`` float32, ``scipy.sparse.csr_matrix``: an identity block, then the vectors."""
    names: tuple[str, ...]
    """The name of each feature: ``item:<id>``, ``moodrec:<i>``."""


def item_features(
    index: SearchFront,
    item_ids: Sequence[str],
    identity: bool = True,
    on_conflict: OnConflict = "error",
) -> ItemFeatures:
    """Make sparse features of items, with one row an item in the order of LightFM's item numbers.

    Args:
        index: whose track ids are the item ids.
        item_ids: in the order of the columns of the interactions.
        identity: give each item a feature of its own too, as LightFM does by default: without it a model goes by
            content alone.
        on_conflict: "ignore" leaves the vector of items empty that are not in the index.

    Raises:
        NotFoundError: items are not in the index, with ``on_conflict="error"``.
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy import sparse
    except ModuleNotFoundError:
        raise MissingExtraError("the LightFM adapter", "lightfm") from None

    items = ItemVectors.of(index, item_ids, on_conflict)
    blocks = [sparse.csr_matrix(items.vectors)]
    names = [f"moodrec:{i}" for i in range(items.dim)]
    if flag(identity, "identity"):
        blocks.insert(0, sparse.identity(len(items), np.float32, "csr"))
        names = [*(f"item:{item}" for item in items.item_ids), *names]
    return ItemFeatures(sparse.hstack(blocks, "csr", np.float32), tuple(names))
