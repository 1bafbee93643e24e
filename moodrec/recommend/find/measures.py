"""Rules of numbers in a search in words: comparisons, limits and lengths."""

from __future__ import annotations

from typing import Final

from moodrec.filters.conditions import quote_name
from moodrec.recommend.find.cursor import Cursor

_VARIED: Final = {"varied": 0.5, "diverse": 0.5, "variety": 0.5, "eclectic": 0.7}
_COUNTED: Final = frozenset({"track", "tracks", "song", "songs", "tunes"})
_COPIES: Final = frozenset({"copies", "duplicates", "repeats", "doubles"})
_UNITS: Final = {
    "minutes": 60,
    "minute": 60,
    "min": 60,
    "mins": 60,
    "seconds": 1,
    "second": 1,
    "sec": 1,
    "secs": 1,
}
_SIDES: Final = {
    ("under",): "<",
    ("below",): "<",
    ("shorter", "than"): "<",
    ("less", "than"): "<",
    ("over",): ">",
    ("above",): ">",
    ("longer", "than"): ">",
    ("more", "than"): ">",
    ("at", "least"): ">=",
    ("at", "most"): "<=",
}
_PER: Final = ("per", "by", "an", "each", "of")
_AND: Final = ("and", "to", "-")


class Measures(Cursor):
    """Rules that read numbers; each returns the number of tokens that it used."""

    def _compared(self, at: int) -> int:
        """``calm >= .6``, ``calm at least .6``, ``happy between .3 and .6``, ``at least 60% calm``."""
        side, lead = self._side(at)
        if side and (value := self.number(at + lead)) is not None:
            return self._one_compared(at, at + lead + 1, side, value)
        for used, phrase in self.words(at, 3):
            name = self._number_column(phrase)
            if name is None:
                continue
            if (found := self._between(at + used, name)) is not None:
                return self._condition(
                    at, used + 4, f"{quote_name(name)} BETWEEN {found[0]:g} AND {found[1]:g}"
                )
            side, more = self._side(at + used)
            value = self.number(at + used + more)
            if side and value is not None and self._fits(name, value):
                return self._condition(at, used + more + 1, f"{quote_name(name)} {side} {value:g}")
        return 0

    def _one_compared(self, at: int, begin: int, side: str, value: float) -> int:
        for used, phrase in self.words(begin, 3):
            name = self._number_column(phrase)
            if name is not None and self._fits(name, value):
                return self._condition(at, begin + used - at, f"{quote_name(name)} {side} {value:g}")
        return 0

    def _between(self, at: int, name: str) -> tuple[float, float] | None:
        """Two numbers behind ``between``, which take four tokens."""
        if not self.is_one_of(at, "between", "from") or not self.is_one_of(at + 2, *_AND):
            return None
        low, high = self.number(at + 1), self.number(at + 3)
        if low is None or high is None or not (self._fits(name, low) and self._fits(name, high)):
            return None
        return min(low, high), max(low, high)

    def _fits(self, name: str, value: float) -> bool:
        """Whether a column can have a value: moods lie in [0, 1]."""
        is_mood = any(word.mood == name for word in self.lexicon.moods.values())
        return not is_mood or 0 <= value <= 1

    def _condition(self, at: int, used: int, condition: str) -> int:
        self.draft.conditions.append(condition)
        return self.part(at, used, "condition", condition)

    def _number_column(self, phrase: tuple[str, ...]) -> str | None:
        word = self.lexicon.moods.get(phrase)
        if word is not None and word.much:
            return word.mood
        name = "_".join(phrase)
        return name if self.lexicon.kinds.get(name) == "number" else None

    def _side(self, at: int) -> tuple[str, int]:
        if at < len(self.tokens) and self.tokens[at].kind == "compare":
            return self.tokens[at].text, 1
        words = self.lower(at)
        return next(
            ((side, len(key)) for key, side in _SIDES.items() if tuple(words[: len(key)]) == key), ("", 0)
        )

    def _limit(self, at: int) -> int:
        """``one per artist``, ``at most 2 songs per artist``, ``20 tracks``, ``no copies``, ``varied``."""
        lead = self.is_word(at, "at most")
        value = self._count(at + lead)
        if value is not None:
            counted = int(self.is_one_of(at + lead + 1, *_COUNTED))
            begin = at + lead + 1 + counted
            if self.is_one_of(begin, *_PER) and self.is_one_of(begin + 1, "artist", "album"):
                what = self.tokens[begin + 1].text.casefold()
                setattr(self.draft, f"max_per_{what}", value)
                return self.part(at, begin + 2 - at, "limit", f"{value} per {what}")
            if counted or self.is_one_of(at, "top"):
                self.draft.k = value
                return self.part(at, begin - at, "limit", f"{value} tracks")
        if self.is_one_of(at, "no", "without") and self.is_one_of(at + 1, *_COPIES):
            self.draft.distinct = True
            return self.part(at, 2, "limit", "no copies")
        word = self.tokens[at].text.casefold()
        if word in _VARIED:
            self.draft.diversity = _VARIED[word]
            return self.part(at, 1, "order", f"varied {self.draft.diversity:g}")
        return 0

    def _count(self, at: int) -> int | None:
        value = 1.0 if self.is_one_of(at, "once") else self.number(at)
        return None if value is None or value < 1 or value != int(value) else int(value)

    def _length(self, at: int) -> int:
        """``under 4 minutes``, ``longer than 90 seconds``, ``between 3 and 5 minutes``."""
        if "duration" not in self.lexicon.columns:
            return 0
        unit = self._unit(at + 4)
        if unit and (found := self._between(at, "duration")) is not None:
            return self._condition(at, 5, f"duration BETWEEN {found[0] * unit:g} AND {found[1] * unit:g}")
        side, used = self._side(at)
        value, unit = self.number(at + used), self._unit(at + used + 1)
        if not side or value is None or not unit:
            return 0
        return self._condition(at, used + 2, f"duration {side} {value * unit:g}")

    def _unit(self, at: int) -> int:
        return _UNITS.get(self.tokens[at].text.casefold(), 0) if at < len(self.tokens) else 0
