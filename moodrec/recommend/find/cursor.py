"""A place in the tokens of a text, the phrases that begin there, and the sentence as far as it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from moodrec.recommend.find.lexicon import LONGEST, Lexicon
from moodrec.recommend.find.sentence import Kind, Part, Seed
from moodrec.recommend.find.tokens import tokens_of

_PERCENT: Final = 100.0


@dataclass
class Draft:
    """A sentence while it is read."""

    seed: Seed | None = None
    moods: dict[str, float] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    exclude_artist: list[str] = field(default_factory=list)
    max_per_artist: int | None = None
    max_per_album: int | None = None
    distinct: bool = False
    diversity: float = 0.0
    k: int | None = None
    parts: list[Part] = field(default_factory=list)
    matches: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


class Cursor:
    """The tokens of a text, as rules read them."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        """Divide a text into tokens.

        Args:
            text: what was typed.
            lexicon: the words that are understood.
        """
        self.text, self.lexicon = text, lexicon
        self.tokens = tokens_of(text)
        self.draft = Draft()
        self._last_unknown = -2

    def part(self, at: int, used: int, kind: Kind, meaning: str) -> int:
        """Note what some tokens mean.

        Args:
            at: the first of them.
            used: their number.
            kind: of the part.
            meaning: in the words of the sentence.

        Returns:
            Their number.
        """
        start, end = self.tokens[at].start, self.tokens[at + used - 1].end
        self.draft.parts.append(Part(self.text[start:end], kind, meaning, start, end))
        return used

    def unknown(self, at: int) -> None:
        """Note a word without a meaning; neighbours make one part."""
        token, parts = self.tokens[at], self.draft.parts
        start = token.start
        if self._last_unknown == at - 1:
            start = parts.pop().start
        self._last_unknown = at
        parts.append(Part(self.text[start : token.end], "unknown", "", start, token.end))

    def words(self, at: int, most: int = LONGEST) -> list[tuple[int, tuple[str, ...]]]:
        """List the phrases that begin at a place, the longest first, each with the number of its tokens.

        Args:
            at: the place.
            most: the number of tokens that are tried.
        """
        phrases: list[tuple[int, tuple[str, ...]]] = []
        words: tuple[str, ...] = ()
        for used, token in enumerate(self.tokens[at : at + most], 1):
            if token.kind in ("comma", "compare", "symbol"):
                break
            words = (*words, *token.words)
            if words:
                phrases.append((used, words))
        return phrases[::-1]

    def lower(self, at: int) -> list[str]:
        """Return the tokens from a place up to the next comma in lower case."""
        upto = takewhile(lambda token: token.kind != "comma", self.tokens[at : at + LONGEST])
        return [token.text.casefold() for token in upto]

    def is_word(self, at: int, kind: str) -> int:
        """Count the tokens at a place that are a word of a kind.

        Args:
            at: the place.
            kind: such as ``not``: a key of :attr:`Lexicon.words`.

        Returns:
            Their number; 0 where there is no such word.
        """
        return next((used for used, words in self.words(at) if words in self.lexicon.words[kind]), 0)

    def is_one_of(self, at: int, *texts: str) -> bool:
        """Say whether the token at a place is one of some words.

        Args:
            at: number of the token.
            texts: the words, in lower case.
        """
        return at < len(self.tokens) and self.tokens[at].text.casefold() in texts

    def number(self, at: int) -> float | None:
        """Read a number at a place, in digits or as a word; ``80%`` is 0.8."""
        if at >= len(self.tokens):
            return None
        token = self.tokens[at]
        if token.kind == "number":
            return float(token.text.rstrip("%")) / (_PERCENT if token.text.endswith("%") else 1.0)
        value = self.lexicon.numbers.get(token.text.casefold())
        return None if value is None else float(value)
