"""A recommender goes from version to version of its index, and each call sees one from beginning to end."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from moodrec.index.front import SearchFront
from moodrec.library.place import default_library
from moodrec.recommend.audio_seeds import AudioSeeds, SeedModel
from moodrec.recommend.opened import notes_on, open_index
from moodrec.recommend.version import RecommenderVersion

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.embedding.mood_model import MoodModel

Function = TypeVar("Function", bound=Callable[..., Any])


class VersionedRecommender:
    """An opened index, the version of it that is searched, and how it goes over to the next."""

    def __init__(self, index: SearchFront, notes: tuple[str, ...] = (), model: SeedModel = None) -> None:
        """Make a recommender over an opened index.

        Args:
            index: what is searched.
            notes: for every result; see :attr:`Recommendations.notes`.
            model: analyses seeds that are not in the index: a model or its folder, or the models of a library; by
                default the model that comes with moodrec. It is loaded when it is needed.
        """
        self.index = index
        self._path: Path | None = None
        self._version = RecommenderVersion(index.snapshot(), notes, AudioSeeds(index, model))

    @classmethod
    def open(cls, path: Path | str | None = None, model: MoodModel | Path | str | None = None) -> Self:
        """Open a library or an index by its folder.

        Args:
            path: the folder; by default that of ``MOODREC_LIBRARY``, else of ``moodrec.toml``, else the user's own.
            model: as for the class; by default that of the library, if it says where it is.

        Raises:
            NotFoundError: there is neither, or the library has no index yet.
            CorruptStoreError: it is damaged.
        """
        path = default_library() if path is None else path
        opened = open_index(path)
        recommender = cls(opened.index, opened.notes, opened.models if model is None else model)
        recommender._path = Path(path).absolute()
        return recommender

    def refresh(self) -> bool:
        """Go over to the newest saved version of the index; calls that are under way end on the one they began with.

        Returns:
            Whether there was a newer one.

        Raises:
            UsageError: the index was never saved, or has changes that are not saved.
            NotFoundError: its folder holds no index any more.
            CorruptStoreError: the newest version is damaged; this one stays.
        """
        moved = self.index.refresh()
        index = self.index.snapshot()
        notes = self.notes if self._path is None else notes_on(index, self._path)
        if moved or notes != self.notes:
            self._version = self._version.over(index, notes)
        return moved

    def snapshot(self) -> Self:
        """Return a recommender of this version alone, for several calls that must see the same tracks."""
        index = self.index.snapshot()
        if index is self.index:
            return self
        if self._version.index is not index:
            self._version = self._version.over(index, self._version.notes)
        pinned = copy(self)
        pinned.index, pinned._version = index, self._version
        return pinned

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for people, for every result; see :attr:`Recommendations.notes`."""
        return self._version.notes

    @property
    def stale(self) -> bool:
        """Whether the library had changed since its index was built, when this was opened."""
        return bool(self.notes)


def of_one_version(function: Function) -> Function:
    """Run a method of a recommender, or a function of one, on a view of one version of it.

    A change in another thread then never shows half-way through.
    """

    @wraps(function)
    def on_snapshot(recommender: VersionedRecommender, *args: Any, **keywords: Any) -> Any:
        return function(recommender.snapshot(), *args, **keywords)

    return cast(Function, on_snapshot)


def seed_names(recommender: VersionedRecommender) -> pd.DataFrame:
    """Return the columns of a recommender's track table by which a seed names a track, one row a track."""
    return recommender.snapshot()._version.names
