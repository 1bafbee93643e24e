"""``EngineReader``: what an engine does for a catalogue, and what can be read of it without a search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from moodrec.arguments import OnConflict, flag, ids_of, on_conflict_of
from moodrec.engines.facts import CatalogueFacts
from moodrec.engines.request import Candidates, EngineRequest
from moodrec.errors import NotFoundError
from moodrec.filters.audio import on_audio
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.index.info import IndexInfo
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.validation import chosen_columns, listed
from moodrec.schema import TRACK_ID, audio_column
from moodrec.typing import BoolArray, Vectors

if TYPE_CHECKING:
    import pandas as pd


class EngineReader(ABC):
    """A catalogue in another engine, whose tracks can be read."""

    kind: str
    """The name of the engine."""

    def __init__(self, facts: CatalogueFacts) -> None:
        """Begin with what the engine knows of the catalogue; use :meth:`build` or :meth:`open` of an engine."""
        self._facts = facts

    # What an engine does --------------------------------------------------------------------------------------------

    @abstractmethod
    def __len__(self) -> int:
        """The number of tracks."""

    @abstractmethod
    def _nearest(self, request: EngineRequest, query: int, depth: int) -> Candidates:
        """Find the ``depth`` best candidates of one query, or all that pass where these are fewer."""

    @abstractmethod
    def _candidates(self, track_ids: Sequence[str]) -> Candidates:
        """Return some tracks as candidates, in any order; ids that no track has are left out."""

    @abstractmethod
    def _count(self, request: EngineRequest, condition: Condition | None = None) -> int:
        """Count the tracks that pass a request, or that meet one condition alone."""

    @abstractmethod
    def _known(self, track_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that tracks have."""

    @abstractmethod
    def _stored_rows(self, track_ids: Sequence[str]) -> pa.Table:
        """Return the rows of the track table for ids, in any order; ids that no track has are left out."""

    @abstractmethod
    def _matching(self, condition: Condition) -> pa.Table:
        """Return the tracks for which a condition is TRUE, in the order of arrival."""

    @property
    @abstractmethod
    def table(self) -> pa.Table:
        """The track table as an Arrow table, with one row a track, in the order of arrival."""

    @abstractmethod
    def refresh(self) -> bool:
        """Read anew what belongs to the whole catalogue (its moods, columns, model), and say whether it changed.

        Rows need no refresh, because each search reads those that are there.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connections to the engine."""

    def about(self) -> int:
        """Return the number of tracks, which may be some seconds old where that takes less time."""
        return len(self)

    # What all engines have in common --------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Return the index itself, whose connections close at the end of the block."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self.close()

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, str) and bool(self._known([track_id]))

    def contains(self, track_ids: Collection[str]) -> BoolArray:
        """Return (m,) True for those of m ids that are in the catalogue, in their order."""
        ids = ids_of(track_ids, "track_ids")
        known = self._known(ids)
        return np.array([one in known for one in ids], bool)

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the mood columns."""
        return self._facts.moods

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self._facts.dim

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the track table's columns."""
        return tuple(self._facts.schema.names)

    @property
    def preset(self) -> str:
        """The name of the engine, in the place of a preset's."""
        return self.kind

    @property
    def model_fingerprint(self) -> str | None:
        """The fingerprint of the model that made the embeddings; None if unknown."""
        return self._facts.model_fingerprint

    @property
    def library_revision(self) -> int | None:
        """The revision of the library that the catalogue was built from; None without a library."""
        return self._facts.library_revision

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order of arrival."""
        ids: list[str] = self.table[TRACK_ID].to_pylist()
        return ids

    @property
    def frame(self) -> pd.DataFrame:
        """The track table as a pandas frame, in which NULL integers are ``<NA>`` and lists are Python lists."""
        return to_pandas(self.table)

    def info(self) -> IndexInfo:
        """Return a description of the catalogue."""
        return IndexInfo(
            tracks=len(self),
            removed=0,
            dim=self.dim,
            preset=self.preset,
            kind=self.kind,
            moods=self.moods,
            columns=self.column_names,
            model_fingerprint=self.model_fingerprint,
            library_revision=self.library_revision,
            path=None,
        )

    def matching(self, where: str | Condition, *, audio_only: bool = False) -> pa.Table:
        """Return the tracks for which a condition is TRUE, in the order of arrival.

        Args:
            where: the condition.
            audio_only: whether moods in it are what the audio alone says.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
        """
        condition = as_condition(where)
        return self._matching(
            on_audio(condition, self.moods) if flag(audio_only, "audio_only") else condition
        )

    def mood_columns(self, audio_only: bool = False) -> dict[str, str]:
        """Return, by mood, the column that holds its scores: in context, or those of the audio alone."""
        names = {mood: audio_column(mood) for mood in self.moods}
        known = self.column_names
        audio_only = flag(audio_only, "audio_only")
        return {mood: one if audio_only and one in known else mood for mood, one in names.items()}

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
            on_conflict: "ignore" leaves out ids that are not in the catalogue.

        Raises:
            NotFoundError: a track is not in the catalogue and ``on_conflict`` is "error"; the message lists them.
            UsageError: there is no such column.
        """
        ids, ignores = ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict) == "ignore"
        wanted = chosen_columns(columns, self.column_names)
        found = self._stored_rows(ids)
        place = {track_id: row for row, track_id in enumerate(found[TRACK_ID].to_pylist())}
        if not ignores:
            require_known(ids, place)
        table = found.take(pa.array([place[one] for one in ids if one in place], pa.int64()))
        return table if wanted is None else table.select(wanted)

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

    def vectors(self, track_ids: Sequence[str], *, on_conflict: OnConflict = "error") -> Vectors:
        """Return the (m, d) float32 unit vectors of m tracks, in the order of the ids.

        Args:
            track_ids: m ids, in any order.
            on_conflict: "ignore" returns NaN for ids that are not in the catalogue.

        Raises:
            NotFoundError: a track is not in the catalogue and ``on_conflict`` is "error"; the message lists them.
        """
        ids, ignores = ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict) == "ignore"
        found = self._candidates(ids)
        place = {track_id: row for row, track_id in enumerate(found.track_ids)}
        if not ignores:
            require_known(ids, place)
        vectors: Vectors = np.full((len(ids), self.dim), np.nan, np.float32)
        there = [row for row, one in enumerate(ids) if one in place]
        vectors[there] = found.vectors[[place[ids[row]] for row in there]]
        return vectors


def require_known(ids: Sequence[str], known: Collection[str]) -> None:
    """Check that tracks are in a catalogue.

    Args:
        ids: the tracks.
        known: the ids that are there.

    Raises:
        NotFoundError: some are not; the message lists them.
    """
    if missing := [one for one in ids if one not in known]:
        raise NotFoundError(f"these tracks are not in the index: {listed(missing)}")
