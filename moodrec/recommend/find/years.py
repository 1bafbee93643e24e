"""Years and decades in words: ``90s``, ``early 80s``, ``1990-1995``, ``before 1970``, ``since 2010``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_DECADE: Final = re.compile(r"(?:(19|20))?([0-9])0(?:'?s|er)\Z")
_SHORT: Final = re.compile(r"[0-9]0\Z")
_JOINED: Final = re.compile(r"(pre|post)-(.+)\Z")
_SIDES: Final = {
    ("older", "than"): "before",
    ("earlier", "than"): "before",
    ("prior", "to"): "before",
    ("pre",): "before",
    ("newer", "than"): "after",
    ("later", "than"): "after",
    ("younger", "than"): "after",
    ("post",): "after",
}
_TO: Final = ("to", "and", "until", "till", "-")
_YEARS: Final = ("ann\N{LATIN SMALL LETTER E WITH ACUTE}es", "annees")
_JAHRE: Final = (["jahre"], ["jahren"])
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
    text = text.lstrip("'\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}")
    if text in names:
        return names[text]
    found = _DECADE.match(text)
    if found is None:
        return None
    tens = int(found[2])
    century = int(found[1]) if found[1] else 20 if tens < _FIRST_OF_CENTURY else 19
    return 100 * century + 10 * tens


def is_span(condition: str) -> bool:
    """Say whether a condition of :func:`years_of` is on a span of years, rather than on all before or after one."""
    return " BETWEEN " in condition or condition.startswith("year = ")


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
    if (joined := _JOINED.match(words[0])) is not None:
        found_years = years_of([joined[1], joined[2], *words[1:]], names)
        return None if found_years is None or found_years[0] < 2 else (found_years[0] - 1, found_years[1])
    for phrase, side in _SIDES.items():
        rest = list(words[len(phrase) :])
        if tuple(words[: len(phrase)]) == phrase and rest:
            meant = _from_or_to(side, rest, names)
            return None if meant is None else (meant[0] + len(phrase) - 1, meant[1])
    first = words[0]
    if (found := _RANGE.match(first)) is not None:
        return 1, _between(int(found[1]), int(found[2]))
    rest = list(words[1:])
    if first in ("before", "until", "till", "after", "since") and rest:
        return _from_or_to(first, rest, names)
    if first in ("from", "between"):
        return _span(rest, names)
    if first in _YEARS and rest and _SHORT.match(rest[0]):
        begin = decade_of(rest[0] + "s", names) or 0
        return 2, _between(begin, begin + 9)
    if first in _PARTS and rest and (decade := decade_of(rest[0], names)) is not None:
        low, high = _PARTS[first]
        return 2, _between(decade + low, decade + high)
    if (decade := decade_of(first, names)) is not None:
        has_noun = first.endswith("er") and rest[:1] in _JAHRE
        return 1 + has_noun, _between(decade, decade + 9)
    year = _year(first)
    return None if year is None else (1, f"year = {year}")


def _span(rest: Sequence[str], names: Mapping[str, int]) -> tuple[int, str] | None:
    """``1990 to 1995``, ``the 80s and the 90s`` behind ``from`` or ``between``."""
    used, ends = 0, []
    for place in (0, 1):
        used += used < len(rest) and rest[used] == "the"
        if used >= len(rest):
            return None
        decade, year = decade_of(rest[used], names), _year(rest[used])
        if decade is None and year is None:
            return None
        ends.append((year or 0, year or 0) if decade is None else (decade, decade + 9))
        used += 1
        if not place:
            if used >= len(rest) or rest[used] not in _TO:
                return None
            used += 1
    years = [year for end in ends for year in end]
    return 1 + used, _between(min(years), max(years))


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
