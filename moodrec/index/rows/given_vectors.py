"""Vectors of other libraries become matrices of NumPy: tensors, columns of lists, tables of numbers, Arrow arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.arguments import brief, listed
from moodrec.errors import DataError, UsageError
from moodrec.filters.names import hint
from moodrec.index.rows.column_kinds import without_tensors
from moodrec.index.rows.tables import as_arrow, is_table


def as_matrix(given: Any) -> NDArray[Any]:
    """Return vectors as an array of NumPy, without copying where their library allows it.

    Args:
        given: an array or a list of NumPy, PyTorch (on any device), pandas, polars or Arrow: a matrix, a column of
            lists, or a table whose columns are the dimensions.

    Raises:
        DataError: it holds something else than numbers, or vectors of different lengths.
    """
    if hasattr(given, "detach"):  # a tensor of PyTorch, which may lie on a GPU and want a gradient
        given = given.detach().cpu()
        return np.asarray(given.float().numpy() if "bfloat16" in str(given.dtype) else given.numpy())
    if isinstance(given, np.ndarray) and given.dtype != object:
        return given
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return _of_table(given) if is_table(given) else _of_column(_chunked(given))
    try:
        array = np.asarray(given)
    except ValueError:
        raise DataError("the vectors are not all of one length") from None
    except (MemoryError, OverflowError):
        raise DataError(
            f"{brief(given)} does not fit into memory as an array: give vectors, (n, d) numbers"
        ) from None
    return _of_rows(array) if array.dtype == object else array


def without_vectors(table: pa.Table, name: str) -> tuple[NDArray[Any], pa.Table]:
    """Part a table into its vectors and all else.

    Args:
        table: n rows.
        name: the column of vectors.

    Returns:
        (n, d) numbers, and the other columns.

    Raises:
        DataError: there is no such column, a row is NULL, or of another length than the first.
    """
    if not isinstance(name, str):
        raise UsageError(f"embedding is the name of a column, not {brief(name)}")
    if name not in table.column_names:
        raise DataError(f"the table has no column {brief(name)}; {hint(name, table.column_names, 'columns')}")
    return vectors_of(table[name], name), table.drop_columns([name])


def vectors_of(column: pa.ChunkedArray, name: str) -> NDArray[Any]:
    """Read an Arrow column of lists of one length as a matrix.

    Args:
        column: n lists of d numbers each.
        name: the name of the column, for error messages.

    Returns:
        (n, d) numbers.

    Raises:
        DataError: a row is NULL, or of another length than the first that is not.
    """
    array = without_tensors(column).combine_chunks()
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise DataError(f"column {brief(name)} holds {str(kind)[:80]} values; vectors are lists of numbers")
    lengths = pc.fill_null(pc.list_value_length(array), -1).to_numpy(zero_copy_only=False)
    usual = lengths[lengths >= 1][:1]
    wrong = np.flatnonzero((lengths < 1) | (lengths != (usual if len(usual) else 0))).tolist()
    if wrong:
        raise DataError(
            f"column {brief(name)}: the vectors of rows {listed(wrong)} are missing or of another length"
        )
    flat = pc.list_flatten(array).to_numpy(zero_copy_only=False)
    return flat.reshape(len(array), -1) if len(array) else np.empty((0, 1), np.float32)


def _chunked(given: Any) -> pa.ChunkedArray:
    if isinstance(given, pa.ChunkedArray):
        return given
    if hasattr(given, "__arrow_c_array__"):
        return pa.chunked_array([pa.array(given)])
    try:
        return pa.chunked_array(given)
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
    ):  # a series of pandas whose cells are arrays of several lengths
        return pa.chunked_array([pa.array(given)])


def _of_column(column: pa.ChunkedArray) -> NDArray[Any]:
    """Read a column: of numbers as (n,), of lists as (n, d)."""
    column = without_tensors(column)
    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return np.asarray(column.to_numpy())
    array = column.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(array), -1).to_numpy(zero_copy_only=False)
    if len(lengths) and (lengths < 1).any():
        raise DataError(f"the vector of row {int(np.argmax(lengths < 1))} is missing")
    if len(set(lengths.tolist())) > 1:
        raise DataError("the vectors are not all of one length")
    flat = pc.list_flatten(array).to_numpy(zero_copy_only=False)
    return flat.reshape(len(array), -1) if len(array) else np.empty((0, 1), np.float32)


def _of_table(given: Any) -> NDArray[Any]:
    """Read a table as a matrix: a column a dimension, or one column of lists."""
    table = as_arrow(given, "the table of vectors")
    if not table.num_columns:
        raise DataError(
            "a table of vectors has a column of numbers for each dimension, or one column of lists; this "
            "one has no column"
        )
    if table.num_columns == 1:
        column = _of_column(table.column(0))
        return column if column.ndim == 2 else column[:, None]
    for name in table.column_names:
        if not (pa.types.is_floating(table[name].type) or pa.types.is_integer(table[name].type)):
            raise DataError(
                f"column {brief(name)} holds {str(table[name].type)[:80]} values; a table of vectors has a column "
                "of numbers for each dimension, or one column of lists: give that column"
            )
    return np.column_stack([table[name].to_numpy() for name in table.column_names])


def _of_rows(array: NDArray[np.object_]) -> NDArray[Any]:
    """Join cells that hold a vector each."""
    try:
        # A row of objects is read anew from its list: as numbers, if it holds numbers alone.
        return np.stack([np.asarray(row.tolist() if hasattr(row, "tolist") else row) for row in array])
    except (ValueError, TypeError):
        if array.ndim and all(hasattr(row, "__len__") for row in array):
            raise DataError("the vectors are not all of one length") from None
        raise DataError(f"vectors are arrays of numbers, not {brief(array.tolist())}") from None
