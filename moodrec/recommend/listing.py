"""Lists of tracks in an order that the user names."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from moodrec.errors import UsageError
from moodrec.filters.names import hint


@dataclass(frozen=True)
class SortKey:
    """A column to sort by."""

    column: str
    falling: bool = False


def sort_keys(text: str) -> list[SortKey]:
    """Read ``calm,-year``: by calm, rising, then by year, falling; a name in double quotes is read as it is.

    Raises:
        UsageError: a name is missing.
    """
    keys = []
    for part in text.split(","):
        name = part.strip()
        falling = name.startswith("-")
        name = name.removeprefix("-").strip()
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1]
        if not name:
            raise UsageError(
                f"cannot sort by {text!r}: write column names with commas between, such as 'calm,-year'"
            )
        keys.append(SortKey(name, falling))
    return keys


def in_order(table: pa.Table, keys: list[SortKey]) -> pa.Table:
    """The table sorted; unknown values come last either way, text goes without regard to case.

    Raises:
        UsageError: there is no such column, or it holds values without an order.
    """
    columns = [_sortable(table, key.column) for key in keys]
    order = [(str(i), "descending" if key.falling else "ascending") for i, key in enumerate(keys)]
    by = pa.table(columns, names=[name for name, _ in order])
    return table.take(pc.sort_indices(by, sort_keys=order))


def _sortable(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise UsageError(
            f"cannot sort by {name!r}: no such column; {hint(name, table.column_names, 'columns')}"
        )
    column = table[name]
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind):
        raise UsageError(f"cannot sort by {name!r}: it holds {kind} values")
    return pc.utf8_lower(column) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else column
