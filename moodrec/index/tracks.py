"""``TrackReader``: what can be read of a catalogue without a search, whichever engine holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from moodrec.arguments import OnConflict, ids_of
from moodrec.errors import UsageError
from moodrec.filters.conditions import Condition
from moodrec.index.rows.frames import to_pandas
from moodrec.schema import TRACK_ID
from moodrec.typing import BoolArray, Float64Array, Vectors

if TYPE_CHECKING:
    import pandas as pd


class TrackReader(ABC):
    """The tracks of a catalogue: their ids, columns and vectors."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of tracks."""

    @abstractmethod
    def __contains__(self, track_id: object) -> bool:
        """Whether a track has this id."""

    @abstractmethod
    def contains(self, track_ids: Collection[str]) -> BoolArray:
        """Return (m,) True for those of m ids that are in the index, in their order."""

    @property
    @abstractmethod
    def moods(self) -> tuple[str, ...]:
        """The names of the mood columns."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """The dimension of the vectors."""

    @property
    @abstractmethod
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""

    @abstractmethod
    def columns(self, names: Collection[str]) -> pa.Table:
        """Return columns of all tracks, in the order of arrival; names of no column are left out.

        Args:
            names: the columns; they come in the order of the track table.

        Raises:
            UsageError: ``names`` are no texts.
        """

    @abstractmethod
    def matching(
        self, where: str | Condition, *, audio_only: bool = False, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the tracks for which a condition is TRUE, in the order of arrival.

        Args:
            where: the condition.
            audio_only: whether moods in it are what the audio alone says.
            columns: the names of the columns to return; None returns all.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
            UsageError: there is no such column.
        """

    @abstractmethod
    def mood_columns(self, audio_only: bool = False) -> dict[str, str]:
        """Return, by mood, the column that holds its scores: in context, or those of the audio alone.

        Where the index knows no context, both are the same.
        """

    @abstractmethod
    def rows(
        self,
        track_ids: Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> pa.Table:
        """Return the rows of the track table for some ids as an Arrow table, in the order of the ids.

        Args:
            track_ids: ids, in any order; one that is there twice has two rows.
            columns: the names of the columns to return; None returns all.
            on_conflict: "ignore" leaves out ids that are not in the index.

        Raises:
            NotFoundError: a track is not in the index and ``on_conflict`` is "error"; the message lists them.
            UsageError: there is no such column.
        """

    @abstractmethod
    def vectors(self, track_ids: Sequence[str], *, on_conflict: OnConflict = "error") -> Vectors:
        """Return the (m, d) float32 unit vectors of m tracks, in the order of the ids.

        Args:
            track_ids: m ids, in any order.
            on_conflict: "ignore" returns NaN for ids that are not in the index.

        Raises:
            NotFoundError: a track is not in the index and ``on_conflict`` is "error"; the message lists them.
        """

    @abstractmethod
    def cosines(
        self, lefts: Sequence[str], rights: Sequence[str], *, on_conflict: OnConflict = "error"
    ) -> Float64Array:
        """Return the (m,) cosines of m pairs of tracks, each computed by itself in double precision.

        Args:
            lefts: (m,) the ids of the first tracks.
            rights: (m,) those of the second ones.
            on_conflict: "ignore" returns NaN for pairs with an id that is not in the index.

        Raises:
            NotFoundError: a track is not in the index and ``on_conflict`` is "error"; the message lists them.
            UsageError: there are not as many first tracks as second ones.
        """

    @abstractmethod
    def same_recording(self, track_id: str, others: Sequence[str]) -> BoolArray:
        """Say which tracks are copies of a track: other encodings and editions of one recording.

        Args:
            track_id: a track of this index.
            others: m other tracks of it.

        Returns:
            (m,) True for copies; see :mod:`moodrec.index.rows.recordings`.

        Raises:
            NotFoundError: a track is not in the index.
        """

    @property
    def table(self) -> pa.Table:
        """The track table as an Arrow table, with one row a track, in the order of arrival."""
        return self.columns(self.column_names)

    @property
    def frame(self) -> pd.DataFrame:
        """The track table as a pandas frame, in which NULL integers are ``<NA>`` and lists are Python lists."""
        return to_pandas(self.table)

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order of arrival."""
        ids: list[str] = self.columns([TRACK_ID])[TRACK_ID].to_pylist()
        return ids

    def tracks(
        self,
        track_ids: Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> pd.DataFrame:
        """Return the rows of the track table for some ids as a pandas frame, in the order of the ids.

        Args:
            track_ids: as for :meth:`rows`.
            columns: as for :meth:`rows`.
            on_conflict: as for :meth:`rows`.

        Raises:
            NotFoundError, UsageError: as :meth:`rows`.
        """
        return to_pandas(self.rows(track_ids, columns, on_conflict=on_conflict))


def paired_ids(lefts: Sequence[str], rights: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check the ids of pairs of tracks.

    Args:
        lefts: (m,) the ids of the first tracks.
        rights: (m,) those of the second ones.

    Raises:
        UsageError: they are no ids, or there are not as many first tracks as second ones.
    """
    first, second = ids_of(lefts, "lefts"), ids_of(rights, "rights")
    if len(first) != len(second):
        raise UsageError(f"{len(first)} first tracks and {len(second)} second ones are no pairs")
    return first, second
