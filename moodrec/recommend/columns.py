"""What the columns of a track table hold: types, ranges and commonest values, for completion while one types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from moodrec.index.front import SearchFront

Kind = Literal["number", "text", "list", "flag", "date", "other"]
COMMONEST: Final = 50
"""The number of values that are listed for a column."""


@dataclass(frozen=True)
class ColumnSummary:
    """What one column holds."""

    name: str
    kind: Kind
    mood: bool
    """Whether it holds the scores of a mood."""
    known: int
    """The number of rows that have a value."""
    least: float | None
    """The smallest number; None where the column holds no numbers."""
    greatest: float | None
    """The greatest number."""
    values: tuple[tuple[str, int], ...]
    """The commonest texts with the number of their rows, the commonest first; of a list, the commonest items."""


def column_summaries(index: SearchFront, commonest: int = COMMONEST) -> list[ColumnSummary]:
    """Summarise the columns of an index.

    Args:
        index: whose track table is read.
        commonest: the number of values listed for a column, 0 or more.
    """
    table = index.table
    return [summary_of(name, table[name], index.moods, commonest) for name in table.column_names]


def summary_of(name: str, column: pa.ChunkedArray, moods: Sequence[str], commonest: int) -> ColumnSummary:
    """Summarise what one column holds.

    Args:
        name: of the column.
        column: its values.
        moods: the names of the columns that are moods.
        commonest: the number of values listed.
    """
    kind = kind_of(column.type)
    least = greatest = None
    values: tuple[tuple[str, int], ...] = ()
    if kind == "number":
        ends = pc.min_max(column).as_py()
        least, greatest = (None if ends[end] is None else float(ends[end]) for end in ("min", "max"))
    elif kind in ("text", "list"):
        values = _commonest(column, kind, commonest)
    return ColumnSummary(name, kind, name in moods, len(column) - column.null_count, least, greatest, values)


def kind_of(holds: pa.DataType) -> Kind:
    """Return the kind of values of an Arrow type."""
    if pa.types.is_dictionary(holds):
        return kind_of(holds.value_type)
    if pa.types.is_boolean(holds):
        return "flag"
    if pa.types.is_integer(holds) or pa.types.is_floating(holds) or pa.types.is_decimal(holds):
        return "number"
    if pa.types.is_string(holds) or pa.types.is_large_string(holds):
        return "text"
    if pa.types.is_list(holds) or pa.types.is_large_list(holds):
        return "list"
    return "date" if pa.types.is_temporal(holds) else "other"


def _commonest(column: pa.ChunkedArray, kind: Kind, n: int) -> tuple[tuple[str, int], ...]:
    flat: Any = pc.list_flatten(column) if kind == "list" else column
    if not (pa.types.is_dictionary(flat.type) or kind_of(flat.type) == "text"):
        return ()
    if pa.types.is_dictionary(flat.type):
        flat = flat.cast(flat.type.value_type)
    counts = pc.value_counts(flat)
    pairs = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    every = Counter({value: count for value, count in pairs if value})
    found = every.most_common(n)
    # Ids and paths: no value is commoner than another, and there are too many to choose from.
    return () if len(every) > n and found and found[0][1] == 1 else tuple(found)
