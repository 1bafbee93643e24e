"""Arrow arrays become NumPy arrays over the same memory, and the other way round.

pyarrow's own conversions import pandas, which takes longer than most searches.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.typing import RowMask

_NAMES: Final = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""Names of types that Arrow calls otherwise than NumPy."""
_SIGNED: Final = (np.int8, np.int16, np.int32)


def values_of(array: pa.Array) -> NDArray[Any]:
    """View an Arrow array of whole or floating numbers as NumPy (n,); the numbers at NULL entries are undefined."""
    dtype = np.dtype(_NAMES.get(str(array.type), str(array.type)))
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(len(array), dtype)
    return np.frombuffer(data, dtype)[array.offset : array.offset + len(array)]


def array_of(numbers: NDArray[Any]) -> pa.Array:
    """View (n,) whole or floating numbers as an Arrow array over the same memory."""
    piece = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.from_numpy_dtype(piece.dtype), len(piece), [None, pa.py_buffer(piece)])


def present_in(array: pa.Array) -> RowMask | None:
    """Compute the (n,) mask of entries that are not NULL; None if no entry is NULL."""
    bits = array.buffers()[0] if array.null_count else None
    if bits is None:
        return None
    end = array.offset + len(array)
    unpacked = np.unpackbits(np.frombuffer(bits, np.uint8), count=end, bitorder="little")
    return unpacked[array.offset :].view(bool)


def filled(array: pa.Array, instead: float) -> NDArray[Any]:
    """Read the numbers of an Arrow array, with a given number in place of NULL.

    Args:
        array: (n,) whole or floating numbers.
        instead: the number that stands for NULL.

    Returns:
        (n,) NumPy array of the same type.
    """
    values, present = values_of(array), present_in(array)
    return values if present is None else np.where(present, values, values.dtype.type(instead))


def flags_of(array: pa.Array) -> RowMask:
    """Read an Arrow array of truth values as a mask (n,), False where NULL."""
    return filled(array.cast(pa.uint8()), 0).astype(bool)


def narrowed(whole: NDArray[Any]) -> NDArray[Any]:
    """Convert whole numbers to the smallest signed type that holds them and their maximum plus one.

    Smaller columns leave a search less memory to read.
    """
    low, high = (int(whole.min()), int(whole.max()) + 1) if len(whole) else (0, 0)
    fitting = (kind for kind in _SIGNED if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    kind = next(fitting, whole.dtype)
    return whole.astype(kind) if np.dtype(kind).itemsize < whole.dtype.itemsize else whole


def plain_lists(array: pa.Array) -> pa.Array:
    """Copy lists that may share memory to plain ones; Arrow's own cast of them is wrong where some are NULL."""
    inner, large = array.type.value_type, pa.types.is_large_list_view(array.type)
    return pa.array(array.to_pylist(), pa.large_list(inner) if large else pa.list_(inner))
