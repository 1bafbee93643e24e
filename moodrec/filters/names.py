"""Error messages about an unknown name suggest the names that it may be a misspelling of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from moodrec.names import fold


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Find the names most similar to a given one, whatever their case.

    Args:
        name: the unknown name.
        known: the names that exist.
        limit: greatest number of names returned.

    Returns:
        The similar names, most similar first; none if no name is similar.
    """
    by_key = {fold(candidate): candidate for candidate in known}
    return [by_key[key] for key in difflib.get_close_matches(fold(name), by_key, n=limit, cutoff=0.6)]


def hint(name: str, known: Iterable[str], what: str = "names") -> str:
    """Make a clause for an error message: the similar names, or else the names that exist.

    Args:
        name: the unknown name.
        known: the names that exist.
        what: plural noun for them, such as ``columns``.
    """
    choices = list(known)
    if near := near_names(name, choices):
        return "did you mean " + " or ".join(map(repr, near)) + "?"
    shown = ", ".join(choices[:20]) + (", ..." if len(choices) > 20 else "")
    return f"{what}: {shown}" if choices else f"there are no {what}"
