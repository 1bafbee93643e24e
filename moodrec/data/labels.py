"""The label table holds what is known about each track of a dataset, in one form for every source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.data.groups import join_groups
from moodrec.errors import DataError, DuplicateIdError
from moodrec.names import fold

TRACK_COLUMNS: Final = (
    "track_id",
    "audio",
    "artist",
    "album",
    "title",
    "year",
    "genre",
    "group",
    "split",
    "fold",
)
"""Columns of every label table, in order."""
SPLITS: Final = ("train", "val", "test")
"""Names of the parts of a split, in the order in which later ones win over earlier ones."""
NO_FOLD: Final = -1
"""Fold number of a row that is in no fold."""

_DATASET_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TARGET_NAME = re.compile(r"[a-z][a-z0-9_]*:\S(.*\S)?\Z")


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Labels and metadata of ``n`` tracks.

    Attributes:
        name: dataset name, snake_case.
        tracks: one row a track, RangeIndex, exactly the columns ``TRACK_COLUMNS``: ``track_id`` (str,
            unique), ``audio`` (absolute path, "" where there is none), ``artist``, ``album``, ``title`` (str
            or None), ``year`` (float64, NaN unknown), ``genre`` (list of str, empty unknown), ``group`` (str;
            the rows of a group are all in one split and one fold), ``split`` (``"train"``, ``"val"``,
            ``"test"`` or None), ``fold`` (int64, -1 none).
        targets: ``(n, T)`` float32 in [0, 1] in the same order, NaN unknown; columns namespaced by dataset,
            such as ``emotify:calmness``.
    """

    name: str
    tracks: pd.DataFrame
    targets: pd.DataFrame

    def __post_init__(self) -> None:
        check_label_table(self)

    def __len__(self) -> int:
        return len(self.tracks)

    @classmethod
    def build(
        cls, name: str, columns: Mapping[str, Sequence[Any]], targets: Mapping[str, NDArray[np.float32]]
    ) -> LabelTable:
        """Make a table from plain columns; columns left out are unknown throughout.

        Args:
            name: dataset name, snake_case.
            columns: some of ``TRACK_COLUMNS``, at least ``track_id``, each of length ``n``. Without ``group`` every
                track is its own group.
            targets: namespaced target to its ``(n,)`` values in [0, 1] or NaN.

        Raises:
            DataError: see :func:`check_label_table`.
        """
        ids = list(columns["track_id"])
        targets_frame = pd.DataFrame(
            {target: np.asarray(values, dtype=np.float32) for target, values in targets.items()},
            index=pd.RangeIndex(len(ids)),
        )
        return cls(name, _track_frame(ids, columns), targets_frame)

    def select(self, mask: NDArray[np.bool_]) -> LabelTable:
        """Take the rows where ``mask`` ``(n,)`` is true, in order, renumbered from 0.

        Raises:
            DataError: the mask has another length or type.
        """
        keep = np.asarray(mask)
        if keep.shape != (len(self),) or keep.dtype != np.bool_:
            raise DataError(f"needs a mask of {len(self)} booleans, not {keep.dtype} of shape {keep.shape}")
        rows = np.flatnonzero(keep)
        return LabelTable(
            self.name,
            self.tracks.iloc[rows].reset_index(drop=True),
            self.targets.iloc[rows].reset_index(drop=True),
        )

    @staticmethod
    def concat(tables: Sequence[LabelTable], name: str = "mix") -> LabelTable:
        """Put tables below each other.

        Track ids become ``<table name>/<track_id>``, targets that a table lacks become NaN, and groups that share
        an artist, however spelt, become one. Where that puts one group into several splits, the test set wins, then
        the validation set: the group's other rows get split None, so that they belong to none.

        Args:
            tables: at least one, of different names.
            name: name of the result.

        Raises:
            DataError: there are no tables, two have one name, or a joined group lies in two folds.
        """
        _check_names([table.name for table in tables])
        tracks = pd.concat([_prefixed(table) for table in tables], ignore_index=True)
        artist_keys = [f"artist:{fold(artist)}" if artist else None for artist in tracks["artist"]]
        tracks["group"] = pd.Series(join_groups(list(tracks["group"]), artist_keys), dtype=object)
        tracks["split"] = pd.Series(_settle_splits(tracks), dtype=object)
        targets = pd.concat([table.targets for table in tables], ignore_index=True)
        return LabelTable(name, tracks, targets.astype(np.float32))


def check_label_table(table: LabelTable) -> None:
    """Validate names, columns, types, ranges and groups.

    Raises:
        DuplicateIdError: track ids occur twice; they are named.
        DataError: anything else is wrong; rows, groups or columns are named.
    """
    if not _DATASET_NAME.match(table.name):
        raise DataError(f"dataset name {brief(table.name)}: lower-case letters, digits and _ only")
    _check_columns(table)
    _check_ids(table)
    _check_targets(table)
    _check_splits(table)


def describe_rows(rows: Sequence[int] | NDArray[np.intp], limit: int = 5) -> str:
    """Name rows for an error message: ``rows 3, 8, 9 and 14 more``.

    Args:
        rows: positions of the rows.
        limit: greatest number of rows that are named.
    """
    shown = ", ".join(str(row) for row in rows[:limit])
    more = f" and {len(rows) - limit} more" if len(rows) > limit else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def _track_frame(ids: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    n = len(ids)
    unknown: list[None] = [None] * n
    defaults: dict[str, Sequence[Any]] = {
        "audio": [""] * n,
        "year": [np.nan] * n,
        "genre": [[] for _ in range(n)],
        "group": [f"track:{track_id}" for track_id in ids],
        "fold": [NO_FOLD] * n,
    }
    frame = pd.DataFrame(index=pd.RangeIndex(n))
    for column in TRACK_COLUMNS:
        values = columns.get(column, defaults.get(column, unknown))
        if len(values) != n:
            raise DataError(f"column {brief(column)} has {len(values)} values for {n} tracks")
        frame[column] = pd.Series(list(values), dtype=_DTYPES.get(column, object))
    return frame


_DTYPES: Final[dict[str, Any]] = {"year": np.float64, "fold": np.int64}


def _check_columns(table: LabelTable) -> None:
    if tuple(table.tracks.columns) != TRACK_COLUMNS:
        raise DataError(
            f"{table.name}: track columns are {list(table.tracks.columns)}, not {list(TRACK_COLUMNS)}"
        )
    if len(table.tracks) != len(table.targets):
        raise DataError(f"{table.name}: {len(table.tracks)} tracks but {len(table.targets)} rows of targets")
    wrong = [name for name in table.targets.columns if not _TARGET_NAME.match(str(name))]
    if wrong:
        raise DataError(f"{table.name}: targets are named dataset:mood; these are not: {wrong[:5]}")
    for column in ("track_id", "audio", "group"):
        rows = [row for row, value in enumerate(table.tracks[column]) if not isinstance(value, str)]
        if rows:
            raise DataError(f"{table.name}: {column} must be text in {describe_rows(rows)}")


def _check_ids(table: LabelTable) -> None:
    ids = table.tracks["track_id"]
    blank = np.flatnonzero(ids.to_numpy() == "")
    if blank.size:
        raise DataError(f"{table.name}: empty track_id in {describe_rows(blank)}")
    twice = sorted(set(ids[ids.duplicated()]))
    if twice:
        raise DuplicateIdError(f"{table.name}: {len(twice)} track ids occur more than once: {twice[:5]}")


def _check_targets(table: LabelTable) -> None:
    for target in table.targets.columns:
        values = table.targets[target].to_numpy(dtype=np.float32)
        wrong = np.flatnonzero(~(np.isnan(values) | ((values >= 0) & (values <= 1))))
        if wrong.size:
            raise DataError(f"{table.name}: {target} must be in [0, 1]; it is not in {describe_rows(wrong)}")


def _check_splits(table: LabelTable) -> None:
    splits = table.tracks["split"]
    wrong = [row for row, split in enumerate(splits) if split is not None and split not in SPLITS]
    if wrong:
        raise DataError(f"{table.name}: split must be one of {SPLITS} or empty; see {describe_rows(wrong)}")
    for column, unset in (("split", None), ("fold", NO_FOLD)):
        straddling = _straddling(table.tracks, column, unset)
        if straddling:
            raise DataError(
                f"{table.name}: {len(straddling)} groups lie in more than one {column}: {straddling[:5]}; "
                f"the tracks of a group (an artist, unless a group is given) must share one"
            )


def _straddling(tracks: pd.DataFrame, column: str, unset: object) -> list[str]:
    places: dict[str, set[object]] = {}
    for group, place in zip(tracks["group"], tracks[column], strict=True):
        if place != unset:
            places.setdefault(group, set()).add(place)
    return [group for group, seen in places.items() if len(seen) > 1]


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise DataError("there are no label tables to put together")
    if len(set(names)) != len(names):
        raise DataError(f"label tables put together need different names, not {list(names)}")


def _prefixed(table: LabelTable) -> pd.DataFrame:
    tracks = table.tracks.copy()
    for column in ("track_id", "group"):
        tracks[column] = pd.Series([f"{table.name}/{value}" for value in tracks[column]], dtype=object)
    return tracks


def _settle_splits(tracks: pd.DataFrame) -> list[str | None]:
    """Keep the split of a row only if it is the latest of train, val, test within its group."""
    latest: dict[str, int] = {}
    ranks = [SPLITS.index(split) if split is not None else -1 for split in tracks["split"]]
    # Test wins over val and val over train: a test set never shrinks, and nothing in it is trained on.
    for group, rank in zip(tracks["group"], ranks, strict=True):
        latest[group] = max(rank, latest.get(group, -1))
    settled = zip(tracks["group"], ranks, strict=True)
    return [SPLITS[rank] if rank >= 0 and rank == latest[group] else None for group, rank in settled]
