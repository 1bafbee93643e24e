"""The adapter to Cornac: item features as a ``FeatureModality``, for content-aware models. Tested with Cornac 3.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moodrec.arguments import OnConflict
from moodrec.errors import MissingExtraError
from moodrec.index.front import SearchFront
from moodrec.recommend.adapters.vectors import ItemVectors


def feature_modality(
    index: SearchFront, item_ids: Sequence[str], on_conflict: OnConflict = "error", as_image: bool = False
) -> Any:
    """Make a feature modality of the vectors of all items of a dataset, for an evaluation method's
    ``item_feature`` or ``item_image``.

    Cornac moves rows to where its own numbering has the item, and leaves the row of an item without features as it
    finds it. So every item of the dataset is asked for here, and none may be left out.

    Args:
        index: whose track ids are the item ids.
        item_ids: all items of the dataset, each once, in any order.
        on_conflict: "ignore" gives zeros to items that are not in the index.
        as_image: give an ``ImageModality``, which is a ``FeatureModality`` too: VBPR and VMF read features there.

    Raises:
        NotFoundError: items are not in the index, with ``on_conflict="error"``.
        MissingExtraError: Cornac is not installed.
    """
    try:
        from cornac.data import FeatureModality, ImageModality
    except ModuleNotFoundError:
        raise MissingExtraError("the Cornac adapter", "cornac") from None

    items = ItemVectors.of(index, item_ids, on_conflict)
    modality = ImageModality if as_image else FeatureModality
    return modality(features=items.vectors, ids=list(items.item_ids), normalized=False)
