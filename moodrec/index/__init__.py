"""Search: vectors, mood scores and metadata of a catalogue, and what finds the nearest of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moodrec.index.hits import Explanation, Hits
    from moodrec.index.mood_index import MoodIndex

__all__ = ["Explanation", "Hits", "MoodIndex"]

_HOME: Final = {
    "Explanation": "moodrec.index.hits",
    "Hits": "moodrec.index.hits",
    "MoodIndex": "moodrec.index.mood_index",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
