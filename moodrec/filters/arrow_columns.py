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

    Dates and times become ISO text (``'1990-01-31'``), which sorts as they do; decimals become float64, and lengths
    of time float64 seconds.

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
    if any(check(kind) for check in (*_TEXTS, *_TIMES)):
        return _text_column(name, array.cast(pa.string()))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        array = plain_lists(array)
    elif pa.types.is_run_end_encoded(kind):
        return _built(name, pc.run_end_decode(array))
    if any(check(array.type) for check in _LISTS):
        return _list_column(name, array)
    return _number_column(name, array)


def _number_column(name: str, array: pa.Array) -> NumberColumn:
    kind = array.type
    if pa.types.is_decimal(kind) or pa.types.is_uint64(kind):
        array = array.cast(pa.float64(), safe=False)
    elif pa.types.is_float16(kind):
        array = array.cast(pa.float32())
    elif pa.types.is_integer(kind):
        return NumberColumn(name, narrowed(values_of(array)), present_in(array))
    elif pa.types.is_duration(kind):
        array = pc.divide(array.cast(pa.int64()).cast(pa.float64(), safe=False), _UNITS[kind.unit])
    if not pa.types.is_floating(array.type):
        raise _unusable(name, kind)
    return NumberColumn(name, filled(array, np.nan))


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
