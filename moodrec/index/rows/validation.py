"""Checks of the vectors and track tables that users hand over: once, before the index takes them in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import brief, finite, ids_of, texts
from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.filters.names import hint
from moodrec.index.kernel.provider import provider
from moodrec.index.rows.column_kinds import storable, without_tensors
from moodrec.index.rows.given_vectors import as_matrix
from moodrec.index.rows.tables import as_arrow, is_table
from moodrec.schema import TRACK_ID
from moodrec.typing import Float64Array, RowMask, Vectors

if TYPE_CHECKING:
    import pandas as pd


_CHUNK: Final = 1 << 16
"""Rows that are scaled at a time, so that their double-precision copies stay small."""
_NAMED: Final = 5
"""How many rows or ids an error message names."""
_NO_DIRECTION: Final = 1e-6
"""A sum of vectors shorter than this share of its weights is rounding, and has no direction."""
_SHORTEST: Final = 1e-100
_LONGEST: Final = 1e100
"""Rows shorter or longer than this are scaled first, because their squares would underflow or overflow."""


def listed(names: Iterable[object], limit: int = _NAMED) -> str:
    """Write the first few names for an error message, and how many more there are.

    Args:
        names: all names.
        limit: how many of them are written out.
    """
    every = list(names)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(map(brief, every[:limit])) + more


def chosen_columns(columns: Collection[str] | None, there: Sequence[str]) -> list[str] | None:
    """Check the names of the columns that a user wants.

    Args:
        columns: the names, or one alone; None wants all.
        there: the columns that there are.

    Returns:
        The names in their order; None for all.

    Raises:
        UsageError: there is no such column, one is wanted twice, or they are no names.
    """
    if columns is None:
        return None
    names = list(texts(columns, "columns"))
    for name in names:
        if name not in there:
            raise UsageError(f"no such column: {brief(name)}; {hint(name, there, 'columns')}")
    if len(set(names)) != len(names):
        raise UsageError(f"columns names one twice: {listed(names)}")
    return names


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


def checked_weights(weights: object, name: str = "weights") -> dict[str, float]:
    """Check weights by track id, and return them as plain numbers.

    Args:
        weights: a mapping of track ids to finite numbers.
        name: what the user calls the argument, for error messages.

    Raises:
        UsageError: the weights are no mapping, an id is no text, or a weight is no finite number.
    """
    if not isinstance(weights, Mapping):
        raise UsageError(f"{name} takes numbers by track id, such as {{'a': 1.0}}, not {brief(weights)}")
    found: dict[str, float] = {}
    for track_id, weight in zip(ids_of(list(weights), name), weights.values(), strict=True):
        # The keys 7 and "7" are one track.
        found[track_id] = found.get(track_id, 0.0) + finite(weight, f"the weight of {brief(track_id)}")
    return found


def mixture(vectors: Vectors, weights: Sequence[float]) -> Vectors:
    """Return the (1, d) unit vector in the direction of a weighted sum.

    Args:
        vectors: (m, d) vectors of unit length.
        weights: (m,) finite weights; a negative one points away from its vector.

    Raises:
        UsageError: there are no weights, they are not finite, or the sum has no direction.
    """
    if not len(weights) or not np.isfinite(weights).all():
        raise UsageError(f"a mixture needs tracks with finite weights, not {listed(weights)}")
    # The greatest is 1, so that neither squares nor sums of huge or tiny weights leave the range of numbers.
    most = float(np.abs(weights).max()) or 1.0
    shares = np.asarray(weights, np.float64) / most
    total = shares @ vectors.astype(np.float64)
    if np.linalg.norm(total) <= _NO_DIRECTION * np.abs(shares).sum():
        raise UsageError("the tracks of the mixture cancel each other: give them other weights")
    return unit_rows(total)


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


def track_table(tracks: pd.DataFrame | pa.Table, moods: Sequence[str] = ()) -> pa.Table:
    """Convert a user's table to Arrow, with one chunk a column and float32 mood columns.

    Args:
        tracks: a pandas or Arrow table with ``track_id`` (text, or whole numbers, which become text; unique) and the
            mood columns.
        moods: names of columns of numbers in [0, 1], where NULL and NaN mean unknown.

    Raises:
        DuplicateIdError: a ``track_id`` occurs twice.
        DataError: a column is missing, has wrong values, or holds what no filter can read; the message names rows.
    """
    moods = texts(moods, "moods")
    table = _arrow(tracks).replace_schema_metadata(None)
    if len(set(table.column_names)) != table.num_columns:
        raise DataError("the track table has two columns of one name")
    table = storable(table).combine_chunks()
    require_columns(table.column_names, moods)
    for name in (TRACK_ID, *moods):
        table = _replaced(table, name, _checked(name, table[name]))
    return table


def require_columns(names: Sequence[str], moods: Sequence[str]) -> None:
    """Check that a track table has ids and the moods that it should.

    Args:
        names: the names of its columns.
        moods: the names of those that hold mood scores.

    Raises:
        DataError: a column is missing, or is named twice.
    """
    for name in (TRACK_ID, *moods):
        if name not in names:
            raise DataError(f"the track table has no column {brief(name)}; {hint(name, names, 'columns')}")
    if len(set(moods)) != len(moods) or TRACK_ID in moods:
        raise DataError(f"moods must be different columns, and not {TRACK_ID!r}: {listed(moods, 20)}")


def checked_column(name: str, column: pa.ChunkedArray, moods: Sequence[str]) -> pa.Array:
    """Check one column as :func:`track_table` checks all of a table.

    Args:
        name: the name of the column.
        column: its n values.
        moods: the names of the columns that hold mood scores.

    Returns:
        The values in one chunk.

    Raises:
        DuplicateIdError, DataError: as for :func:`track_table`.
    """
    stored = storable(pa.table({name: column})).column(0)
    if name == TRACK_ID or name in moods:
        return _checked(name, stored)
    try:
        return stored.combine_chunks()
    except pa.ArrowInvalid:
        raise DataError(f"column {brief(name)} holds more than 2 GB of text, which no index takes") from None


def _checked(name: str, column: pa.ChunkedArray) -> pa.Array:
    """Return a column of ids, or of mood scores, after its checks."""
    return _ids(column) if name == TRACK_ID else _scores(name, column)


def _arrow(tracks: pd.DataFrame | pa.Table) -> pa.Table:
    if not is_table(tracks):
        raise DataError(
            f"tracks must be a table of pandas, Arrow, polars or any that Arrow reads, not {type(tracks).__name__}"
        )
    return as_arrow(tracks, "the track table")


def _replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _ids(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    told = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer)
    if len(column) and not any(check(kind) for check in told):
        raise DataError(
            f"{TRACK_ID} holds {str(kind)[:80]} values; ids are texts or whole numbers: convert them"
        )
    ids = column.cast(pa.string()).combine_chunks()
    empty = pc.fill_null(pc.equal(ids, ""), True).to_numpy(zero_copy_only=False)
    if empty.any():
        raise DataError(f"{TRACK_ID} is empty in rows {listed(np.flatnonzero(empty).tolist())}")
    counts = pc.value_counts(ids)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise DuplicateIdError(f"these track ids occur more than once: {listed(repeated)}")
    return ids


def _scores(mood: str, column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise DataError(
            f"mood {brief(mood)} holds {str(kind)[:80]} values; mood scores are numbers in [0, 1]"
        )
    scores = column.cast(pa.float32()).combine_chunks()
    values = scores.to_numpy(zero_copy_only=False)
    outside = np.flatnonzero((values < 0) | (values > 1)).tolist()
    if outside:
        raise DataError(f"mood {brief(mood)} lies outside [0, 1] in rows {listed(outside)}")
    return pa.array(values, pa.float32(), from_pandas=True)


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
