"""The kinds of columns that an index stores: those that filters can read, and bytes, which they cannot.

Arrow has many kinds for the same values. What another kind means is converted when an index is built; columns of what
no filter can read are refused there, by their names, and not by a failure of some later search.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.errors import DataError
from moodrec.filters.arrow_numpy import plain_lists
from moodrec.index.rows.column_values import unreadable_values

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
        DataError: a column is damaged, or holds lists of lists, structs, intervals or other values that no filter can
            read.
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


def without_tensors(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of Arrow's tensors, of any shape, as lists of numbers; any other column as it is."""
    if not isinstance(column.type, pa.FixedShapeTensorType):
        return column
    return pa.chunked_array([one.storage for one in column.chunks], column.type.storage_type)


def _storable(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise DataError(
            f"column {brief(name)} is damaged: it holds texts that are not UTF-8, times beyond a day, or offsets "
            "that do not fit; write it anew"
        ) from None
    try:
        found = _converted(column)
    except (pa.ArrowException, NotImplementedError):  # kinds that Arrow itself cannot convert
        found = None
    if found is None:
        raise DataError(
            f"column {brief(name)} holds {str(column.type)[:80]} values, which no filter can read: leave it out, or "
            "make it texts, numbers, truth values, dates, or lists of these"
        )
    for values in _values_in(found):
        if fault := unreadable_values(values):
            raise DataError(f"column {brief(name)} holds {fault}")
    return found


def _values_in(column: pa.ChunkedArray) -> list[pa.Array]:
    """Return the plain values of a column, of its lists and of its dictionaries."""
    found = []
    for chunk in column.chunks:
        values = pc.list_flatten(chunk) if any(check(chunk.type) for check in _LISTS) else chunk
        found.append(values.dictionary if pa.types.is_dictionary(values.type) else values)
    return found


def _converted(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as one of the kinds that are stored; None where it has no meaning as any."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        stored = pa.chunked_array([one.storage for one in column.chunks], kind.storage_type)
        if isinstance(kind, pa.Bool8Type):
            return stored.cast(pa.bool_())
        texts = any(check(kind.storage_type) for check in (*_TEXTS, pa.types.is_string_view))
        return _converted(stored) if texts else None
    if any(check(kind) for check in (*_PLAIN, *_BYTES)):
        return column
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return column.cast(pa.large_binary())
    if pa.types.is_duration(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), _UNITS[kind.unit])
    if pa.types.is_run_end_encoded(kind):
        return _of_runs(column)
    if pa.types.is_dictionary(kind):
        return _of_dictionary(column)
    return _of_lists(column)


def _of_runs(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Write out values that are stored once for many rows; Arrow itself can do so for some kinds of values only."""
    parts = []
    for chunk in column.chunks:
        values = _converted(pa.chunked_array([chunk.values]))
        if values is None:
            return None
        ends = chunk.run_ends.to_numpy()
        rows = np.searchsorted(ends, chunk.offset + np.arange(len(chunk)), side="right")
        parts.append(values.combine_chunks().take(pa.array(rows)))
    return _joined(parts)


def _of_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Keep a dictionary of plain values, each of them once; convert the values of another, and write them out."""
    inner = column.type.value_type
    plain = any(check(inner) for check in (*_PLAIN, *_BYTES))
    if plain and not pa.types.is_float16(inner) and all(_is_once(one.dictionary) for one in column.chunks):
        try:
            return pa.chunked_array([column.combine_chunks()])
        except pa.ArrowInvalid:  # more values than the numbers of their places go
            pass
    parts = []
    for chunk in column.chunks:
        values = _converted(pa.chunked_array([chunk.dictionary]))
        if values is None:
            return None
        parts.append(values.combine_chunks().take(chunk.indices))
    return _joined(parts)


def _is_once(values: pa.Array) -> bool:
    """Whether values are known, and no two of them equal."""
    return values.null_count == 0 and len(values.unique()) == len(values)


def _of_lists(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Keep lists of plain values; copy lists that share memory, and lists of values that are converted."""
    kind = column.type
    views = pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind)
    if not views and not any(check(kind) for check in _LISTS):
        return None
    inner = kind.value_type
    values = inner.value_type if pa.types.is_dictionary(inner) else inner
    plain = any(check(values) for check in _PLAIN)
    if views and plain:
        return pa.chunked_array([plain_lists(column.combine_chunks())])
    # Arrow fails at lists that hold nothing by their type.
    if plain and not (pa.types.is_fixed_size_list(kind) and kind.list_size == 0):
        return column
    parts = []
    for chunk in column.chunks:
        found = _converted(pa.chunked_array([_elements(chunk)]))
        if found is None or not any(check(found.type) for check in _PLAIN):
            return None
        lengths = _lengths(chunk)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        parts.append(
            pa.LargeListArray.from_arrays(pa.array(offsets), found.combine_chunks(), mask=chunk.is_null())
        )
    return _joined(parts)


def _lengths(lists: pa.Array) -> NDArray[np.int64]:
    """Return the (n,) lengths of lists, 0 where one is NULL."""
    if pa.types.is_fixed_size_list(lists.type):
        return np.where(lists.is_valid().to_numpy(zero_copy_only=False), lists.type.list_size, 0)
    lengths: NDArray[np.int64] = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    return lengths


def _elements(lists: pa.Array) -> pa.Array:
    """Return all values of lists, one after another."""
    if pa.types.is_fixed_size_list(lists.type) and lists.type.list_size == 0:
        return lists.values.slice(0, 0)
    return pc.list_flatten(lists)


def _joined(parts: list[pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array(parts) if parts else pa.chunked_array([[]], pa.null())
