"""The columns of a track table: what they hold, and which values are the commonest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from moodrec.index.mood_index import MoodIndex

MOOD: Final = "mood"
PROBABILITY: Final = "probability"
_NAMES: Final = (
    (pa.types.is_boolean, "yes or no"),
    (pa.types.is_integer, "whole number"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_temporal, "time"),
    (pa.types.is_string, "text"),
    (pa.types.is_large_string, "text"),
)


@dataclass(frozen=True)
class ColumnSummary:
    """A column of a track table, in short."""

    name: str
    kind: str
    """``mood``, ``probability``, ``text``, ``number``, ``whole number``, ``yes or no``, ``time`` or ``list of text``.
    """
    known: int
    """Number of tracks with a value."""
    distinct: int
    """Number of different values."""
    common: tuple[tuple[str, int], ...]
    """The commonest values of a column of texts, each with its number of tracks; none where all differ."""
    low: float | str | None
    """The least value of a column of numbers or times; None of others."""
    high: float | str | None
    """The greatest value of a column of numbers or times; None of others."""


def summarise_columns(index: MoodIndex, values: int = 5) -> list[ColumnSummary]:
    """Describe each column that conditions, ``--sort`` and ``--columns`` may name.

    Args:
        index: what holds the tracks.
        values: greatest number of common values to list for a column.
    """
    table = index.table
    return [_summary(table[name], name, index.moods, values) for name in table.column_names]


def _summary(column: pa.ChunkedArray, name: str, moods: tuple[str, ...], values: int) -> ColumnSummary:
    kind = _kind(column.type)
    if name in moods:
        kind = MOOD
    elif name.startswith("prob_") and name.removeprefix("prob_") in moods:
        kind = PROBABILITY
    flat = _flat(column)
    known = _known(column)
    ordered = kind in (MOOD, PROBABILITY, "number", "whole number", "time")
    least, most = (pc.min_max(flat)[end].as_py() for end in ("min", "max")) if ordered else (None, None)
    common: tuple[tuple[str, int], ...] = ()
    counted = pc.value_counts(flat) if kind in ("text", "list of text", "yes or no") else None
    if counted is not None:
        pairs = sorted(
            zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True),
            key=lambda pair: (-pair[1], str(pair[0])),
        )
        common = tuple((str(value), count) for value, count in pairs[:values] if value is not None)
        if all(count == 1 for _, count in common):
            common = ()
    distinct = pc.count_distinct(flat, mode="only_valid").as_py()
    return ColumnSummary(name, kind, known, distinct, common, _plain(least), _plain(most))


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_kind(kind.value_type)}"
    return next((name for fits, name in _NAMES if fits(kind)), str(kind))


def _flat(column: pa.ChunkedArray) -> pa.Array:
    """Put the values of a column, or of all its lists, into one array without unknown ones."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        array = array.flatten()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        array = array.filter(pc.invert(pc.is_nan(array)))
    return array.drop_null()


def _known(column: pa.ChunkedArray) -> int:
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        filled: int = pc.sum(pc.greater(pc.list_value_length(column), 0)).as_py() or 0
        return filled
    unknown = int(pc.sum(pc.is_nan(column)).as_py() or 0) if pa.types.is_floating(column.type) else 0
    known: int = len(column) - column.null_count - unknown
    return known


def _plain(value: Any) -> float | str | None:
    return value if value is None or isinstance(value, int | float) else str(value)
