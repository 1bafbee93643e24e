"""What every kind of playlist keeps to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moodrec.errors import UsageError

MINUTE: Final = 60.0
DEFAULT_N: Final = 25
MANY: Final = 10_000
"""Tracks that no playlist has: it is ended by its playing time."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long a playlist is, how far apart an artist's tracks are, and how it is drawn.

    Raises:
        UsageError: a number is out of range.
    """

    n: int | None = None
    """Tracks, the seeds that open or end it included; at most so many where ``minutes`` is given. 25 by default, and
    as many as it takes to fill the time."""
    minutes: float | None = None
    """Wanted playing time. Only tracks whose duration is known are taken, and the last one is chosen to fit."""
    artist_gap: int = 3
    """At least so many tracks between two of one artist, where the library has enough artists."""
    max_per_artist: int | None = None
    """At most so many tracks an artist in the whole playlist."""
    variety: float = 0.0
    """0 always takes the track that fits best; up to 1 draws more and more freely among those that fit well."""
    random_seed: int = 0
    """Of that draw: the same seed gives the same playlist."""

    def __post_init__(self) -> None:
        ranges = {
            "n": self.n is None or self.n >= 1,
            "minutes": self.minutes is None or self.minutes > 0,
            "artist_gap": self.artist_gap >= 0,
            "max_per_artist": self.max_per_artist is None or self.max_per_artist >= 1,
            "variety": 0 <= self.variety <= 1,
        }
        for name, fine in ranges.items():
            if not fine:
                raise UsageError(f"{name} is {getattr(self, name)}, which is out of range")

    @property
    def limit(self) -> int:
        """At most so many tracks."""
        if self.n is not None:
            return self.n
        return DEFAULT_N if self.minutes is None else MANY

    @property
    def seconds(self) -> float | None:
        """Wanted playing time in seconds."""
        return None if self.minutes is None else self.minutes * MINUTE
