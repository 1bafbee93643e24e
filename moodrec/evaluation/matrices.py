"""Scores or labels of tracks are read from the files that other systems write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.cells import numbers_of_column, text_of
from moodrec.data.frames import read_frame, track_ids_of
from moodrec.data.sources.reading import require_file
from moodrec.errors import DataError, NotFoundError
from moodrec.files.npy import UNREADABLE_ARCHIVE

Floats = NDArray[np.float64]
Role = Literal["predictions", "labels"]

NAMES: Final[dict[Role, tuple[str, ...]]] = {
    "predictions": ("predictions", "scores", "probabilities", "logits", "y_pred", "y_score", "y_prob"),
    "labels": ("labels", "groundtruth", "y_true", "targets"),
}
"""Arrays that a file of several is searched for."""
ID_NAMES: Final = ("track_id", "track_ids", "ids", "id")
TAG_NAMES: Final = ("tags", "tag_names", "classes")


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers of ``n`` tracks and ``T`` tags.

    Attributes:
        values: ``(n, T)``.
        track_ids: ``n`` ids, None where the file has none.
        tags: ``T`` names, None where the file has none.
    """

    values: Floats
    track_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None

    def rows(self, places: NDArray[np.int64]) -> Matrix:
        """Some of its rows, in their order."""
        ids = None if self.track_ids is None else tuple(self.track_ids[int(row)] for row in places)
        return replace(self, values=self.values[places], track_ids=ids)

    def columns(self, places: NDArray[np.int64]) -> Matrix:
        """Some of its columns, in their order."""
        tags = None if self.tags is None else tuple(self.tags[int(column)] for column in places)
        return replace(self, values=self.values[:, places], tags=tags)


def load_matrix(path: Path, role: Role = "predictions") -> Matrix:
    """Read ``.npy``, ``.npz`` (with ``track_id`` and ``tags``, if it likes), ``.parquet``, ``.tsv`` or ``.csv``.

    Args:
        path: the file.
        role: what it is read for, which says by what name a matrix is taken from a file of several.

    Raises:
        NotFoundError: there is no such file.
        DataError: it holds no matrix of numbers, or a track twice.
    """
    if not path.exists():
        raise NotFoundError(f"{path}: no such file")
    if path.suffix.lower() == ".npy":
        return Matrix(load_array(path))
    found = _load_archive(path, role) if path.suffix.lower() == ".npz" else _load_table(path, role)
    if found.track_ids is not None and len(found.track_ids) != len(found.values):
        raise DataError(f"{path}: {len(found.track_ids)} track ids for {len(found.values)} rows")
    if found.tags is not None and len(found.tags) != found.values.shape[1]:
        raise DataError(f"{path}: {len(found.tags)} tags for {found.values.shape[1]} columns")
    if found.track_ids is not None and "" in found.track_ids:
        raise DataError(f"{path}: {found.track_ids.count('')} of {len(found.values)} rows have no track id")
    _refuse_twice(found.track_ids, path, "track ids")
    _refuse_twice(found.tags, path, "tags")
    return found


def load_array(path: Path) -> NDArray[np.float64]:
    """Read an ``(n, tags)`` array from a ``.npy`` file, never a pickled one.

    Raises:
        DataError: it cannot be read, or is not a two-dimensional array of numbers.
    """
    require_file(path)
    try:
        array = np.load(path, allow_pickle=False)
    except UNREADABLE_ARCHIVE as error:
        raise DataError(f"{path}: cannot be read as an array ({error})") from error
    if not isinstance(array, np.ndarray) or not _is_matrix(array):
        raise DataError(f"{path}: must hold an (n, tags) array of numbers")
    return array.astype(np.float64, order="C")


def _load_table(path: Path, role: Role) -> Matrix:
    frame = read_frame(path)
    ids, no_tags = track_ids_of(frame)
    rest = frame.drop(columns=no_tags)
    numbers = {name: values for name in rest.columns if (values := numbers_of_column(rest[name])) is not None}
    if numbers and len(frame):
        return Matrix(np.stack(list(numbers.values()), axis=1), ids, tuple(map(str, numbers)))
    lists = [name for name in NAMES[role] if name in rest.columns]
    if not lists or not len(frame):
        raise DataError(f"{path}: needs rows, and a column of numbers for each tag")
    return Matrix(_of_lists(rest[lists[0]], path), ids)


def _of_lists(column: pd.Series, path: Path) -> Floats:
    """A matrix that is one column of lists of numbers."""
    try:
        found = np.array([np.asarray(cell, dtype=np.float64) for cell in column.tolist()])
    except (ValueError, TypeError):
        found = np.zeros(0)
    if found.ndim != 2:
        raise DataError(
            f"{path}: the lists in column {column.name} must be numbers, equally many in each row"
        )
    return found


def _load_archive(path: Path, role: Role) -> Matrix:
    require_file(path)
    try:
        # NumPy itself does not close a file that is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: _array(archive, name) for name in archive.files}
    except UNREADABLE_ARCHIVE as error:
        raise DataError(f"{path}: cannot be read as arrays ({error})") from error
    wide = {name: array for name, array in arrays.items() if array is not None and _is_matrix(array)}
    named = [name for name in NAMES[role] if name in wide] or list(wide)
    if not named or (len(wide) > 1 and named[0] not in NAMES[role]):
        raise DataError(
            f"{path}: needs one (n, tags) array of numbers, or one called {role}; it has {list(arrays)}"
        )
    return Matrix(
        wide[named[0]].astype(np.float64, order="C"),
        _texts(path, arrays, ID_NAMES),
        _texts(path, arrays, TAG_NAMES),
    )


def _array(archive: Any, name: str) -> NDArray[Any] | None:
    """An array of the archive, None where it is pickled."""
    try:
        array: NDArray[Any] = archive[name]
    except ValueError:
        return None
    return array


def _texts(
    path: Path, arrays: dict[str, NDArray[Any] | None], names: tuple[str, ...]
) -> tuple[str, ...] | None:
    name = next((name for name in names if name in arrays), None)
    if name is None:
        return None
    array = arrays[name]
    if array is None or array.ndim != 1:
        raise DataError(f"{path}: {name} must be a list of texts; save it as np.array({name}, dtype=str)")
    return tuple(text_of(cell) or "" for cell in array.tolist())


def _is_matrix(array: NDArray[Any]) -> bool:
    return array.ndim == 2 and array.dtype.kind in "biuf"


def _refuse_twice(names: tuple[str, ...] | None, path: Path, what: str) -> None:
    if names is not None and len(set(names)) < len(names):
        twice = pd.Index(names)[pd.Index(names).duplicated()].tolist()
        raise DataError(f"{path}: {len(twice)} {what} occur twice: {', '.join(twice[:3])}")


def scored_part(scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find what has scores: the columns with any, and the rows that lack none of these.

    Args:
        scores: ``(n, T)``, NaN where there is none.

    Returns:
        Places of the columns, and of the rows.
    """
    missing = np.isnan(scores)
    columns = np.flatnonzero(~missing.all(axis=0))
    return columns, np.flatnonzero(~missing[:, columns].any(axis=1)) if columns.size else columns[:0]


def without_infinities(scores: Floats) -> Floats:
    """Put finite numbers, beyond all others of their column, in the place of infinite ones; the order stays.

    Args:
        scores: ``(n, T)``; NaN stays.
    """
    if not np.isinf(scores).any():
        return scores
    finite = np.where(np.isfinite(scores), scores, np.nan)
    known = np.isfinite(scores).any(axis=0)
    filled = np.where(known, finite, 0.0)
    low, high = np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)
    beyond = np.maximum(1.0, 0.1 * (high - low))
    return np.where(scores == np.inf, high + beyond, np.where(scores == -np.inf, low - beyond, scores))
