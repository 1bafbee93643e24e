"""Figures and names are written as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from moodrec.catalog.run_text import duration
from moodrec.cli.jsonout import plain


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun: ``1 track``, ``2 tracks``.

    Args:
        count: the number.
        noun: the noun in singular.
        nouns: the noun in plural; by default with an ``s``.
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def seconds(value: float) -> str:
    """Write a duration in seconds with its unit: ``40 s``, ``3 min``, ``1 h 20 min``."""
    return duration(value)


def size(value: float) -> str:
    """Write a number of bytes with its unit: ``3 kB``, ``1.4 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in ("bytes", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def score(value: Any) -> str:
    """Write a score with two decimals, or ``-`` where it is unknown."""
    number = math.nan if value is None else float(value)
    return "-" if math.isnan(number) else f"{number:.2f}"


def thousandths(value: Any) -> str:
    """Write a similarity with three decimals, or ``-`` where it is unknown."""
    return "-" if score(value) == "-" else f"{float(value):.3f}"


def whole(value: Any) -> str:
    """Write a whole number, such as a year, without a point; "" where it is unknown."""
    return "" if score(value) == "-" else str(int(value))


def cell(value: Any) -> str:
    """Write any value as the cell of a table; "" where it is unknown."""
    simple = plain(value)
    if simple is None:
        return ""
    if isinstance(simple, bool):
        return "yes" if simple else "no"
    if isinstance(simple, list):
        return ", ".join(map(cell, simple))
    return score(simple) if isinstance(simple, float) else str(simple)


def text(value: Any) -> str:
    """Give a text as it is; "" where it is unknown."""
    return value if isinstance(value, str) else ""


def artist_of(row: Mapping[str, Any]) -> str:
    """Give a track's artist; "" where unknown."""
    return text(row.get("artist"))


def renamed(names: Mapping[str, str], how: str) -> str:
    """Write which names stand for which: ``"Gym ready" is published as gym_ready``.

    Args:
        names: each name to the one in its place.
        how: the verb between the two.
    """
    return ", ".join(f'"{before}" {how} {after}' for before, after in names.items())


def bar(share: float, width: int = 20) -> str:
    """Draw a share as a bar of characters.

    Args:
        share: in [0, 1].
        width: number of characters.
    """
    filled = round(share * width)
    return "█" * filled + "·" * (width - filled)
