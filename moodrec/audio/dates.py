"""One parser reads the year out of the dates that taggers, encoders and people write.

Whatever the order of day, month and year, and whatever stands around them, a date gives a year only if it is one in
which music may have been written or recorded.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

FIRST_YEAR: Final = 1400
"""Earliest year that is believed; a smaller number is part of something else."""
_THIS_YEAR: Final = 2026
_RUN: Final = re.compile(r"\d+")
_PARTS: Final = re.compile(r"(?<!\d)['\u2019]?(\d{1,2})[-./\s]+(\d{1,2})[-./\s]+['\u2019]?(\d{1,2})(?!\d)")
_DAYS, _MONTHS = 31, 12


def plausible_year(text: str) -> int | None:
    """Read the year of a date.

    Understood are ISO dates (``1998``, ``1998-05-01``, ``1998-05-01T12:00``), dates in any order with a year of four
    digits (``19/05/1998``, ``May 1998``, ``01051998``, ``199805``), with one of two digits that can be nothing but a
    year (``98-05-01``), and any of them with more around it (``c. 1998``, ``1998?``, ``(P) 1998``). Digits may be
    those of any script.

    Returns:
        The first plausible year, from 1400 to next year; None if there is none.
    """
    plain = unicodedata.normalize("NFKC", text)
    for run in _RUN.findall(plain):
        year = _of_run(run)
        if year is not None:
            return year
    return _of_short_parts(plain)


def is_plausible(year: int) -> bool:
    """Say whether music may be from a year."""
    # A clock that was never set must not make new music implausible.
    return FIRST_YEAR <= year <= max(datetime.now(UTC).year, _THIS_YEAR) + 1


def _of_run(run: str) -> int | None:
    """Read the year of digits without a break: YYYY, YYYYMM, MMYYYY, YYYYMMDD, DDMMYYYY, MMDDYYYY, and longer ones
    that begin with a date.
    """
    first, last = int(run[:4]), int(run[-4:])
    if len(run) == 4:
        return first if is_plausible(first) else None
    if len(run) == 6:
        if is_plausible(first) and _is_month(run[4:]):
            return first
        if is_plausible(last) and _is_month(run[:2]):
            return last
        return _century(int(run[:2])) if _are_month_and_day(run[2:4], run[4:]) else None
    if len(run) == 8:
        if is_plausible(first) and _are_month_and_day(run[4:6], run[6:]):
            return first
        if is_plausible(last) and _are_day_and_month(run[:2], run[2:4]):
            return last
        return None
    if len(run) in (12, 14) and is_plausible(first) and _are_month_and_day(run[4:6], run[6:8]):
        return first
    return None


def _of_short_parts(text: str) -> int | None:
    """Read a date whose year has two digits, if only one of its numbers can be the year."""
    found = _PARTS.search(text)
    if found is None:
        return None
    first, middle, last = found.groups()
    if int(first) > _DAYS and _are_month_and_day(middle, last):
        return _century(int(first))
    if int(last) > _DAYS and _are_day_and_month(first, middle):
        return _century(int(last))
    return None


def _century(year: int) -> int | None:
    """Years of two digits above 31 are of the 1900s."""
    return 1900 + year if year > _DAYS else None


def _is_month(text: str) -> bool:
    return int(text) <= _MONTHS  # 00 stands for an unknown one


def _are_month_and_day(month: str, day: str) -> bool:
    return _is_month(month) and int(day) <= _DAYS


def _are_day_and_month(one: str, other: str) -> bool:
    """Say whether two numbers are day and month, in either order."""
    return _are_month_and_day(one, other) or _are_month_and_day(other, one)
