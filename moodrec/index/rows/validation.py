"""What comes in from outside, checked once: vectors and track tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import finite, texts
from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.filters.names import hint
from moodrec.index.kernel.provider import provider
from moodrec.schema import TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

Vectors = NDArray[np.float32]

_CHUNK: Final = 1 << 16
_NAMED: Final = 5
_NO_DIRECTION: Final = 1e-6
_SHORTEST: Final = 1e-100
_LONGEST: Final = 1e100


def listed(names: Iterable[object], limit: int = _NAMED) -> str:
    """The first few names for an error message, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(map(repr, every[:limit])) + more


def unit_rows(vectors: ArrayLike, dim: int | None = None, names: Sequence[str] | None = None) -> Vectors:
    """Vectors at unit length, as new (n, d) float32; the caller's array is left alone.

    Args:
        vectors: (n, d) finite numbers; without names, (d,) is one row.
        dim: the d they must have.
        names: what to call a row in an error message; else its number.

    Raises:
        DataError: not a matrix of numbers, another d, or rows that are zero or not finite; the message names them.
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
            _scale(part, ~plain, start, names)
            lengths = _lengths(part)
        unit[start : start + _CHUNK] = part / lengths[:, None]
    return unit


def _lengths(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) Euclidean lengths; each row by itself, so that its company does not change the last bit."""
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", part, part))
    return lengths


def _scale(
    part: NDArray[np.float64], rows: NDArray[np.bool_], start: int, names: Sequence[str] | None
) -> None:
    """Bring rows, in place, to lengths whose squares are neither lost nor infinite."""
    largest = np.abs(part).max(axis=1, initial=0)
    _refuse_rows(~np.isfinite(largest), "hold NaN or infinite numbers", start, names)
    _refuse_rows(largest == 0, "are zero, which has no direction", start, names)
    part[rows] /= largest[rows, None]


def checked_weights(weights: object, name: str = "weights") -> dict[str, float]:
    """Weights by track id, as plain numbers.

    Args:
        weights: a mapping of track ids to finite numbers.
        name: what the argument is called.

    Raises:
        UsageError: it is no mapping, ids are not text, or a weight is no finite number.
    """
    if not isinstance(weights, Mapping):
        raise UsageError(f"{name} takes numbers by track id, such as {{'a': 1.0}}, not {weights!r}")
    ids = texts(list(weights), name)
    return {track_id: finite(weights[track_id], f"the weight of {track_id!r}") for track_id in ids}


def mixture(vectors: Vectors, weights: Sequence[float]) -> Vectors:
    """(1, d) unit vector of the weighted sum of (m, d) vectors.

    Raises:
        UsageError: there are no weights, they are not finite, or the sum has no direction.
    """
    if not len(weights) or not np.isfinite(weights).all():
        raise UsageError(f"a mixture needs tracks with finite weights, not {listed(weights)}")
    total = np.asarray(weights, np.float64) @ vectors.astype(np.float64)
    if np.linalg.norm(total) <= _NO_DIRECTION * np.abs(weights).sum():
        raise UsageError("the tracks of the mixture cancel each other: give them other weights")
    return unit_rows(total)


def _matrix(vectors: ArrayLike, dim: int | None, single: bool) -> NDArray[Any]:
    try:
        matrix = np.array(vectors, ndmin=2) if single else np.asarray(vectors)  # the first is always a copy
    except ValueError:
        raise DataError("the vectors are not all of one length") from None
    if matrix.dtype.kind not in "fiu":
        raise DataError(f"the vectors are {matrix.dtype} values, not numbers")
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise DataError(f"vectors must have the shape (n, d), not {matrix.shape}")
    if dim is not None and matrix.shape[1] != dim:
        raise DataError(f"the vectors have {matrix.shape[1]} dimensions, the index has {dim}")
    return matrix


def _refuse_rows(bad: NDArray[np.bool_], what: str, start: int, names: Sequence[str] | None) -> None:
    rows = [int(row) + start for row in np.flatnonzero(bad)]
    if rows:
        shown = rows if names is None else [f"{row} ({names[row]})" for row in rows]
        raise DataError(f"vectors of rows {', '.join(map(str, shown[:_NAMED]))}{_more(rows)} {what}")


def _more(rows: list[int]) -> str:
    return f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""


def track_table(tracks: pd.DataFrame | pa.Table, moods: Sequence[str] = ()) -> pa.Table:
    """The user's table as Arrow, one chunk a column, mood columns float32.

    Args:
        tracks: pandas or Arrow, with ``track_id`` (text, unique) and the mood columns.
        moods: columns of numbers in [0, 1]; NULL and NaN are unknown.

    Raises:
        DuplicateIdError: a ``track_id`` occurs twice.
        DataError: a column is missing or has wrong values; the message names rows.
    """
    table = _arrow(tracks).replace_schema_metadata(None).combine_chunks()
    if len(set(table.column_names)) != table.num_columns:
        raise DataError("the track table has two columns of one name")
    for name in (TRACK_ID, *moods):
        if name not in table.column_names:
            raise DataError(
                f"the track table has no column {name!r}; {hint(name, table.column_names, 'columns')}"
            )
    if len(set(moods)) != len(moods) or TRACK_ID in moods:
        raise DataError(f"moods must be different columns, and not {TRACK_ID!r}: {listed(moods, 20)}")
    table = _replaced(table, TRACK_ID, _ids(table[TRACK_ID]))
    for mood in moods:
        table = _replaced(table, mood, _scores(mood, table[mood]))
    return table


def _arrow(tracks: pd.DataFrame | pa.Table) -> pa.Table:
    if isinstance(tracks, pa.Table):
        return tracks
    if not hasattr(tracks, "columns"):
        raise DataError(f"tracks must be a pandas or Arrow table, not {type(tracks).__name__}")
    try:
        return pa.Table.from_pandas(tracks, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(f"the track table holds a column of mixed values: {error}") from None
    except ValueError as error:  # two columns of one name
        raise DataError(f"the track table cannot be read: {error}") from None


def _replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _ids(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if len(column) and not any(check(kind) for check in text):
        raise DataError(f"{TRACK_ID} holds {kind} values; ids are text: use .astype(str)")
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
        raise DataError(f"mood {mood!r} holds {kind} values; mood scores are numbers in [0, 1]")
    scores = column.cast(pa.float32()).combine_chunks()
    values = scores.to_numpy(zero_copy_only=False)
    outside = np.flatnonzero((values < 0) | (values > 1)).tolist()
    if outside:
        raise DataError(f"mood {mood!r} lies outside [0, 1] in rows {listed(outside)}")
    return pa.array(values, pa.float32(), from_pandas=True)


def vectors_of(column: pa.ChunkedArray, name: str) -> NDArray[Any]:
    """The (n, d) matrix in an Arrow column of lists of one length.

    Raises:
        DataError: rows are NULL, or of another length than the first.
    """
    array = column.combine_chunks()
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise DataError(f"column {name!r} holds {kind} values; vectors are lists of numbers")
    lengths = pc.fill_null(pc.list_value_length(array), -1).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero((lengths < 1) | (lengths != lengths[:1])).tolist()
    if wrong:
        raise DataError(
            f"column {name!r}: the vectors of rows {listed(wrong)} are missing or of another length"
        )
    flat = pc.list_flatten(array).to_numpy(zero_copy_only=False)
    return flat.reshape(len(array), -1) if len(array) else np.empty((0, 1), np.float32)
