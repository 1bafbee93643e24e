"""``IndexReader``: what can be read of an index: its tracks, their columns and vectors, without a search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from moodrec.arguments import OnConflict, flag, id_of, ids_of, on_conflict_of
from moodrec.errors import UsageError
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.index.changes import rows_of
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.validation import chosen_columns
from moodrec.index.search.products import cosines_of
from moodrec.index.search.request import mood_columns, rows_where
from moodrec.typing import BoolArray, Float64Array, Vectors

if TYPE_CHECKING:
    import pandas as pd


class IndexReader(ABC):
    """The tracks of one version of an index, which the class that searches them provides."""

    @property
    @abstractmethod
    def _catalogue(self) -> Catalogue:
        """The rows of the current version; each call reads one version from beginning to end."""

    def __len__(self) -> int:
        return self._catalogue.n_alive

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._catalogue

    def contains(self, track_ids: Collection[str]) -> BoolArray:
        """Return (m,) True for those of m ids that are in the index, in their order."""
        found: BoolArray = self._catalogue.lookup(ids_of(track_ids, "track_ids")) >= 0
        return found

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order of arrival."""
        ids: list[str] = self._catalogue.ids_at(self._catalogue.living_rows).tolist()
        return ids

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""
        return self._catalogue.column_names

    @property
    def table(self) -> pa.Table:
        """The track table as an Arrow table, with one row a track."""
        return self._catalogue.living_table

    @property
    def frame(self) -> pd.DataFrame:
        """The track table as a pandas frame, in which NULL integers are ``<NA>`` and lists are Python lists."""
        return to_pandas(self.table)

    def matching(self, where: str | Condition, *, audio_only: bool = False) -> pa.Table:
        """Return the tracks for which a condition is TRUE, in the order of arrival.

        Args:
            where: the condition.
            audio_only: whether moods in it are what the audio alone says.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
        """
        catalogue = self._catalogue
        return catalogue.table_at(rows_where(as_condition(where), catalogue, flag(audio_only, "audio_only")))

    def mood_columns(self, audio_only: bool = False) -> dict[str, str]:
        """Return, by mood, the column that holds its scores: in context, or those of the audio alone.

        Where the index knows no context, both are the same.
        """
        return dict(mood_columns(self._catalogue, flag(audio_only, "audio_only")))

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
        catalogue = self._catalogue
        rows = rows_of(catalogue, ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict))
        return catalogue.table_at(rows[rows >= 0], chosen_columns(columns, catalogue.column_names))

    def vectors(self, track_ids: Sequence[str], *, on_conflict: OnConflict = "error") -> Vectors:
        """Return the (m, d) float32 unit vectors of m tracks, in the order of the ids.

        Args:
            track_ids: m ids, in any order.
            on_conflict: "ignore" returns NaN for ids that are not in the index.

        Raises:
            NotFoundError: a track is not in the index and ``on_conflict`` is "error"; the message lists them.
        """
        catalogue = self._catalogue
        rows = rows_of(catalogue, ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict))
        there = rows >= 0
        if there.all():
            return np.array(catalogue.vectors_at(rows))
        vectors: Vectors = np.full((len(rows), catalogue.dim), np.nan, np.float32)
        vectors[there] = catalogue.vectors_at(rows[there])
        return vectors

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
        catalogue, first, second = self._catalogue, ids_of(lefts, "lefts"), ids_of(rights, "rights")
        if len(first) != len(second):
            raise UsageError(f"{len(first)} first tracks and {len(second)} second ones are no pairs")
        rows = rows_of(catalogue, first + second, on_conflict_of(on_conflict))
        return cosines_of(catalogue, rows[: len(first)], rows[len(first) :])

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
        catalogue = self._catalogue
        rows = rows_of(catalogue, [id_of(track_id, "track_id"), *ids_of(others, "others")])
        vectors = catalogue.vectors_at(rows)
        return catalogue.recordings.copies(int(rows[0]), rows[1:], vectors[1:] @ vectors[0])

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the mood columns."""
        return self._catalogue.moods

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self._catalogue.dim
