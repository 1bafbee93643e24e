"""The text of a search as tokens: words, numbers, comparisons, quoted names and commas, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from moodrec.recommend.find.lexicon import folded_words

TokenKind = Literal["word", "number", "compare", "quoted", "comma", "symbol"]
_TOKEN: Final = re.compile(
    r"""(?P<quoted>"[^"]*"|\u201c[^\u201d]*\u201d)
      | (?P<years>(?:19|20)\d\d\s*[-\u2013\u2014]\s*(?:19|20)\d\d(?!\w))
      | (?P<number>(?:[01],\d{1,3}|\d+\.\d*|\.\d+|\d+)(?=%|\b|\s|$)(?![\w'])%?)
      | (?P<compare>>=|<=|<>|>|<|=|\u2265|\u2264)
      | (?P<comma>[,;])
      | (?P<word>[\w'\u2019&!./+-]+)
      | (?P<symbol>[^\s\x00-\xbf\u2000-\u206f\u3000-\u303f\ufe00-\ufe0f]+?(?=[\s\w\x00-\xbf]|\Z))""",
    re.VERBOSE,
)
_SAME: Final = {"\u2265": ">=", "\u2264": "<="}


@dataclass(frozen=True)
class Token:
    """A piece of the text."""

    kind: TokenKind
    text: str
    """As it was typed, without quotes."""
    words: tuple[str, ...]
    """The folded words of it; none of a comma, a comparison or a symbol."""
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Divide a text into tokens; characters of no token, which are punctuation, are left out."""
    found = []
    for match in _TOKEN.finditer(text):
        name = match.lastgroup or "word"
        kind: TokenKind = "word" if name == "years" else name  # type: ignore[assignment]
        piece = match[0]
        if kind == "quoted":
            piece = piece[1:-1]
        elif kind == "number":
            piece = piece.replace(",", ".")  # 0,8 is how much of the world writes 0.8
        elif kind == "compare":
            piece = _SAME.get(piece, piece)
        elif kind == "word":
            piece = piece.strip("./-+") or piece
        words = folded_words(piece) if kind in ("word", "quoted", "number") else ()
        found.append(Token(kind, piece, words, match.start(), match.end()))
    return found
