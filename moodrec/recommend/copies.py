"""Finds the tracks of a library that hold the same audio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from moodrec.index.mood_index import MoodIndex
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.schema import TRACK_ID


class Copies:
    """The copies that the track table of an index marks; an index of one's own table usually marks none."""

    def __init__(self, index: MoodIndex) -> None:
        self._index = index

    def of(self, track_id: str) -> Sequence[str]:
        """Return the other tracks with the audio of a track."""
        original = self._original_of.get(track_id, track_id)
        return [one for one in self._copies_of.get(original, ()) if one != track_id]

    def of_all(self, track_ids: Iterable[str]) -> list[str]:
        """Return the other tracks with the audio of any of several tracks."""
        return [copy for track_id in track_ids for copy in self.of(track_id)]

    @cached_property
    def _original_of(self) -> dict[str, str]:
        """Map each track that is a copy to its original."""
        if DUPLICATE_OF not in self._index.column_names:
            return {}
        known = self._index.matching(f"{DUPLICATE_OF} IS NOT NULL")
        return dict(zip(known[TRACK_ID].to_pylist(), known[DUPLICATE_OF].to_pylist(), strict=True))

    @cached_property
    def _copies_of(self) -> dict[str, Sequence[str]]:
        """Map each original to all tracks with its audio, the original among them where it is in the index."""
        found: dict[str, Sequence[str]] = {}
        for copy, original in self._original_of.items():
            found[original] = (*found.get(original, (original,) if original in self._index else ()), copy)
        return found
