"""While an analysis runs, the index is brought up to date now and then, so that what is done can be searched."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from moodrec.catalog.refresh import refresh_index
from moodrec.errors import MoodrecError
from moodrec.library.library import Library

EVERY_S: Final = 60.0
EVERY_TRACKS: Final = 500
_SHARE: Final = 0.1
"""The greatest share of the run's time that goes into interim indexes, those of large libraries that is."""
_CHEAP_S: Final = 1.0
"""Seconds; an index that takes less is built whenever it is due."""


class InterimIndex:
    """Builds the index anew every minute or every 500 tracks, whichever is sooner."""

    def __init__(
        self,
        library: Library,
        model_fingerprint: str,
        every_s: float = EVERY_S,
        every_tracks: int = EVERY_TRACKS,
    ) -> None:
        """Begin to count; nothing is built yet.

        Args:
            library: the library that is being written to, whose lock is held.
            model_fingerprint: the model of the run. While search uses another, that one's index stays.
            every_s: seconds between two indexes.
            every_tracks: new tracks after which an index is built before its time.
        """
        self._library = library
        self._wanted = library.model().fingerprint == model_fingerprint
        self._every_s, self._every_tracks = every_s, every_tracks
        self._new_tracks = 0
        self._built_at = time.monotonic()
        self._cost_s = 0.0
        self.searchable = 0
        """Number of tracks in the newest interim index; 0 before the first."""

    def count(self, is_track: bool) -> None:
        """Count a file that was acknowledged, and build the index if it is time.

        An index that cannot be built is passed over: the run goes on, and the index at its end reports the error.

        Args:
            is_track: whether the file has become a track.
        """
        self._new_tracks += is_track
        if not self._wanted or not self._new_tracks or not self._is_time():
            return
        started = time.monotonic()
        with suppress(MoodrecError, OSError):
            self.searchable = len(refresh_index(self._library))
        self._built_at = time.monotonic()
        self._cost_s = self._built_at - started
        self._new_tracks = 0

    def _is_time(self) -> bool:
        waited = time.monotonic() - self._built_at
        due = waited >= self._every_s or self._new_tracks >= self._every_tracks
        return due and (self._cost_s < _CHEAP_S or waited * _SHARE >= self._cost_s)
