"""How a track table lies in a Milvus collection: fields of its kinds, and beside each whether it is known.

Milvus has had NULL since version 2.5 only, and its three-valued logic is its own. So each column is two fields, the
value (0, FALSE or an empty text where it is NULL) and a flag that says whether it is known; a condition is then
written out for both of its truth values (:mod:`moodrec.engines.milvus.expressions`). The row itself lies beside them
as JSON, from which it is given back as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from moodrec.engines.columns import StoredColumn
from moodrec.engines.completed import completed
from moodrec.engines.keys import keys_of
from moodrec.errors import DataError
from moodrec.schema import TRACK_ID
from moodrec.typing import Vectors

ID: Final = "track_id"
SEQ: Final = "seq"
COMPLETED: Final = "completed"
EMBEDDING: Final = "embedding"
ROW: Final = "row"
KEYS: Final = ("artist_key", "album_key", "title_key")
LONGEST_TEXT: Final = 65_535
"""Bytes that a field of text holds in Milvus."""
LONGEST_ID: Final = 512
MOST_ELEMENTS: Final = 4_096
"""Elements that a field of lists holds in Milvus."""
_UNKNOWN: Final = {"float32": 0.0, "float64": 0.0, "whole": 0, "flag": False, "text": ""}


@dataclass(frozen=True)
class FieldPair:
    """The two fields of a column, under names that Milvus allows."""

    column: StoredColumn
    value: str
    """The field that holds its values."""
    known: str
    """The field that says whether the value is known: of a list, whether it has an element that is no NULL."""


def field_pairs(columns: Sequence[StoredColumn]) -> dict[str, FieldPair]:
    """Name the fields of columns; those that hold only NULL have none.

    Args:
        columns: the columns of a track table, in their order.
    """
    return {
        column.name: FieldPair(column, f"v{place}", f"k{place}")
        for place, column in enumerate(columns)
        if column.kind != "null" and column.name != TRACK_ID
    }


def entities(
    columns: Sequence[StoredColumn], rows: pa.Table, vectors: Vectors, moods: Sequence[str], first: int
) -> Iterator[dict[str, Any]]:
    """Write rows as the entities of a collection.

    Args:
        columns: the columns of the catalogue; those that ``rows`` lacks are NULL.
        rows: n rows as :func:`~moodrec.engines.columns.stored_table` makes them.
        vectors: (n, d) embeddings of unit length.
        moods: the mood columns.
        first: the place of the first row in the order of arrival.

    Raises:
        DataError: an id, a text or a list is too long for Milvus, or a mood score is out of [0, 1].
    """
    scores = [rows[mood].to_numpy() for mood in moods]
    whole = completed(vectors, np.stack(scores, axis=1) if scores else np.empty((len(vectors), 0)))
    keys = keys_of(rows)
    pairs = field_pairs(columns)
    for place, row in enumerate(rows.to_pylist()):
        fields: dict[str, Any] = {
            ID: _text(row[TRACK_ID], TRACK_ID, LONGEST_ID),
            SEQ: first + place,
            EMBEDDING: vectors[place].tolist(),
            COMPLETED: whole[place].tolist(),
            ROW: _text(json.dumps(row, ensure_ascii=False), "row", LONGEST_TEXT),
        }
        fields |= {name: of_kind[place] or "" for name, of_kind in zip(KEYS, keys, strict=True)}
        for name, pair in pairs.items():
            fields[pair.value], fields[pair.known] = _pair(row.get(name), pair.column)
        yield fields


def _pair(value: Any, column: StoredColumn) -> tuple[Any, bool]:
    if column.lists:
        elements = [one for one in value or () if one is not None]
        if len(elements) > MOST_ELEMENTS:
            raise DataError(
                f"column {column.name!r}: a list has {len(elements)} elements, Milvus holds {MOST_ELEMENTS}"
            )
        return [_single(one, column) for one in elements], bool(elements)
    return (_UNKNOWN[column.kind], False) if value is None else (_single(value, column), True)


def _single(value: Any, column: StoredColumn) -> Any:
    return _text(value, column.name, LONGEST_TEXT) if column.kind == "text" else value


def _text(value: str, name: str, limit: int) -> str:
    if len(value.encode()) > limit:
        raise DataError(
            f"column {name!r} holds a text of {len(value.encode()):,} bytes; Milvus holds {limit:,}"
        )
    return value
