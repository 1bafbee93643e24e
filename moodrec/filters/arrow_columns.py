"""An Arrow column is converted to the NumPy arrays that :mod:`moodrec.filters.column_types` tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.errors import FilterError
from moodrec.filters.arrow_numpy import filled, narrowed, present_in, values_of
from moodrec.filters.column_types import (
    Column,
    ListColumn,
    NumberColumn,
    TextColumn,
)
from moodrec.filters.conditions import quote_name
from moodrec.filters.flag_column import FlagColumn, NullColumn

_TEXT_LIKE = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_temporal)


def build_column(name: str, values: pa.Array | pa.ChunkedArray) -> Column:
    """Convert an Arrow column to a typed column that conditions can be tested on.

    Dates and times become ISO text (``'1990-01-31'``), which sorts as they do; decimals become float64.

    Args:
        name: name of the column, for messages.
        values: (n,) the Arrow column.

    Raises:
        FilterError: no test is defined on values of this type (bytes, maps, structs).
    """
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    kind = array.type
    if pa.types.is_dictionary(kind):
        return build_column(name, array.dictionary_decode())
    if pa.types.is_null(kind):
        return NullColumn(name, len(array))
    if pa.types.is_boolean(kind):
        return FlagColumn(name, filled(array.cast(pa.int8()), -1))
    if any(check(kind) for check in _TEXT_LIKE):
        return _text_column(name, array.cast(pa.string()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
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
    if not pa.types.is_floating(array.type):
        raise FilterError(f"column {quote_name(name)} holds {kind} values, which cannot be filtered on")
    return NumberColumn(name, filled(array, np.nan))


def _text_column(name: str, array: pa.Array) -> TextColumn:
    encoded = array.dictionary_encode()
    codes = narrowed(filled(encoded.indices, -1))
    return TextColumn(name, codes, encoded.dictionary)


def _list_column(name: str, array: pa.Array) -> ListColumn:
    lengths = filled(pc.list_value_length(array), 0)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    elements = pc.list_flatten(array)
    if pa.types.is_dictionary(elements.type):
        elements = elements.dictionary_decode()
    encoded = elements.dictionary_encode()
    codes = filled(encoded.indices, -1)
    categories = build_column(name, encoded.dictionary)
    return ListColumn(name, codes, offsets, categories, len(encoded.dictionary))
