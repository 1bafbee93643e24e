"""Tokens become a sentence: rules are tried at each place, the longest phrases first, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moodrec.filters.conditions import quote_name, quote_value
from moodrec.recommend.find.cursor import Cursor, Draft
from moodrec.recommend.find.lexicon import Lexicon, MoodWord
from moodrec.recommend.find.names import Names
from moodrec.recommend.find.sentence import Sentence
from moodrec.recommend.find.tokens import Token
from moodrec.recommend.find.years import years_of
from moodrec.schema import ARTIST, ARTISTS, GENRE, YEAR

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


def read(text: str, lexicon: Lexicon, names: Names) -> Sentence:
    """Read a search in words.

    Args:
        text: what was typed.
        lexicon: the words that are understood.
        names: finds the tracks and artists of seeds.
    """
    reader = _Reader(text, lexicon, names)
    draft = reader.run()
    return Sentence(
        text=text,
        seed=draft.seed,
        moods=draft.moods,
        conditions=tuple(dict.fromkeys(draft.conditions)),
        exclude_artist=tuple(dict.fromkeys(draft.exclude_artist)),
        max_per_artist=draft.max_per_artist,
        max_per_album=draft.max_per_album,
        distinct=draft.distinct,
        diversity=draft.diversity,
        k=draft.k,
        parts=tuple(draft.parts),
        matches=draft.matches,
    )


class _Reader(Cursor):
    """The rules, and the place where they are tried."""

    def __init__(self, text: str, lexicon: Lexicon, names: Names) -> None:
        super().__init__(text, lexicon)
        self.names = names

    def run(self) -> Draft:
        rules: tuple[Callable[[int], int], ...] = (
            self._like,
            self._compared,
            self._limit,
            self._length,
            self._years,
            self._negated,
            self._by,
            self._phrase,
            self._empty,
        )
        at = 0
        while at < len(self.tokens):
            if self.tokens[at].kind == "comma":
                at += 1
                continue
            used = next((used for rule in rules if (used := rule(at))), 0)
            if not used:
                self.unknown(at)
            at += used or 1
        return self.draft

    # Rules: each returns the number of tokens that it used ------------------------------------------------------

    def _like(self, at: int) -> int:
        lead = self.is_word(at, "like")
        if not lead or at + lead >= len(self.tokens):
            return 0
        quoted = self.tokens[at + lead].kind == "quoted"
        for used, phrase in self.words(at + lead, 1 if quoted else 8):
            named = self.names.meaning(phrase)
            words = self.text[self.tokens[at + lead].start : self.tokens[at + lead + used - 1].end]
            if named.matches:
                self.draft.matches[words] = named.matches
            if named.seed is not None:
                self.draft.seed = named.seed
                return self.part(at, lead + used, "seed", f"like {named.seed.label}")
            if named.matches:
                several = f"{len(named.matches)} tracks are called so: say whose"
                return self.part(at, lead + used, "unknown", several)
        return 0

    def _compared(self, at: int) -> int:
        """``calm >= .6``, ``calm at least .6``, ``year > 1990``."""
        for used, phrase in self.words(at, 3):
            name = self._number_column(phrase)
            if name is None:
                continue
            side, more = self._side(at + used)
            value = self.number(at + used + more)
            if side and value is not None:
                condition = f"{quote_name(name)} {side} {value:g}"
                self.draft.conditions.append(condition)
                return self.part(at, used + more + 1, "condition", condition)
        return 0

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
        """``one per artist``, ``20 tracks``, ``no copies``, ``varied``."""
        words, value = self.lower(at), self.number(at)
        if words and words[0] in ("once", "one") and value is None:
            value = 1.0
        whole = value is not None and value >= 1 and value == int(value)
        if (
            whole
            and len(words) > 2
            and words[1] in ("per", "by", "an", "each", "of")
            and words[2] in ("artist", "album")
        ):
            count = int(value or 1)
            if words[2] == "artist":
                self.draft.max_per_artist = count
            else:
                self.draft.max_per_album = count
            return self.part(at, 3, "limit", f"{count} per {words[2]}")
        if whole and len(words) > 1 and words[1] in _COUNTED:
            self.draft.k = int(value or 1)
            return self.part(at, 2, "limit", f"{self.draft.k} tracks")
        if len(words) > 1 and words[0] in ("no", "without") and words[1] in _COPIES:
            self.draft.distinct = True
            return self.part(at, 2, "limit", "no copies")
        if words and words[0] in _VARIED:
            self.draft.diversity = _VARIED[words[0]]
            return self.part(at, 1, "order", f"varied {self.draft.diversity:g}")
        return 0

    def _length(self, at: int) -> int:
        """``under 4 minutes``, ``longer than 90 seconds``."""
        side, used = self._side(at)
        value = self.number(at + used)
        words = self.lower(at + used + 1)
        known = bool(words) and words[0] in _UNITS and "duration" in self.lexicon.columns
        if not side or value is None or not known:
            return 0
        condition = f"duration {side} {value * _UNITS[words[0]]:g}"
        self.draft.conditions.append(condition)
        return self.part(at, used + 2, "condition", condition)

    def _years(self, at: int) -> int:
        found = self._year_condition(at)
        if found is None:
            return 0
        self.draft.conditions.append(found[1])
        return self.part(at, found[0], "condition", found[1])

    def _year_condition(self, at: int) -> tuple[int, str] | None:
        return years_of(self.lower(at), self.lexicon.decades) if YEAR in self.lexicon.columns else None

    def _negated(self, at: int) -> int:
        """``not sad``, ``no rock``, ``without Radiohead``, ``not sad or angry``."""
        lead = self.is_word(at, "not")
        if not lead:
            return 0
        used = self._deny(at, lead)
        while used and at + used + 1 < len(self.tokens):
            joined = self.tokens[at + used].text.casefold() in ("or", "nor")
            further = self._deny(at + used, 1) if joined else 0
            if not further:
                break
            used += further
        return used

    def _deny(self, at: int, lead: int) -> int:
        """Take what follows some words for what is not wanted."""
        begin = at + lead
        if (years := self._year_condition(begin)) is not None:
            condition = f"NOT ({years[1]})"
            self.draft.conditions.append(condition)
            return self.part(at, lead + years[0], "condition", condition)
        begin += self.is_word(begin, "by")
        for used, phrase in self.words(begin):
            whole = begin + used - at
            if (word := self.lexicon.moods.get(phrase)) is not None:
                return self._mood(at, whole, word, "plain", denied=True)
            if (genres := self.lexicon.genres.get(phrase)) is not None:
                condition = f"NOT {self._genre(genres)}"
                self.draft.conditions.append(f"({condition} OR {GENRE} IS NULL)")
                return self.part(at, whole, "condition", condition)
            if (artists := self.lexicon.artists.get(phrase)) is not None:
                self.draft.exclude_artist += artists
                return self.part(at, whole, "condition", f"not by {artists[0]}")
        return 0

    def _by(self, at: int) -> int:
        lead = self.is_word(at, "by")
        for used, phrase in self.words(at + lead) if lead else ():
            if (artists := self.lexicon.artists.get(phrase)) is not None:
                return self._artist(at, lead + used, artists)
        return 0

    def _phrase(self, at: int) -> int:
        """A mood, with its degree; a genre; an artist."""
        degree, lead = self._degree(at)
        for used, phrase in self.words(at + lead):
            if (word := self.lexicon.moods.get(phrase)) is not None:
                return self._mood(at, lead + used, word, degree)
            if lead:
                continue
            if (genres := self.lexicon.genres.get(phrase)) is not None:
                condition = self._genre(genres)
                self.draft.conditions.append(condition)
                return self.part(at, used, "condition", condition)
            if (artists := self.lexicon.artists.get(phrase)) is not None and not self._is_empty(phrase):
                return self._artist(at, used, artists)
            if (mood := self.lexicon.missing.get(phrase)) is not None:
                return self.part(at, used, "unknown", f"this library has no scores for {mood}")
        return 0

    def _is_empty(self, phrase: tuple[str, ...]) -> bool:
        return all((word,) in self.lexicon.words["empty"] for word in phrase)

    def _degree(self, at: int) -> tuple[str, int]:
        for kind in ("very", "slightly"):
            if used := self.is_word(at, kind):
                return kind, used
        return "plain", 0

    def _mood(self, at: int, used: int, word: MoodWord, degree: str, denied: bool = False) -> int:
        much = word.much != denied
        value = None if denied else self.number(at + used)
        if value is not None and 0 <= value <= 1 and self.tokens[at + used].kind == "number":
            target, used = (value if word.much else 1 - value), used + 1
        else:
            share = self.lexicon.degrees[degree]
            target = share if much else 1 - share
        self.draft.moods[word.mood] = round(target, 3)
        return self.part(at, used, "mood", f"{word.mood} {target:.2g}")

    def _genre(self, spellings: tuple[str, ...]) -> str:
        values = ", ".join(map(quote_value, spellings))
        return f"{GENRE} = {values}" if len(spellings) == 1 else f"{GENRE} IN ({values})"

    def _artist(self, at: int, used: int, spellings: tuple[str, ...]) -> int:
        column = ARTISTS if ARTISTS in self.lexicon.columns else ARTIST
        values = ", ".join(map(quote_value, spellings))
        condition = f"{column} = {values}" if len(spellings) == 1 else f"{column} IN ({values})"
        self.draft.conditions.append(condition)
        return self.part(at, used, "condition", condition)

    def _empty(self, at: int) -> int:
        token: Token = self.tokens[at]
        known = token.words in self.lexicon.words["empty"] or token.words == ()
        return self.part(at, 1, "empty", "") if known else 0
