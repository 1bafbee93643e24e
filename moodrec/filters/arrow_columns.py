"""An Arrow column is converted to the NumPy arrays that :mod:`moodrec.filters.column_types` tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.arrow_numpy import array_of, filled, narrowed, plain_lists, present_in, values_of
from moodrec.filters.column_types import (
    Column,
    ListColumn,
    NumberColumn,
    TextColumn,
)
from moodrec.filters.conditions import shown_name
from moodrec.filters.flag_column import FlagColumn, NullColumn

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_TIMES = (pa.types.is_date, pa.types.is_time, pa.types.is_timestamp)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def build_column(name: str, values: pa.Array | pa.ChunkedArray) -> Column:
    """Convert an Arrow column to a typed column that conditions can be tested on.

    Dates and times become ISO text (``'1990-01-31'``, ``'1990-01-31 12:00:00.5'``), which sorts as they do, in UTC
    where they have a zone; decimals become float64, and lengths of time float64 seconds.

    Args:
        name: name of the column, for messages.
        values: (n,) the Arrow column.

    Raises:
        FilterError: no test is defined on values of this type (bytes, maps, structs, lists of lists).
    """
    try:
        return _built(name, values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise _unusable(name, values.type) from None


def _unusable(name: str, kind: pa.DataType) -> FilterError:
    return FilterError(
        f"column {shown_name(name)} holds {str(kind)[:80]} values, which cannot be filtered on"
    )


def _built(name: str, array: pa.Array) -> Column:
    kind = array.type
    if pa.types.is_null(kind):
        return NullColumn(name, len(array))
    if pa.types.is_boolean(kind):
        return FlagColumn(name, filled(array.cast(pa.int8()), -1))
    if pa.types.is_dictionary(kind):
        if any(check(kind.value_type) for check in _TEXTS):
            return _coded_column(name, array)
        if pa.types.is_nested(kind.value_type):
            raise _unusable(name, kind)
        return _built(name, array.dictionary_decode())
    if any(check(kind) for check in _TEXTS):
        return _text_column(name, array.cast(pa.string()))
    if any(check(kind) for check in _TIMES):
        return _text_column(name, _iso_texts(array))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        array = plain_lists(array)
    elif pa.types.is_run_end_encoded(kind):
        return _built(name, pc.run_end_decode(array))
    if any(check(array.type) for check in _LISTS):
        return _list_column(name, array)
    return _number_column(name, array)


def _iso_texts(times: pa.Array) -> pa.Array:
    """Write dates and times as ISO text, one text for one time whatever the unit is that it is stored in."""
    kind = times.type
    if pa.types.is_timestamp(kind):
        times = times.cast(pa.timestamp(kind.unit))  # in UTC, which needs no zone behind it
    texts = times.cast(pa.string())
    if pa.types.is_date(kind) or kind.unit == "s":
        return texts
    return pc.replace_substring_regex(texts, r"\.?0+$", "")


def _number_column(name: str, array: pa.Array) -> NumberColumn:
    kind = array.type
    if pa.types.is_decimal(kind):
        array = array.cast(pa.string()).cast(pa.float64())  # Arrow's own cast is off by the last bit
    elif pa.types.is_uint64(kind):
        array = _of_unsigned(array)
    elif pa.types.is_float16(kind):
        array = array.cast(pa.float32())
    if pa.types.is_integer(array.type):
        return NumberColumn(name, narrowed(values_of(array)), present_in(array))
    if pa.types.is_duration(kind):
        array = pc.divide(array.cast(pa.int64()).cast(pa.float64(), safe=False), _UNITS[kind.unit])
    if not pa.types.is_floating(array.type):
        raise _unusable(name, kind)
    return NumberColumn(name, filled(array, np.nan))


def _of_unsigned(array: pa.Array) -> pa.Array:
    """Read numbers that fit as signed ones; with greater ones, which no new index holds, all are rounded."""
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        return array.cast(pa.float64(), safe=False)


def _text_column(name: str, array: pa.Array) -> TextColumn:
    encoded = array.dictionary_encode()
    codes = narrowed(filled(encoded.indices, -1))
    return TextColumn(name, codes, encoded.dictionary)


def _coded_column(name: str, array: pa.DictionaryArray) -> TextColumn:
    """Read texts that are stored once each, without writing them out for each row.

    The categories become those that occur, each once, in the order of their first rows.
    """
    once = array.dictionary.cast(pa.string()).dictionary_encode()
    code_of = np.append(filled(once.indices, -1).astype(np.int64), -1)  # the last stands for NULL
    codes = code_of[filled(array.indices.cast(pa.int64()), -1)]
    found, first, places = np.unique(codes, return_index=True, return_inverse=True)
    unknown = int(len(found) > 0 and found[0] < 0)  # NULL comes first, and is no category
    order = np.argsort(first[unknown:])
    new: NDArray[np.int64] = np.full(len(found), -1, np.int64)
    new[unknown:][order] = np.arange(len(order))
    return TextColumn(name, narrowed(new[places]), once.dictionary.take(array_of(found[unknown:][order])))


def _list_column(name: str, array: pa.Array) -> ListColumn:
    inner = array.type.value_type
    if pa.types.is_nested(inner):
        raise _unusable(name, array.type)
    lengths = filled(pc.list_value_length(array), 0)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    elements = pc.list_flatten(array)
    if pa.types.is_dictionary(elements.type):
        elements = elements.dictionary_decode()
    if pa.types.is_string_view(inner):
        elements = elements.cast(pa.large_string())
    encoded = elements.dictionary_encode()
    codes = filled(encoded.indices, -1)
    categories = build_column(name, encoded.dictionary)
    return ListColumn(name, codes, offsets, categories, len(encoded.dictionary))
