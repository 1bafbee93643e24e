"""Tokens become a sentence: rules are tried at each place, the longest phrases first, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from moodrec.filters.conditions import quote_value
from moodrec.recommend.find.cursor import Draft
from moodrec.recommend.find.lexicon import Lexicon, MoodWord
from moodrec.recommend.find.measures import Measures
from moodrec.recommend.find.names import Named, Names
from moodrec.recommend.find.sentence import Part, Sentence
from moodrec.recommend.find.tokens import Token
from moodrec.recommend.find.years import is_span, years_of
from moodrec.schema import ARTIST, ARTISTS, GENRE, YEAR

_OR: Final = ("or", "nor", "oder", "ou")
_ONE_KIND: Final = "a choice is between genres, between artists or between years"
_BOTH: Final = ("and", "&", "und", "et")
_DEGREES: Final = ("very", "slightly", "medium", "low", "high")


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


class _Reader(Measures):
    """The rules, and the place where they are tried."""

    def __init__(self, text: str, lexicon: Lexicon, names: Names) -> None:
        super().__init__(text, lexicon)
        self.names = names
        self._open: dict[str, tuple[int, tuple[str, ...]]] = {}
        """Conditions that further values of their kind go into: the place in the draft, and the values."""

    def run(self) -> Draft:
        rules: tuple[Callable[[int], int], ...] = (
            self._like,
            self._compared,
            self._limit,
            self._length,
            self._years,
            self._only,
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
        self._tell_mixed_choices()
        return self.draft

    def _tell_mixed_choices(self) -> None:
        """``jazz or 1990s`` is both here, so that its ``or`` is told as not understood."""
        parts = self.draft.parts
        for place, part in enumerate(parts):
            told = part.kind == "empty" and part.words.casefold() in _OR and 0 < place < len(parts) - 1
            kinds = {_kind(parts[place - 1]), _kind(parts[place + 1])} if told else set()
            if len(kinds) == 2 and None not in kinds:
                parts[place] = replace(part, kind="unknown", meaning=_ONE_KIND)

    # Rules: each returns the number of tokens that it used ------------------------------------------------------

    def _like(self, at: int) -> int:
        lead = self.is_word(at, "like")
        if not lead or at + lead >= len(self.tokens):
            return 0
        while at + lead + 1 < len(self.tokens) and not self._begins_name(at + lead):
            lead += 1
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

    def _begins_name(self, at: int) -> bool:
        """Whether a name begins at a place, rather than ``the song`` or ``artist`` before it."""
        if self.tokens[at].words not in self.lexicon.words["before a name"]:
            return True
        return any(self._is_known(self.names.meaning(phrase)) for _, phrase in self.words(at, 8))

    @staticmethod
    def _is_known(named: Named) -> bool:
        return named.seed is not None or bool(named.matches)

    def _years(self, at: int) -> int:
        found = self._year_condition(at)
        if found is None:
            return 0
        if is_span(found[1]):  # no track is of two spans, so that any will do
            self._either("years", [found[1]], " OR ".join)
        else:
            self.draft.conditions.append(found[1])
        return self.part(at, found[0], "condition", found[1])

    def _year_condition(self, at: int) -> tuple[int, str] | None:
        return years_of(self.lower(at), self.lexicon.decades) if YEAR in self.lexicon.columns else None

    def _only(self, at: int) -> int:
        """``nothing but``: no denial."""
        used = self.is_word(at, "only")
        return self.part(at, used, "empty", "") if used else 0

    def _negated(self, at: int) -> int:
        """``not sad``, ``no rock``, ``without Radiohead and Air``, ``not sad or angry``, ``not from the 90s``."""
        lead = self.is_word(at, "not")
        if not lead:
            return 0
        place, begin = at, at + lead
        while True:
            used = self._deny(place, begin)
            if not used:
                end = self._behind_fillers(begin)
                # What is not understood is denied as well as what is joined to it.
                if not self.is_one_of(end + 1, *_OR) or self.tokens[end].kind == "comma":
                    break
                for token in range(place, end + 1):
                    self.unknown(token)
                used = end + 1 - place
            place += used
            names = self.draft.parts[-1].kind == "condition"
            if not self.is_one_of(place, *_OR, *(_BOTH if names else ())) or place + 1 >= len(self.tokens):
                break
            if names and self.is_one_of(place, *_BOTH) and not self._names_at(place + 1):
                break
            begin = place + 1
        return place - at

    def _behind_fillers(self, at: int) -> int:
        while at < len(self.tokens) and self.tokens[at].words and self._is_filler(at):
            at += 1
        return at

    def _is_filler(self, at: int) -> bool:
        return self.tokens[at].kind == "word" and self.tokens[at].words in self.lexicon.words["in a denial"]

    def _names_at(self, at: int) -> bool:
        """Whether an artist or a genre is named at a place, and no mood."""
        for _, phrase in self.words(at):
            if phrase in self.lexicon.moods:
                return False
            if self.lexicon.genre(phrase) or self.lexicon.artist(phrase):
                return True
        return False

    def _deny(self, at: int, begin: int) -> int:
        """Take what is named at a place, or behind words that say nothing, for what is not wanted.

        Args:
            at: where the denial begins, from which tokens are counted.
            begin: the place.
        """
        while begin < len(self.tokens):
            if (years := self._year_condition(begin)) is not None:
                condition = f"NOT ({years[1]})"
                self.draft.conditions.append(condition)
                return self.part(at, begin + years[0] - at, "condition", condition)
            begin += self.is_word(begin, "by")
            for used, phrase in self.words(begin):
                if done := self._denied(at, begin + used - at, phrase):
                    return done
            if begin >= len(self.tokens) or not self._is_filler(begin):
                return 0
            begin += 1
        return 0

    def _denied(self, at: int, whole: int, phrase: tuple[str, ...]) -> int:
        if (word := self.lexicon.moods.get(phrase)) is not None:
            return self._mood(at, whole, word, "plain", denied=True)
        if (genres := self.lexicon.genre(phrase)) is not None:
            condition = f"NOT {_of_genres(genres)}"
            self.draft.conditions.append(f"({condition} OR {GENRE} IS NULL)")
            return self.part(at, whole, "condition", condition)
        if not self._is_function(phrase) and (artists := self.lexicon.artist(phrase)) is not None:
            self.draft.exclude_artist += artists
            return self.part(at, whole, "condition", f"not by {artists[0]}")
        return 0

    def _by(self, at: int) -> int:
        lead = self.is_word(at, "by")
        for used, phrase in self.words(at + lead) if lead else ():
            if (artists := self.lexicon.artist(phrase)) is not None:
                return self._artist(at, lead + used, artists)
        return 0

    def _phrase(self, at: int) -> int:
        """A mood, with its degree; a genre; an artist."""
        degree, lead = self._degree(at)
        for used, phrase in self.words(at + lead):
            if (word := self.lexicon.moods.get(phrase)) is not None:
                return self._mood(at, lead + used, word, degree, denied=degree == "low")
            if lead:
                continue
            if (genres := self.lexicon.genre(phrase)) is not None:
                either = self.is_one_of(at - 1, *_OR) if at else False
                if not either and self.lexicon.kinds.get(GENRE) == "list":
                    self._open.pop("genres", None)  # a track can be of both
                self._either("genres", genres, _of_genres)
                return self.part(at, used, "condition", _of_genres(genres))
            if not self._is_function(phrase) and (artists := self.lexicon.artists.get(phrase)) is not None:
                return self._artist(at, used, artists)
            if (mood := self.lexicon.missing.get(phrase)) is not None:
                return self.part(at, used, "unknown", f"this library has no scores for {mood}")
        return self._divided(at)

    def _divided(self, at: int) -> int:
        """``calm/dreamy``, ``happy-sad``: moods that are written as one word."""
        words = [self.lexicon.moods.get((word,)) for word in self.tokens[at].words]
        if len(words) < 2 or not all(words):
            return 0
        meant = [word for word in words if word is not None]
        for word in meant:
            self._mood(at, 1, word, "plain")
        del self.draft.parts[-len(meant) :]
        told = ", ".join(f"{word.mood} {self.draft.moods[word.mood]:.2g}" for word in meant)
        return self.part(at, 1, "mood", told)

    def _is_function(self, phrase: tuple[str, ...]) -> bool:
        return all(word in self.lexicon.function_words for word in phrase)

    def _degree(self, at: int) -> tuple[str, int]:
        used, degree = 0, "plain"
        while found := next(
            (more for kind in _DEGREES if (more := (self.is_word(at + used, kind), kind))[0]), None
        ):
            used, degree = used + found[0], found[1]
        return degree, used

    def _mood(self, at: int, used: int, word: MoodWord, degree: str, denied: bool = False) -> int:
        much = word.much != denied
        value = None if denied else self.number(at + used)
        if value is not None and 0 <= value <= 1 and self.tokens[at + used].kind == "number":
            target, used = (value if word.much else 1 - value), used + 1
        else:
            share = self.lexicon.degrees.get(degree, self.lexicon.degrees["plain"])
            target = share if much else 1 - share
        self.draft.moods[word.mood] = round(target, 3)
        return self.part(at, used, "mood", f"{word.mood} {target:.2g}")

    def _artist(self, at: int, used: int, spellings: tuple[str, ...]) -> int:
        column = ARTISTS if ARTISTS in self.lexicon.columns else ARTIST
        self._either("artists", spellings, lambda names: _one_of(column, names))
        return self.part(at, used, "condition", _one_of(column, spellings))

    def _either(self, kind: str, values: Sequence[str], written: Callable[[Sequence[str]], str]) -> None:
        """Note values of which one must be met, together with those of the same kind before."""
        conditions = self.draft.conditions
        place, before = self._open.get(kind, (len(conditions), ()))
        both = tuple(dict.fromkeys((*before, *values)))
        text = written(both)
        conditions[place:] = [f"({text})" if " OR " in text else text, *conditions[place + 1 :]]
        self._open[kind] = (place, both)

    def _empty(self, at: int) -> int:
        if used := self.is_word(at, "empty"):
            return self.part(at, used, "empty", "")
        token: Token = self.tokens[at]
        return self.part(at, 1, "empty", "") if token.words == () and token.kind != "symbol" else 0


def _kind(part: Part) -> str | None:
    """What a condition or a mood is about; None for other parts."""
    return {"mood": "mood", "condition": part.meaning.split()[0]}.get(part.kind) if part.meaning else None


def _of_genres(spellings: Sequence[str]) -> str:
    return _one_of(GENRE, spellings)


def _one_of(column: str, values: Sequence[str]) -> str:
    texts = ", ".join(map(quote_value, values))
    return f"{column} = {texts}" if len(values) == 1 else f"{column} IN ({texts})"
