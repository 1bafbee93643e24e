"""The kinds of columns that an index stores: those that filters can read, and bytes, which they cannot.

Arrow has many kinds for the same values. What another kind means is converted when an index is built; columns of what
no filter can read are refused there, by their names, and not by a failure of some later search.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from moodrec.arguments import brief
from moodrec.errors import DataError
from moodrec.filters.arrow_numpy import plain_lists

_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string)
_BYTES: Final = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
_PLAIN: Final = (
    *_TEXTS,
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_timestamp,
)
_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_SHARING: Final = (
    pa.types.is_string_view,
    pa.types.is_binary_view,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_run_end_encoded,
    pa.types.is_union,
)
"""Kinds whose rows may share memory, so that a small file could stand for any number of values."""
_UNITS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def storable(table: pa.Table) -> pa.Table:
    """Convert the columns of a track table to kinds that an index stores.

    Texts and lists that share memory become plain ones, values that are stored once for many rows are written out,
    and a length of time becomes a number of seconds.

    Raises:
        DataError: a column holds lists of lists, structs, intervals or other values that no filter can read.
    """
    columns = [
        _storable(name, column) for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.table(columns, names=table.column_names)


def is_bounded(kind: pa.DataType) -> bool:
    """Whether a column of this kind in a file holds no more than the file itself."""
    if isinstance(kind, pa.BaseExtensionType) or any(check(kind) for check in _SHARING):
        return False
    if pa.types.is_dictionary(kind):
        return not pa.types.is_nested(kind.value_type) and is_bounded(kind.value_type)
    return all(is_bounded(kind.field(i).type) for i in range(kind.num_fields))


def _storable(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        found = _converted(column)
    except (pa.ArrowException, NotImplementedError):  # kinds that Arrow itself cannot convert
        found = None
    if found is None:
        raise DataError(
            f"column {brief(name)} holds {str(column.type)[:80]} values, which no filter can read: leave it out, or "
            "make it texts, numbers, truth values, dates, or lists of these"
        )
    return found


def _converted(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as one of the kinds that are stored; None where it has no meaning as any."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        if not any(check(kind.storage_type) for check in (*_TEXTS, pa.types.is_string_view)):
            return None
        return _converted(pa.chunked_array([one.storage for one in column.chunks], kind.storage_type))
    if any(check(kind) for check in (*_PLAIN, *_BYTES)):
        return column
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return column.cast(pa.large_binary())
    if pa.types.is_duration(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), _UNITS[kind.unit])
    if pa.types.is_run_end_encoded(kind):
        return _converted(pc.run_end_decode(column))
    if pa.types.is_dictionary(kind):
        return _of_dictionary(column)
    return _of_lists(column)


def _of_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Keep a dictionary of plain values; convert the values of another, and write them out."""
    inner = column.type.value_type
    if any(check(inner) for check in (*_PLAIN, *_BYTES)):
        return column
    parts = []
    for chunk in column.chunks:
        values = _converted(pa.chunked_array([chunk.dictionary]))
        if values is None:
            return None
        parts.append(values.combine_chunks().take(chunk.indices))
    return pa.chunked_array(parts) if parts else pa.chunked_array([[]], pa.null())


def _of_lists(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Keep lists of plain values; lists that share memory are copied."""
    kind = column.type
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        column = pa.chunked_array([plain_lists(column.combine_chunks())])
    elif not any(check(kind) for check in _LISTS):
        return None
    inner = column.type.value_type
    if pa.types.is_dictionary(inner):
        inner = inner.value_type
    if pa.types.is_string_view(inner):
        column = column.cast(_list_of(column.type, pa.large_string()))
    elif not any(check(inner) for check in _PLAIN):
        return None
    return column


def _list_of(kind: pa.DataType, inner: pa.DataType) -> pa.DataType:
    """Return the same kind of lists of other values."""
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner, kind.list_size)
    return pa.large_list(inner) if pa.types.is_large_list(kind) else pa.list_(inner)
