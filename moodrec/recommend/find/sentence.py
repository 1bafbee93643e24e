"""What words were understood as: every part with the words that it came from, and the words that were not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["seed", "mood", "condition", "limit", "order", "empty", "unknown"]


@dataclass(frozen=True)
class Part:
    """A piece of what was typed, and what it means."""

    words: str
    """The words as they were typed."""
    kind: Kind
    meaning: str
    """The meaning in words of the sentence, such as ``calm 0.9`` or ``year BETWEEN 1990 AND 1999``."""
    start: int = 0
    """The place of the words in the text, in characters."""
    end: int = 0


@dataclass(frozen=True)
class Seed:
    """The track, or the artist, that results are to sound like."""

    label: str
    """A name for people."""
    track_ids: tuple[str, ...]
    """The track; of an artist, tracks of theirs."""


@dataclass(frozen=True)
class Sentence:
    """A search in words that can be edited."""

    text: str
    """What was typed."""
    seed: Seed | None = None
    moods: Mapping[str, float] = field(default_factory=dict)
    """Targets in [0, 1] by mood."""
    conditions: tuple[str, ...] = ()
    """Conditions that must all be met, in the language of filters."""
    exclude_artist: tuple[str, ...] = ()
    max_per_artist: int | None = None
    max_per_album: int | None = None
    distinct: bool = False
    diversity: float = 0.0
    k: int | None = None
    """The number of tracks that was asked for."""
    parts: tuple[Part, ...] = ()
    """The pieces of the text in order."""
    matches: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Tracks that a name may mean, as pairs of id and description, by the words of the name."""

    @property
    def not_understood(self) -> tuple[str, ...]:
        """The words that have no meaning here."""
        return tuple(part.words for part in self.parts if part.kind == "unknown")

    @property
    def where(self) -> str | None:
        """All conditions as one; None without any."""
        return " AND ".join(self.conditions) or None

    @property
    def words(self) -> str:
        """The sentence as people read it: ``like Teardrop, calm 0.9, year BETWEEN 1990 AND 1999, 1 per artist``."""
        parts = [f"like {self.seed.label}"] if self.seed else []
        parts += [f"{mood} {target:g}" for mood, target in self.moods.items()]
        parts += self.conditions
        parts += [f"not by {name}" for name in self.exclude_artist]
        for limit, what in ((self.max_per_artist, "artist"), (self.max_per_album, "album")):
            parts += [f"{limit} per {what}"] if limit else []
        parts += ["no copies"] if self.distinct else []
        parts += [f"varied {self.diversity:g}"] if self.diversity else []
        parts += [f"{self.k} tracks"] if self.k else []
        return ", ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the sentence as plain values, for JSON."""
        return {
            "text": self.text,
            "sentence": self.words,
            "seed": None
            if self.seed is None
            else {**asdict(self.seed), "track_ids": list(self.seed.track_ids)},
            "moods": dict(self.moods),
            "conditions": list(self.conditions),
            "where": self.where,
            "exclude_artist": list(self.exclude_artist),
            "max_per_artist": self.max_per_artist,
            "max_per_album": self.max_per_album,
            "distinct": self.distinct,
            "diversity": self.diversity,
            "k": self.k,
            "parts": [asdict(part) for part in self.parts],
            "not_understood": list(self.not_understood),
            "matches": {
                words: [{"track_id": track_id, "description": text} for track_id, text in tracks]
                for words, tracks in self.matches.items()
            },
        }
