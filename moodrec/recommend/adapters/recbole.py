"""The adapter to RecBole: an item file of vectors and moods. It is text, so writing it needs no RecBole.

Tested with RecBole 1.2: https://recbole.io/docs/user_guide/data/atomic_files.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from moodrec.arguments import brief, texts
from moodrec.errors import DataError, UsageError
from moodrec.files.replacing import write_atomically
from moodrec.filters.names import hint
from moodrec.given import path_of
from moodrec.index.front import SearchFront
from moodrec.recommend.adapters.vectors import ItemVectors

ITEM: Final = "item_id"
VECTOR: Final = "moodrec_vector"


def write_item_file(
    index: SearchFront,
    out: Path | str,
    item_ids: Sequence[str] | None = None,
    moods: Sequence[str] | None = None,
) -> Path:
    """Write ``<dataset>.item``: ``item_id:token``, ``moodrec_vector:float_seq`` and ``<mood>:float`` columns.

    Args:
        index: whose track ids are the dataset's item ids.
        out: the file; RecBole finds ``DATASET/DATASET.item``.
        item_ids: which items; all of the index by default.
        moods: which mood columns; all by default. Unknown scores are written as 0.5, the middle.

    Raises:
        NotFoundError: items are not in the index.
        UsageError: ``out`` is no path, or a mood is unknown.
        DataError: an id holds a tab or a line break, which the format cannot say.
    """
    place, items = path_of(out, "out"), ItemVectors.of(index, item_ids)
    chosen = _moods(index, moods)
    wrong = [item for item in items.item_ids if any(character in item for character in "\t\n\r")]
    if wrong:
        raise DataError(f"item ids with tabs or line breaks cannot be written: {wrong[:5]}")
    scores = index.tracks(list(items.item_ids))[chosen].to_numpy(np.float32, na_value=np.nan)
    scores = np.where(np.isnan(scores), np.float32(0.5), scores)
    head = "\t".join([f"{ITEM}:token", f"{VECTOR}:float_seq", *(f"{mood}:float" for mood in chosen)])
    lines = [
        "\t".join([item, " ".join(f"{x:.6g}" for x in vector), *(f"{x:.6g}" for x in own)])
        for item, vector, own in zip(items.item_ids, items.vectors, scores, strict=True)
    ]
    write_atomically(place, ("\n".join([head, *lines]) + "\n").encode())
    return place


def item_config(index: SearchFront, moods: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the entries of RecBole's configuration that load the columns of the item file as features.

    Args:
        index: that the item file was written from.
        moods: its mood columns; all by default.

    Raises:
        UsageError: a mood is unknown.
    """
    return {"load_col": {"item": [ITEM, VECTOR, *_moods(index, moods)]}}


def _moods(index: SearchFront, moods: Sequence[str] | None) -> list[str]:
    chosen = list(index.moods if moods is None else texts(moods, "moods"))
    for mood in chosen:
        if mood not in index.moods:
            raise UsageError(f"unknown mood {brief(mood)}; {hint(mood, index.moods, 'moods')}")
    return chosen
