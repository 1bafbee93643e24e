"""``EngineReader``: what an engine does for a catalogue, and what can be read of it without a search."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from copy import copy
from threading import Lock
from typing import Self

import numpy as np
import pyarrow as pa

from moodrec.arguments import OnConflict, flag, id_of, ids_of, listed, on_conflict_of, texts
from moodrec.engines.facts import CatalogueFacts
from moodrec.engines.memory import memory_of
from moodrec.engines.request import Candidates, EngineRequest
from moodrec.errors import NotFoundError, UsageError
from moodrec.filters.audio import on_audio
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.index.front import SearchFront
from moodrec.index.info import IndexInfo
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.track_table import chosen_columns
from moodrec.index.tracks import paired_ids
from moodrec.schema import TRACK_ID, audio_columns
from moodrec.typing import BoolArray, Float64Array, Vectors


class EngineReader(SearchFront):
    """A catalogue in another engine, whose tracks can be read."""

    kind: str
    """The name of the engine."""

    def __init__(self, facts: CatalogueFacts) -> None:
        """Begin with what the engine knows of the catalogue; use ``build`` or ``open`` of an engine.

        Args:
            facts: what is known of the catalogue.
        """
        self._facts = facts
        self._changing = Lock()
        self._pinned: Self | None = None
        self._stays = False

    # What an engine does --------------------------------------------------------------------------------------------

    @abstractmethod
    def _nearest(self, request: EngineRequest, query: int, depth: int) -> Candidates:
        """Find the ``depth`` best candidates of one query, or all that pass where these are fewer."""

    @abstractmethod
    def _candidates(self, track_ids: Sequence[str]) -> Candidates:
        """Return some tracks as candidates, in any order; ids that no track has are left out."""

    @abstractmethod
    def _count(self, request: EngineRequest) -> int:
        """Count the tracks that pass a request."""

    @abstractmethod
    def _known(self, track_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that tracks have."""

    @abstractmethod
    def _stored_rows(self, track_ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Return columns of the rows for ids, in any order; ids that no track has are left out."""

    @abstractmethod
    def _matching(self, condition: Condition | None, columns: Sequence[str]) -> pa.Table:
        """Return columns of the tracks for which a condition is TRUE, in the order of arrival; None takes all."""

    @abstractmethod
    def _read_again(self) -> bool:
        """Read anew what belongs to the whole catalogue, and say whether it is another version."""

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
        return isinstance(track_id, str) and bool(self._there([track_id]))

    def contains(self, track_ids: Collection[str]) -> BoolArray:
        ids = ids_of(track_ids, "track_ids")
        known = self._there(ids)
        return np.array([one in known for one in ids], bool)

    def refresh(self) -> bool:
        """Read anew what belongs to the whole catalogue (its moods, columns, model, version).

        Rows need no refresh, because each search reads those that are there.

        Returns:
            Whether the catalogue or its rows have changed since.

        Raises:
            UsageError: this is a :meth:`snapshot`.
            NotFoundError: the catalogue is gone.
            EngineError: the server cannot be reached.
        """
        self._require_changeable()
        with self._changing:
            return self._read_again()

    def snapshot(self) -> Self:
        """Return a catalogue whose moods, columns and version stay as they are now, and that refuses changes.

        It shares its connections with this one. Rows are those that the engine has, as in every search.
        """
        if self._stays:
            return self
        with self._changing:
            if self._pinned is None or self._pinned._facts is not self._facts:
                pinned = copy(self)
                pinned._stays, pinned._pinned = True, None
                self._pinned = pinned
            return self._pinned

    def _require_changeable(self) -> None:
        if self._stays:
            raise UsageError("this catalogue is a snapshot: change or refresh the one that it was taken from")

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
    def saved_as(self) -> str:
        """The version of the catalogue, which is another text after each change of it or of its rows."""
        return self._facts.version

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

    def columns(self, names: Collection[str]) -> pa.Table:
        wanted = texts(names, "names")
        return self._matching(None, [name for name in self.column_names if name in wanted])

    def matching(
        self, where: str | Condition, *, audio_only: bool = False, columns: Sequence[str] | None = None
    ) -> pa.Table:
        condition, wanted = as_condition(where), self._wanted(columns)
        chosen = on_audio(condition, self.moods) if flag(audio_only, "audio_only") else condition
        return self._matching(chosen, wanted)

    def mood_columns(self, audio_only: bool = False) -> dict[str, str]:
        if not flag(audio_only, "audio_only"):
            return {mood: mood for mood in self.moods}
        return audio_columns(self.moods, self.column_names)

    def rows(
        self,
        track_ids: Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        on_conflict: OnConflict = "error",
    ) -> pa.Table:
        ids, ignores = ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict) == "ignore"
        wanted = self._wanted(columns)
        found = self._rows_of(ids, list(dict.fromkeys([TRACK_ID, *wanted])))
        place = {track_id: row for row, track_id in enumerate(found[TRACK_ID].to_pylist())}
        if not ignores:
            require_known(ids, place)
        there = pa.array([place[one] for one in ids if one in place], pa.int64())
        return found.take(there).select(wanted)

    def vectors(self, track_ids: Sequence[str], *, on_conflict: OnConflict = "error") -> Vectors:
        ids, ignores = ids_of(track_ids, "track_ids"), on_conflict_of(on_conflict) == "ignore"
        found = self._found_by_id(ids)
        place = {track_id: row for row, track_id in enumerate(found.track_ids)}
        if not ignores:
            require_known(ids, place)
        vectors: Vectors = np.full((len(ids), self.dim), np.nan, np.float32)
        there = [row for row, one in enumerate(ids) if one in place]
        vectors[there] = found.vectors[[place[ids[row]] for row in there]]
        return vectors

    def cosines(
        self, lefts: Sequence[str], rights: Sequence[str], *, on_conflict: OnConflict = "error"
    ) -> Float64Array:
        first, second = paired_ids(lefts, rights)
        every = list(dict.fromkeys([*first, *second]))
        vectors = self.vectors(every, on_conflict=on_conflict).astype(np.float64)
        place = {track_id: row for row, track_id in enumerate(every)}
        left, right = (vectors[[place[one] for one in side]] for side in (first, second))
        return np.asarray(np.einsum("ij,ij->i", left, right))

    def same_recording(self, track_id: str, others: Sequence[str]) -> BoolArray:
        asked = [id_of(track_id, "track_id"), *ids_of(others, "others")]
        found = self._found_by_id(list(dict.fromkeys(asked)))
        place = {one: row for row, one in enumerate(found.track_ids)}
        require_known(asked, place)
        rows = np.array([place[one] for one in asked], np.int64)
        vectors = np.ascontiguousarray(found.vectors)[rows]
        recordings = Catalogue.of(found.vectors, found.table, self.moods).recordings
        return recordings.copies(int(rows[0]), rows[1:], vectors[1:] @ vectors[0])

    # Where one reading is under way, what it has met before is not read again.

    def _found_by_id(self, track_ids: Sequence[str]) -> Candidates:
        """Return some tracks as candidates, in any order; ids that no track has are left out."""
        memory = memory_of(self._facts)
        if memory is None:
            return self._candidates(track_ids)
        new = [one for one in track_ids if one not in memory]
        found = self._candidates(new) if new or not track_ids else None
        if found is not None:
            memory.keep(found)
        known = [one for one in track_ids if one in memory]
        return found if found is not None and not known else memory.recalled(known)

    def _rows_of(self, track_ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Return columns of the rows for ids, in any order; ids that no track has are left out."""
        memory = memory_of(self._facts)
        known = [] if memory is None else [one for one in track_ids if one in memory]
        if memory is None or not known:
            return self._stored_rows(track_ids, columns)
        before = memory.recalled(known).table.select(columns)
        new = [one for one in track_ids if one not in memory]
        return pa.concat_tables([before, self._stored_rows(new, columns)]) if new else before

    def _there(self, track_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that tracks have."""
        memory = memory_of(self._facts)
        known = set() if memory is None else {one for one in track_ids if one in memory}
        new = [one for one in track_ids if one not in known]
        return known | self._known(new) if new else known

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        """Return the names of the columns that are wanted, checked."""
        chosen = chosen_columns(columns, self.column_names)
        return list(self.column_names) if chosen is None else chosen


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
