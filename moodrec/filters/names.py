"""Hints for names that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from moodrec.names import fold


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Names like ``name``, nearest first, whatever their case."""
    by_key = {fold(candidate): candidate for candidate in known}
    return [by_key[key] for key in difflib.get_close_matches(fold(name), by_key, n=limit, cutoff=0.6)]


def hint(name: str, known: Iterable[str], what: str = "names") -> str:
    """A clause for an error message: the near names, or else what there is to choose from."""
    choices = list(known)
    if near := near_names(name, choices):
        return "did you mean " + " or ".join(map(repr, near)) + "?"
    shown = ", ".join(choices[:20]) + (", ..." if len(choices) > 20 else "")
    return f"{what}: {shown}" if choices else f"there are no {what}"
