"""What a playlist needs to know of single tracks: who they are by, and how long they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        self._index = recommender.index
        self._known: dict[str, str | None] = {}

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
        return self.artists([track_id])[0]

    def artists(self, track_ids: Sequence[str]) -> list[str | None]:
        """Return the folded names of the first main artists of tracks."""
        new = [one for one in dict.fromkeys(track_ids) if one not in self._known]
        if new:
            there = [name for name in (TRACK_ID, ARTIST, ARTISTS) if name in self._index.column_names]
            for row in self._index.rows(new, there, on_conflict="ignore").to_pylist():
                self._known[row[TRACK_ID]] = _first_artist(row.get(ARTIST), row.get(ARTISTS))
        return [self._known.get(one) for one in track_ids]

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
    def _durations(self) -> dict[str, Any]:
        """The durations by track id; {} where there is no such column."""
        table = self._index.columns([TRACK_ID, DURATION])
        if DURATION not in table.column_names:
            return {}
        return dict(zip(table[TRACK_ID].to_pylist(), table[DURATION].to_pylist(), strict=True))


def _first_artist(text: Any, listed: Any) -> str | None:
    names = tuple(name for name in listed if name) if isinstance(listed, list) else ()
    main = credit(text if isinstance(text, str) else None, names).main
    return fold(main[0]) if main else None


def and_known_duration(where: str | Condition | None) -> str:
    """Add to a condition that the duration is known."""
    return _KNOWN_DURATION if where is None else f"({where}) AND {_KNOWN_DURATION}"


def _is_known(duration: Any) -> TypeGuard[float]:
    return isinstance(duration, Real) and 0 < float(duration) < math.inf
