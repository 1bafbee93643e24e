"""LIKE and ILIKE patterns as regular expressions that engines without our rule of case understand.

ILIKE ignores case by Unicode's simple case folding, as RE2 does (which tests the same patterns on the index of one
machine). Databases lower both sides instead, by tables of their own, so that ``ſ`` and ``s`` or ``ς`` and ``σ``
differ. Here each letter becomes the set of all letters that fold to the same one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache

from moodrec.arguments import brief
from moodrec.errors import FilterError
from moodrec.filters.conditions import Like


def expression(test: Like) -> str:
    """Return the regular expression of a pattern, which must match a whole text.

    It uses only what the regular expressions of PostgreSQL and RE2 have in common: sets in brackets, ``.`` for any
    character, ``*``, ``^`` and ``$``.

    Raises:
        FilterError: the pattern ends in its escape character.
    """
    return f"^{''.join(_parts(test))}$"


def _parts(test: Like) -> Iterator[str]:
    characters = iter(test.pattern)
    for character in characters:
        if character == test.escape:
            following = next(characters, None)
            if following is None:
                raise FilterError(f"the LIKE pattern {brief(test.pattern)} ends in its ESCAPE character")
            yield _literal(following, test.ignore_case)
        elif character in "%_":
            yield ".*" if character == "%" else "."
        else:
            yield _literal(character, test.ignore_case)


def _literal(character: str, ignore_case: bool) -> str:
    alike = _alike().get(character, character) if ignore_case else character
    if len(alike) == 1:
        return character if character.isalnum() else rf"\{character}" if character in _SPECIAL else character
    return f"[{alike}]"


_SPECIAL = set(r".*+?()[]{}|^$\-/&~#")


@cache
def _alike() -> dict[str, str]:
    """For each letter that has others of another case, all of them."""
    groups: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        folded = _simple_fold(character)
        if folded != character:
            groups.setdefault(folded, [folded]).append(character)
    return {one: "".join(alike) for alike in groups.values() for one in alike}


def _simple_fold(character: str) -> str:
    """Fold one character to one character (the classes C and S of Unicode's CaseFolding.txt)."""
    if (
        "\ud800" <= character <= "\udfff" or character in "İı"
    ):  # dotted and dotless i fold to nothing but themselves
        return character
    folded = character.casefold()
    if len(folded) == 1:
        return folded
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character
