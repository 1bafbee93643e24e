"""The words that are understood: those of moods from a file, those of genres and artists from the library."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from moodrec.index.front import SearchFront
from moodrec.recommend.columns import kind_of
from moodrec.schema import ARTIST, ARTISTS, GENRE

FILE: Final = Path(__file__).with_name("lexicon.toml")
LONGEST: Final = 6
"""The number of words of the longest phrase that is tried."""
_JOINS: Final = frozenset({"and", "n", "und", "et", "y"})
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a text without case, accents and punctuation; ``hip-hop`` is two words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return tuple(
        _WORD.findall(plain.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("_", " "))
    )


@dataclass(frozen=True)
class MoodWord:
    """What a word of a mood means in a library."""

    mood: str
    much: bool
    """Whether much of the mood is meant, rather than little."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All words of one version of a library, as folded phrases."""

    moods: Mapping[tuple[str, ...], MoodWord]
    missing: Mapping[tuple[str, ...], str]
    """Words of moods that the library does not have, with the mood."""
    genres: Mapping[tuple[str, ...], tuple[str, ...]]
    """The spellings of each genre in the library."""
    artists: Mapping[tuple[str, ...], tuple[str, ...]]
    """The spellings of each artist."""
    words: Mapping[str, frozenset[tuple[str, ...]]]
    """Words around the others, by what they do: very, slightly, not, like, by, empty."""
    numbers: Mapping[str, int]
    decades: Mapping[str, int]
    degrees: Mapping[str, float]
    columns: frozenset[str]
    """The names of the columns of the library."""
    kinds: Mapping[str, str] = field(default_factory=dict)

    def genre(self, phrase: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the spellings of a genre, also where words are joined or divided in another way."""
        if phrase in self.genres:
            return self.genres[phrase]
        ends_in_join = not phrase or phrase[0] in _JOINS or phrase[-1] in _JOINS
        return None if ends_in_join else self._joined_genres.get(joined(phrase))

    def artist(self, phrase: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the spellings of an artist, also without a leading ``the``."""
        return self.artists.get(phrase) or self._short_artists.get(without_article(phrase))

    @cached_property
    def function_words(self) -> frozenset[str]:
        """Words that mean something around others, so that alone they name nobody."""
        return frozenset(
            phrase[0] for phrases in self.words.values() for phrase in phrases if len(phrase) == 1
        )

    @cached_property
    def _joined_genres(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for phrase, spellings in self.genres.items():
            found[joined(phrase)] = found.get(joined(phrase), ()) + spellings
        return found

    @cached_property
    def _short_artists(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {without_article(phrase): spellings for phrase, spellings in self.artists.items()}


def lexicon_of(index: SearchFront) -> Lexicon:
    """Put together the words of a library.

    Args:
        index: whose moods, genres and artists there are.
    """
    written = _written()
    words, missing = _mood_words(written, index.moods)
    table = index.columns([GENRE, ARTISTS, ARTIST])
    schema = index.rows(()).schema
    return Lexicon(
        moods=words,
        missing=missing,
        genres=_phrases(table, (GENRE,)),
        artists=_phrases(table, (ARTISTS, ARTIST)),
        words={kind: frozenset(map(folded_words, texts)) for kind, texts in written["words"].items()},
        numbers=written["numbers"],
        decades=written["decades"],
        degrees=written["degrees"],
        columns=frozenset(schema.names),
        kinds={field.name: kind_of(field.type) for field in schema},
    )


@cache
def _written() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _mood_words(
    written: Mapping[str, Any], known: Sequence[str]
) -> tuple[dict[tuple[str, ...], MoodWord], dict[tuple[str, ...], str]]:
    found: dict[tuple[str, ...], MoodWord] = {folded_words(mood): MoodWord(mood, True) for mood in known}
    missing: dict[tuple[str, ...], str] = {}
    for named, texts in written["moods"].items():
        mood, much = named.removeprefix("-"), not named.startswith("-")
        meant = _in_place(mood, much, written["instead"], known)
        for phrase in map(folded_words, texts):
            if meant is None:
                missing.setdefault(phrase, mood)
            else:
                found.setdefault(phrase, meant)
    return found, {phrase: mood for phrase, mood in missing.items() if phrase not in found}


def _in_place(
    mood: str, much: bool, instead: Mapping[str, Sequence[str]], known: Sequence[str]
) -> MoodWord | None:
    """The mood itself where the library has it, else the first that stands for it."""
    for named in (mood, *instead.get(mood, ())):
        other, direct = named.removeprefix("-"), not named.startswith("-")
        if other in known:
            return MoodWord(other, much == direct)
    return None


def joined(phrase: Sequence[str]) -> str:
    """Return a phrase of folded words as one: ``hiphop`` is ``hip hop``, ``drum and bass`` is ``drum & bass``."""
    return "".join(word for word in phrase if word not in _JOINS)


def without_article(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """Return a phrase without a leading ``the``."""
    return phrase[1:] if len(phrase) > 1 and phrase[0] == "the" else phrase


def _phrases(table: Any, columns: Sequence[str]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The spellings of the values of columns by their folded words; columns of other kinds have none."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name in columns:
        if name not in table.column_names:
            continue
        column = table[name]
        kind = kind_of(column.type)
        if kind not in ("text", "list"):
            continue
        values = pc.unique(pc.list_flatten(column) if kind == "list" else column)
        for value in values.to_pylist():
            if value and (phrase := folded_words(value)) and value not in found.setdefault(phrase, []):
                found[phrase].append(value)
    return {phrase: tuple(spellings) for phrase, spellings in found.items() if spellings}
