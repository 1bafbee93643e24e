"""Years and decades in words: ``90s``, ``early 80s``, ``1990-1995``, ``before 1970``, ``since 2010``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_DECADE: Final = re.compile(r"(?:(19|20))?([0-9])0'?s\Z")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}\Z")
_RANGE: Final = re.compile(r"((?:19|20)[0-9]{2})\s*[-\u2013\u2014]\s*((?:19|20)[0-9]{2})\Z")
_PARTS: Final = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}
_FIRST_OF_CENTURY: Final = 3
"""The decades 00s to 20s without a century are those of 2000."""


def decade_of(text: str, names: Mapping[str, int]) -> int | None:
    """Return the first year of a decade; None where a word is none.

    Args:
        text: the word, folded.
        names: first years by name, such as ``nineties``.
    """
    if text in names:
        return names[text]
    found = _DECADE.match(text)
    if found is None:
        return None
    tens = int(found[2])
    century = int(found[1]) if found[1] else 20 if tens < _FIRST_OF_CENTURY else 19
    return 100 * century + 10 * tens


def years_of(words: Sequence[str], names: Mapping[str, int]) -> tuple[int, str] | None:
    """Read a condition on the year at the beginning of some words.

    Args:
        words: as they were typed, in lower case.
        names: first years of decades by name.

    Returns:
        The number of words used, and the condition; None where there are no years.
    """
    if not words:
        return None
    first = words[0]
    if (found := _RANGE.match(first)) is not None:
        return 1, _between(int(found[1]), int(found[2]))
    rest = list(words[1:])
    if first in ("before", "until", "till", "after", "since") and rest:
        return _from_or_to(first, rest, names)
    if first in ("from", "between") and len(rest) >= 3 and rest[1] in ("to", "and", "until", "till", "-"):
        left, right = _year(rest[0]), _year(rest[2])
        return None if left is None or right is None else (4, _between(left, right))
    if first in _PARTS and rest and (decade := decade_of(rest[0], names)) is not None:
        low, high = _PARTS[first]
        return 2, _between(decade + low, decade + high)
    if (decade := decade_of(first, names)) is not None:
        return 1, _between(decade, decade + 9)
    year = _year(first)
    return None if year is None else (1, f"year = {year}")


def _from_or_to(word: str, rest: Sequence[str], names: Mapping[str, int]) -> tuple[int, str] | None:
    skip = 1 if rest[0] == "the" and len(rest) > 1 else 0
    decade, year = decade_of(rest[skip], names), _year(rest[skip])
    if decade is None and year is None:
        return None
    used = 2 + skip
    first = decade if decade is not None else year or 0
    last = first + 9 if decade is not None else first
    condition = {
        "before": f"year < {first}",
        "until": f"year <= {last}",
        "till": f"year <= {last}",
        "after": f"year > {last}",
        "since": f"year >= {first}",
    }[word]
    return used, condition


def _year(word: str) -> int | None:
    return int(word) if _YEAR.match(word) else None


def _between(first: int, last: int) -> str:
    return f"year BETWEEN {min(first, last)} AND {max(first, last)}"
