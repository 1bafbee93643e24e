"""Names that the Tab key completes: moods, columns and titles of the library at hand.

Each function returns nothing where there is no library or it cannot be read: a key press is no place for an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from moodrec.index.mood_index import MoodIndex

_MOST: Final = 50
_LAST_NAME: Final = re.compile(r"(.*?)([A-Za-z_]\w*)?$", re.DOTALL)


def complete_mood(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a mood.

    Args:
        context: knows which library is meant.
        incomplete: what was typed so far.
    """
    return _named(context, lambda index: _beginning(index.moods, incomplete))


def complete_targets(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the last mood of ``happy=0.9,ca``.

    Args:
        context: knows which library is meant.
        incomplete: what was typed so far.
    """
    before, last = _last_part(incomplete)
    return _named(context, lambda index: [before + name for name in _beginning(index.moods, last)])


def complete_columns(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the last column of ``-calm,ye``; a sign before it stays.

    Args:
        context: knows which library is meant.
        incomplete: what was typed so far.
    """
    before, last = _last_part(incomplete)
    sign = last[:1] if last[:1] in ("-", "+") else ""
    rest = last.removeprefix(sign)
    return _named(
        context,
        lambda index: [f"{before}{sign}{name}" for name in _beginning(index.table.column_names, rest)],
    )


def complete_condition(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the last name in a condition.

    Args:
        context: knows which library is meant.
        incomplete: what was typed so far.
    """
    found = _LAST_NAME.match(incomplete)
    before, last = (found[1], found[2] or "") if found else (incomplete, "")
    return _named(
        context, lambda index: [before + name for name in _beginning(index.table.column_names, last)]
    )


def complete_title(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a title, whatever its case; what was typed stays as it was typed.

    Args:
        context: knows which library is meant.
        incomplete: what was typed so far.
    """

    def titles(index: MoodIndex) -> list[str]:
        if "title" not in index.table.column_names:
            return []
        typed = incomplete.casefold()
        known = dict.fromkeys(title for title in index.table["title"].to_pylist() if title)
        return [
            incomplete + title[len(incomplete) :] for title in known if title.casefold().startswith(typed)
        ]

    return _named(context, titles)


def _named(context: typer.Context, names: Callable[[MoodIndex], list[str]]) -> list[str]:
    from moodrec.errors import MoodrecError
    from moodrec.index.mood_index import MoodIndex
    from moodrec.library.place import default_library, holds_library

    try:
        library = Path(context.params.get("library") or default_library()).expanduser()
        folder = library / "index" if holds_library(library) else library
        return names(MoodIndex.open(folder))[:_MOST]
    except (MoodrecError, OSError, RuntimeError):
        return []


def _last_part(text: str) -> tuple[str, str]:
    """Split a list with commas into all before its last part, and that part."""
    before, comma, last = text.rpartition(",")
    return before + comma, last


def _beginning(names: Iterable[str], typed: str) -> list[str]:
    return [name for name in names if name.startswith(typed)]
