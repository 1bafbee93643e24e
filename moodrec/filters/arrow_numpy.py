"""Arrow arrays as NumPy arrays over the same memory, and back. pyarrow's own ways import pandas, which takes longer
than most searches.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.typing import RowMask

_NAMES: Final = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""Of types that Arrow calls otherwise than NumPy."""
_SIGNED: Final = (np.int8, np.int16, np.int32)


def values_of(array: pa.Array) -> NDArray[Any]:
    """(n,) numbers of an Arrow array of whole or floating numbers; what stands where NULL is means nothing."""
    dtype = np.dtype(_NAMES.get(str(array.type), str(array.type)))
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(len(array), dtype)
    return np.frombuffer(data, dtype)[array.offset : array.offset + len(array)]


def array_of(numbers: NDArray[Any]) -> pa.Array:
    """An Arrow array over the memory of (n,) whole or floating numbers."""
    piece = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.from_numpy_dtype(piece.dtype), len(piece), [None, pa.py_buffer(piece)])


def present_in(array: pa.Array) -> RowMask | None:
    """(n,) False where NULL; None: nothing is."""
    bits = array.buffers()[0] if array.null_count else None
    if bits is None:
        return None
    end = array.offset + len(array)
    unpacked = np.unpackbits(np.frombuffer(bits, np.uint8), count=end, bitorder="little")
    return unpacked[array.offset :].view(bool)


def filled(array: pa.Array, instead: float) -> NDArray[Any]:
    """(n,) the numbers, with another in place of NULL."""
    values, present = values_of(array), present_in(array)
    return values if present is None else np.where(present, values, values.dtype.type(instead))


def flags_of(array: pa.Array) -> RowMask:
    """(n,) an array of truth values, False where NULL."""
    return filled(array.cast(pa.uint8()), 0).astype(bool)


def narrowed(whole: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest signed type that holds them, and one more: less to read in a search."""
    low, high = (int(whole.min()), int(whole.max()) + 1) if len(whole) else (0, 0)
    fitting = (kind for kind in _SIGNED if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    kind = next(fitting, whole.dtype)
    return whole.astype(kind) if np.dtype(kind).itemsize < whole.dtype.itemsize else whole
