"""Finds the tracks of a library that hold the same audio, or the same recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from moodrec.filters.conditions import Comparison, Field, Or
from moodrec.index.front import SearchFront
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.schema import RECORDING_ID, TRACK_ID

_NEAR: Final = 50
"""The number of nearest tracks among which copies are sought."""


class Copies:
    """The copies that the track table of an index marks; an index of one's own table usually marks none."""

    def __init__(self, index: SearchFront) -> None:
        self._index = index
        self._recordings: dict[str, Sequence[str]] = {}

    def of(self, track_id: str) -> Sequence[str]:
        """Return the other tracks with the audio of a track."""
        original = self._original_of.get(track_id, track_id)
        return [one for one in self._copies_of.get(original, ()) if one != track_id]

    def of_all(self, track_ids: Iterable[str]) -> list[str]:
        """Return the other tracks with the audio of any of several tracks."""
        return [copy for track_id in track_ids for copy in self.of(track_id)]

    def recordings(self, track_id: str) -> Sequence[str]:
        """Return the other tracks that are the same recording: copies, other encodings, other editions."""
        if track_id not in self._recordings:
            near = [one for one in self._index.similar_to(track_id, _NEAR).track_ids[0].tolist() if one]
            likely = [one for one in dict.fromkeys([*near, *self._sharing_ids(track_id)]) if one != track_id]
            same = self._index.same_recording(track_id, likely).tolist()
            found = [one for one, is_same in zip(likely, same, strict=True) if is_same]
            self._recordings[track_id] = tuple(dict.fromkeys([*self.of(track_id), *found]))
        return self._recordings[track_id]

    def _sharing_ids(self, track_id: str) -> list[str]:
        """Return tracks with an id of the recording in common with a track."""
        names = [name for name in (RECORDING_ID, "isrc", "acoustid_id") if name in self._index.column_names]
        (known,) = self._index.rows([track_id], [TRACK_ID, *names]).to_pylist()
        tests = tuple(
            Comparison(Field(name), "=", known[name]) for name in names if isinstance(known[name], str)
        )
        ids: list[str] = (
            self._index.matching(Or(tests), columns=[TRACK_ID])[TRACK_ID].to_pylist() if tests else []
        )
        return ids

    @cached_property
    def _original_of(self) -> dict[str, str]:
        """Map each track that is a copy to its original."""
        if DUPLICATE_OF not in self._index.column_names:
            return {}
        known = self._index.matching(f"{DUPLICATE_OF} IS NOT NULL", columns=[TRACK_ID, DUPLICATE_OF])
        return dict(zip(known[TRACK_ID].to_pylist(), known[DUPLICATE_OF].to_pylist(), strict=True))

    @cached_property
    def _copies_of(self) -> dict[str, Sequence[str]]:
        """Map each original to all tracks with its audio, the original among them where it is in the index."""
        found: dict[str, Sequence[str]] = {}
        for copy, original in self._original_of.items():
            found[original] = (*found.get(original, (original,) if original in self._index else ()), copy)
        return found
