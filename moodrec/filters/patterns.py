"""LIKE patterns are translated to regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moodrec.arguments import brief
from moodrec.errors import FilterError


def like_pattern(pattern: str, escape: str | None) -> str:
    """Translate a LIKE pattern to a regular expression (RE2) that matches the whole text.

    Args:
        pattern: the pattern, in which ``%`` stands for any text and ``_`` for any one character.
        escape: the character after which a character stands for itself; None for no such character.

    Raises:
        FilterError: the pattern ends in its escape character.
    """
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(_escaped(characters, pattern)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return rf"(?s)\A{''.join(parts)}\z"


def _escaped(characters: Iterator[str], pattern: str) -> str:
    for character in characters:
        return character
    raise FilterError(f"the LIKE pattern {brief(pattern)} ends in its ESCAPE character")
