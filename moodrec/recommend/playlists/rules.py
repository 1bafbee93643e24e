"""The rules that every kind of playlist keeps to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moodrec.arguments import finite, share, whole
from moodrec.errors import UsageError
from moodrec.given import kind_of

MINUTE: Final = 60.0
DEFAULT_N: Final = 25
MANY: Final = 10_000
"""More tracks than a playlist has, where its playing time ends it."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long a playlist is, how far apart an artist's tracks are, and how it is drawn.

    Raises:
        UsageError: a number is out of range.
    """

    n: int | None = None
    """The number of tracks, from 1 to 10,000, the seeds that open or end it included; at most so many where
    ``minutes`` is given. 25 by default, or as many as it takes to fill the time.
    """
    minutes: float | None = None
    """The requested playing time in minutes, more than 0. Only tracks whose duration is known are taken, and
    the last one is chosen to fit.
    """
    artist_gap: int = 3
    """At least so many tracks, 0 or more, between two of one artist, where the library has enough artists."""
    max_per_artist: int | None = None
    """At most so many tracks, 1 or more, of an artist in the whole playlist."""
    variety: float = 0.0
    """0 always takes the track that fits best; up to 1 draws more and more freely among those that fit well."""
    random_seed: int = 0
    """The seed of that draw, 0 or more: the same seed gives the same playlist."""

    def __post_init__(self) -> None:
        if self.n is not None:
            self._set("n", whole(self.n, "n", most=MANY))
        if self.minutes is not None:
            self._set("minutes", finite(self.minutes, "minutes"))
            if self.minutes <= 0:
                raise UsageError(f"minutes is {self.minutes}; it must be more than 0")
        self._set("artist_gap", whole(self.artist_gap, "artist_gap", least=0))
        if self.max_per_artist is not None:
            self._set("max_per_artist", whole(self.max_per_artist, "max_per_artist"))
        self._set("variety", share(self.variety, "variety"))
        self._set("random_seed", whole(self.random_seed, "random_seed", least=0))

    def _set(self, name: str, value: float) -> None:
        object.__setattr__(self, name, value)

    @property
    def limit(self) -> int:
        """The largest number of tracks."""
        if self.n is not None:
            return self.n
        return DEFAULT_N if self.minutes is None else MANY

    @property
    def seconds(self) -> float | None:
        """The requested playing time in seconds."""
        return None if self.minutes is None else self.minutes * MINUTE


def rules_of(given: object) -> Rules:
    """Check the argument ``rules``; None is the default rules.

    Raises:
        UsageError: it is something else.
    """
    return Rules() if given is None else kind_of(given, Rules, "rules")
