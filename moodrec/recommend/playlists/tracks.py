"""What a playlist needs to know of single tracks: who they are by, and how long they are."""

from __future__ import annotations

import math
from functools import cached_property
from numbers import Real
from typing import Any, Final, TypeGuard

import numpy as np

from moodrec.artists import credit
from moodrec.errors import UsageError
from moodrec.filters.conditions import Condition
from moodrec.names import fold
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender
from moodrec.schema import ARTIST, ARTISTS, TRACK_ID

DURATION: Final = "duration"
_KNOWN_DURATION: Final = "duration > 0"


class TrackFacts:
    """Artists and durations of the tracks of a recommender, by track id."""

    def __init__(self, recommender: Recommender) -> None:
        self._frame = recommender.frame

    def require_durations(self, rules: Rules) -> None:
        """Refuse a playing time where there are no durations.

        Raises:
            UsageError: a playing time was requested, and the table has no durations.
        """
        if rules.seconds is not None and not self._durations:
            raise UsageError(
                "a playing time needs a column 'duration' in the track table; give a number of tracks"
            )

    def artist(self, track_id: str) -> str | None:
        """Return the folded name of a track's first main artist, as artists are compared everywhere."""
        text, listed = self._artists.get(track_id), self._listed.get(track_id)
        names = tuple(listed) if isinstance(listed, list | tuple | np.ndarray) else ()
        main = credit(text if isinstance(text, str) else None, names).main
        return fold(main[0]) if main else None

    def duration(self, track_id: str) -> float:
        """Return the duration of a track in seconds; that of a usual track where it is unknown."""
        duration = self._durations.get(track_id)
        return float(duration) if _is_known(duration) else self.usual

    @cached_property
    def usual(self) -> float:
        """The duration of a usual track in seconds: the median."""
        known = [value for value in self._durations.values() if _is_known(value)]
        return float(np.median(known)) if known else 1.0

    @cached_property
    def _artists(self) -> dict[str, Any]:
        return self._column(ARTIST)

    @cached_property
    def _listed(self) -> dict[str, Any]:
        return self._column(ARTISTS)

    @cached_property
    def _durations(self) -> dict[str, Any]:
        return self._column(DURATION)

    def _column(self, name: str) -> dict[str, Any]:
        """Read a column of the track table by track id; {} where there is no such column."""
        frame = self._frame
        return dict(zip(frame[TRACK_ID], frame[name], strict=True)) if name in frame else {}


def and_known_duration(where: str | Condition | None) -> str:
    """Add to a condition that the duration is known."""
    return _KNOWN_DURATION if where is None else f"({where}) AND {_KNOWN_DURATION}"


def _is_known(duration: Any) -> TypeGuard[float]:
    return isinstance(duration, Real) and 0 < float(duration) < math.inf
