"""What an engine stores of a track table: columns of a few kinds, without NaN and without what it cannot filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief
from moodrec.errors import DataError

Kind = Literal["float32", "float64", "whole", "flag", "text", "null"]
ARROW: Final[dict[Kind, pa.DataType]] = {
    "float32": pa.float32(),
    "float64": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
    "text": pa.string(),
    "null": pa.null(),
}


@dataclass(frozen=True)
class StoredColumn:
    """A column as an engine stores it."""

    name: str
    kind: Kind
    """What its values are; of a column of lists, what their elements are."""
    lists: bool = False
    """Whether a value is a list."""

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the stored values."""
        return pa.list_(ARROW[self.kind]) if self.lists else ARROW[self.kind]

    @property
    def numbers(self) -> bool:
        """Whether its values are numbers."""
        return not self.lists and self.kind in ("float32", "float64", "whole")


def stored_column(name: str, kind: pa.DataType) -> StoredColumn:
    """Return how a column of an Arrow type is stored.

    Dates and times are stored as ISO text, as filters read them; decimals and numbers beyond 64 bits as float64.

    Args:
        name: the name of the column.
        kind: its type.

    Raises:
        DataError: no filter reads such a type (bytes, maps, structs, lists of lists).
    """
    if pa.types.is_dictionary(kind):
        return stored_column(name, kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        element = stored_column(name, kind.value_type)
        if not element.lists:
            return StoredColumn(name, element.kind, lists=True)
    for found, checks in _KINDS.items():
        if any(check(kind) for check in checks):
            return StoredColumn(name, found)
    raise DataError(
        f"column {brief(name)} holds {str(kind)[:80]} values, which this engine does not store; drop or convert it"
    )


_KINDS: Final[dict[Kind, tuple[Callable[[pa.DataType], bool], ...]]] = {
    "null": (pa.types.is_null,),
    "flag": (pa.types.is_boolean,),
    "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_temporal),
    "float64": (pa.types.is_float64, pa.types.is_decimal, pa.types.is_uint64),
    "float32": (pa.types.is_float32, pa.types.is_float16),
    "whole": (pa.types.is_integer,),
}


def stored_columns(schema: pa.Schema) -> dict[str, StoredColumn]:
    """Return how each column of a track table is stored, by name."""
    return {field.name: stored_column(field.name, field.type) for field in schema}


def stored_table(table: pa.Table) -> tuple[tuple[StoredColumn, ...], pa.Table]:
    """Convert a track table to what an engine stores.

    Args:
        table: n checked rows.

    Returns:
        The columns, and the n rows with their types, in which NaN is NULL and texts are in composed form (NFC).

    Raises:
        DataError: as :func:`stored_column`, or a text holds the character NUL, which databases do not store.
    """
    columns = tuple(stored_column(field.name, field.type) for field in table.schema)
    arrays = [_stored(table[column.name].combine_chunks(), column) for column in columns]
    return columns, pa.table(arrays, names=[column.name for column in columns])


def _stored(values: pa.Array, column: StoredColumn) -> pa.Array:
    if column.lists:
        offsets = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(values), 0).to_numpy())])
        elements = _stored(pc.list_flatten(values), StoredColumn(column.name, column.kind))
        return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), elements, mask=pc.is_null(values))
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    array = values.cast(ARROW[column.kind], safe=False)
    if column.kind in ("float32", "float64"):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    if column.kind == "text":
        array = pc.utf8_normalize(array, "NFC")  # as filters compare texts
    if column.kind == "text" and pc.any(pc.match_substring(array, "\0")).as_py():
        raise DataError(
            f"column {brief(column.name)} holds the character NUL, which databases do not store; remove it"
        )
    return array


def restored(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give stored rows the types that they had; a column that cannot be converted back keeps its stored type.

    Args:
        table: rows as they are stored.
        schema: the types of the track table.
    """
    for place, field in enumerate(table.schema):
        wanted = schema.field(field.name).type
        if wanted != field.type:
            try:
                table = table.set_column(place, field.name, table[field.name].cast(wanted, safe=False))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                continue
    return table
