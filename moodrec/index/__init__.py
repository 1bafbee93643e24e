"""Search for the nearest tracks of a catalogue by their embeddings, mood scores and metadata."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moodrec.index.mood_index import MoodIndex
    from moodrec.index.search.hits import Explanation, Hits

__all__ = ["Explanation", "Hits", "MoodIndex"]

_HOME: Final = {
    "Explanation": "moodrec.index.search.hits",
    "Hits": "moodrec.index.search.hits",
    "MoodIndex": "moodrec.index.mood_index",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
