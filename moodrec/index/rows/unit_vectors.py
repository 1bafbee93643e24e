"""Vectors that users hand over are checked and scaled to unit length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.index.kernel.provider import provider
from moodrec.index.rows.given_vectors import as_matrix
from moodrec.typing import Float64Array, RowMask, Vectors

_CHUNK: Final = 1 << 16
"""Rows that are scaled at a time, so that their double-precision copies stay small."""
_NAMED: Final = 5
"""How many rows an error message names."""
_SHORTEST: Final = 1e-100
_LONGEST: Final = 1e100
"""Rows shorter or longer than this are scaled first, because their squares would underflow or overflow."""


def unit_rows(
    vectors: ArrayLike, dim: int | None = None, names: Sequence[str] | None = None, first: int = 0
) -> Vectors:
    """Scale vectors to unit length in a copy; the caller's array stays as it is.

    Args:
        vectors: (n, d) finite numbers; without ``names``, (d,) numbers are one row.
        dim: the dimension d that the vectors must have; None allows any.
        names: (n,) what an error message calls each row; None: it gives the row's number.
        first: the number of the first row in error messages, where these rows follow others.

    Returns:
        (n, d) float32 vectors.

    Raises:
        DataError: the vectors are not a matrix of numbers or have another dimension, or rows are zero or not finite;
            the message names these rows.
    """
    matrix = _matrix(vectors, dim, single=names is None)
    if names is not None and len(names) != len(matrix):
        raise DataError(f"{len(matrix)} vectors were given for {len(names)} tracks")
    if matrix.dtype == np.float32 and matrix.flags.c_contiguous:
        scaled = provider().unit_rows(matrix, in_place=names is None)
        if scaled is not None:
            return scaled
        matrix = _matrix(vectors, dim, single=names is None)
    unit = np.empty(matrix.shape, np.float32)
    for start in range(0, len(matrix), _CHUNK):
        part = matrix[start : start + _CHUNK].astype(np.float64)
        lengths = _lengths(part)
        plain = (lengths > _SHORTEST) & (lengths < _LONGEST)
        if not plain.all():
            _scale(part, ~plain, start, names, first)
            lengths = _lengths(part)
        unit[start : start + _CHUNK] = part / lengths[:, None]
    return unit


def _lengths(part: Float64Array) -> Float64Array:
    """Return (n,) Euclidean lengths. Each row is summed by itself, so the rows beside it cannot change its
    last bit.
    """
    lengths: Float64Array = np.sqrt(np.einsum("ij,ij->i", part, part))
    return lengths


def _scale(part: Float64Array, rows: RowMask, start: int, names: Sequence[str] | None, first: int) -> None:
    """Scale some rows in place so that their squares neither underflow nor overflow; refuse those that are no
    vectors.
    """
    largest = np.abs(part).max(axis=1, initial=0)
    _refuse_rows(~np.isfinite(largest), "hold NaN or infinite numbers", start, names, first)
    _refuse_rows(largest == 0, "are zero, which has no direction", start, names, first)
    part[rows] /= largest[rows, None]


def _matrix(vectors: ArrayLike, dim: int | None, single: bool) -> NDArray[Any]:
    matrix = as_matrix(vectors)
    if single:  # a copy for queries, which may be scaled in place; rows of a catalogue are copied when scaled
        matrix = np.array(matrix, ndmin=2)
    if matrix.dtype.kind not in "fiu":
        ids = "; MoodIndex.similar_to takes ids" if matrix.dtype.kind in "UT" else ""
        raise DataError(f"the vectors are {matrix.dtype} values, not numbers{ids}")
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise DataError(f"vectors must have the shape (n, d), not {matrix.shape}")
    if dim is not None and matrix.shape[1] != dim:
        raise DataError(f"the vectors have {matrix.shape[1]} dimensions, the index has {dim}")
    return matrix


def _refuse_rows(bad: RowMask, what: str, start: int, names: Sequence[str] | None, first: int) -> None:
    rows = [int(row) + start for row in np.flatnonzero(bad)]
    if rows:
        shown = [row + first if names is None else f"{row + first} ({names[row]})" for row in rows]
        raise DataError(f"vectors of rows {', '.join(map(str, shown[:_NAMED]))}{_more(rows)} {what}")


def _more(rows: list[int]) -> str:
    return f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
