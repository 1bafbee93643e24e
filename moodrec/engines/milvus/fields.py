"""The fields of a catalogue in Milvus, and how rows become their values.

A collection holds one entity a track:

- ``track_id``, its primary key,
- ``moodrec_seq``, the order of arrival,
- ``moodrec_completed``, the vector of :mod:`moodrec.index.search.completed`, which begins with the embedding and
  which the HNSW index is over,
- ``moodrec_row``, the row of the track table as JSON,
- ``moodrec_main`` and ``moodrec_credited``, the names of :mod:`moodrec.engines.keys`,
- for filters, a field for each column as far as Milvus has room for fields: ``c_`` and the name of the column.

Versions of Milvus do not agree on NULL, so a field has a value that stands for it: the least number, or
the character U+FFFF, which is no character of any text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief
from moodrec.engines.columns import Kind, StoredColumn
from moodrec.engines.keys import artist_names
from moodrec.errors import DataError
from moodrec.index.search.completed import completed
from moodrec.schema import ARTIST, TRACK_ID
from moodrec.typing import Vectors

SEQ: Final = "moodrec_seq"
COMPLETED: Final = "moodrec_completed"
MAIN: Final = "moodrec_main"
CREDITED: Final = "moodrec_credited"
ROW: Final = "moodrec_row"
MOST_FIELDS: Final = 64
"""Milvus takes no more fields a collection unless its own settings say otherwise."""
LONGEST: Final = 65_535
"""The longest text of a field, in bytes."""
LONGEST_LIST: Final = 4096
_OWN: Final = (TRACK_ID, SEQ, COMPLETED, ROW, MAIN, CREDITED)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_]{1,200}\Z", re.ASCII)
UNKNOWN: Final[dict[Kind, Any]] = {
    "float32": float(np.finfo(np.float32).min),
    "float64": float(np.finfo(np.float64).min),
    "whole": -(2**63) + 1,
    "flag": -1,
    "text": "\uffff",
}
"""The value that stands for NULL, by kind; for lists, the only element of a list."""
TYPES: Final[dict[Kind, str]] = {
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "whole": "INT64",
    "flag": "INT8",
    "text": "VARCHAR",
}


@dataclass(frozen=True)
class FilterField:
    """A field that holds the values of a column for filters."""

    name: str
    column: StoredColumn

    @property
    def unknown(self) -> Any:
        """The value that stands for NULL."""
        return UNKNOWN[self.column.kind]

    def known(self, value: Any) -> Any:
        """Return what a value of the field stands for in its column; None for NULL."""
        if self.column.lists:
            value = None if list(value) == [self.unknown] else list(value)
            return [bool(one) for one in value] if value and self.column.kind == "flag" else value
        if value == self.unknown:
            return None
        return bool(value) if self.column.kind == "flag" else value


def filter_fields(
    columns: Mapping[str, StoredColumn], moods: Sequence[str], kept: Mapping[str, str] | None = None
) -> dict[str, FilterField]:
    """Return the fields for filters by column.

    Where Milvus lacks room for all, moods and the columns of the library come before their probabilities.

    Args:
        columns: the stored columns by name.
        moods: the mood columns.
        kept: the names of the fields that a collection has, by column; None chooses them.
    """
    if kept is not None:
        return {name: FilterField(field, columns[name]) for name, field in kept.items()}
    known = [column for name, column in columns.items() if column.kind != "null" and name != TRACK_ID]
    first = [one for one in known if one.name in moods or not one.name.startswith(("prob_", "audio_"))]
    rest = [one for one in known if one not in first]
    chosen = [*sorted(first, key=lambda one: one.name != ARTIST and one.name not in moods), *rest]
    return {
        one.name: FilterField(f"c_{one.name}" if _PLAIN.match(one.name) else f"c{place}", one)
        for place, one in enumerate(chosen[: MOST_FIELDS - len(_OWN)])
    }


def entities(
    rows: pa.Table, vectors: Vectors, moods: Sequence[str], fields: Mapping[str, FilterField], first: int
) -> Iterator[dict[str, Any]]:
    """Make the entities of tracks, one by one.

    Args:
        rows: n rows as :func:`~moodrec.engines.columns.stored_table` makes them.
        vectors: (n, d) embeddings of unit length.
        moods: the mood columns.
        fields: the fields for filters, by column.
        first: the place of the first row in the order of arrival.

    Raises:
        DataError: a value does not fit into Milvus, or a mood score is out of [0, 1]; this is raised at once.
    """
    scores = [rows[mood].to_numpy() for mood in moods]
    whole = completed(vectors, np.stack(scores, axis=1) if scores else np.empty((len(vectors), 0)))
    main, credited = artist_names(rows)
    n = rows.num_rows
    columns = {
        field.name: _encoded(rows[name].combine_chunks(), field)
        if name in rows.column_names
        else [[field.unknown] if field.column.lists else field.unknown] * n
        for name, field in fields.items()
    }
    texts = [_row_text(row) for row in rows.to_pylist()]
    ids: list[str] = rows[TRACK_ID].to_pylist()
    _check_length([TRACK_ID], ids)
    for names in (main, credited):
        _check_length([ARTIST], [name for some in names for name in some or ()])
    return (
        {
            TRACK_ID: ids[row],
            SEQ: first + row,
            COMPLETED: whole[row],
            ROW: texts[row],
            MAIN: main[row] or [],
            CREDITED: credited[row] or [],
            **{name: values[row] for name, values in columns.items()},
        }
        for row in range(n)
    )


def _row_text(row: dict[str, Any]) -> str:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > LONGEST:
        raise DataError(
            f"track {row[TRACK_ID]!r}: its row takes {len(text.encode()):,} bytes; Milvus holds {LONGEST:,} a track, "
            "so leave long columns out"
        )
    return text


def _encoded(values: pa.Array, field: FilterField) -> list[Any]:
    if not field.column.lists:
        return _scalars(values, field)
    lengths = pc.list_value_length(values)
    if (pc.max(lengths).as_py() or 0) > LONGEST_LIST:
        raise DataError(
            f"column {brief(field.column.name)} holds a list of more than {LONGEST_LIST:,} elements"
        )
    elements = iter(_scalars(pc.list_flatten(values), field))
    lists = [[next(elements) for _ in range(count or 0)] for count in lengths.to_pylist()]
    known = [[one for one in some if one != field.unknown] for some in lists]
    return [some or [field.unknown] for some in known]


def _scalars(values: pa.Array, field: FilterField) -> list[Any]:
    kind, name, unknown = field.column.kind, field.column.name, field.unknown
    if kind == "flag":
        values = values.cast(pa.int8())
    if kind in ("float32", "float64", "whole"):
        ends = pc.min_max(values).as_py()
        least, greatest = ends["min"], ends["max"]
        if least is not None and (least <= unknown or greatest > -unknown):
            raise DataError(
                f"column {brief(name)} holds numbers that Milvus cannot hold, such as infinity; remove them"
            )
    found = values.to_pylist()
    if kind == "text":
        _check_length([name], found)
        if unknown in found:
            raise DataError(
                f"column {brief(name)} holds the text U+FFFF, which stands for NULL in Milvus; remove it"
            )
    return [unknown if one is None else one for one in found]


def _check_length(where: Sequence[str], texts: Sequence[str | None]) -> None:
    if any(one is not None and len(one.encode()) > LONGEST for one in texts):
        raise DataError(
            f"column {brief(where[0])} holds a text of more than {LONGEST:,} bytes; shorten it for Milvus"
        )
