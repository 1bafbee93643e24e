"""moodrec: know the mood of every track; find the next one that fits.

::

    from moodrec import MoodModel, Recommender

    model = MoodModel.load()
    model.analyze("song.flac").mood_scores
    Recommender.open("path/to/library").similar("Teardrop", k=20, where="calm >= 0.6")

Each public name is imported on its first use, so that ``import moodrec`` itself loads no other library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from moodrec.errors import (
    AudioError,
    CorruptStoreError,
    DataError,
    FilterError,
    ModelMismatchError,
    MoodrecError,
    NotFoundError,
    StoreLockedError,
    UsageError,
)

if TYPE_CHECKING:
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.index.mood_index import MoodIndex
    from moodrec.index.search.options import SearchOptions
    from moodrec.library.library import Library
    from moodrec.recommend.recommender import Recommender

    __version__: str

__all__ = [
    "AudioError",
    "CorruptStoreError",
    "DataError",
    "FilterError",
    "Library",
    "ModelMismatchError",
    "MoodIndex",
    "MoodModel",
    "MoodrecError",
    "NotFoundError",
    "Recommender",
    "SearchOptions",
    "StoreLockedError",
    "UsageError",
    "__version__",
]

_HOME: Final = {
    "Library": "moodrec.library.library",
    "MoodIndex": "moodrec.index.mood_index",
    "MoodModel": "moodrec.embedding.mood_model",
    "Recommender": "moodrec.recommend.recommender",
    "SearchOptions": "moodrec.index.search.options",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("moodrec")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
