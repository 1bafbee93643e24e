"""A library or an index, opened for a recommender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moodrec.catalog.run_text import run_text
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.given import path_of
from moodrec.index.front import SearchFront
from moodrec.index.mood_index import MoodIndex
from moodrec.library.notes import latest_run
from moodrec.library.place import holds_library
from moodrec.recommend.audio_seeds import ModelsOf

if TYPE_CHECKING:
    from moodrec.library.library import Library


@dataclass(frozen=True, eq=False)
class OpenedIndex:
    """An opened index, and notes for its users."""

    index: MoodIndex
    notes: tuple[str, ...] = ()
    """Sentences for people, such as that the index is out of date."""
    models: ModelsOf | None = None
    """The models of the library; None for an index alone."""


def open_index(path: Path | str) -> OpenedIndex:
    """Open the index in a folder, or that of the library in a folder.

    Raises:
        NotFoundError: there is neither, or the library has no index yet.
        CorruptStoreError: the index is damaged; the message says how to repair it.
    """
    folder = path_of(path, "path")
    if not holds_library(folder):
        return OpenedIndex(MoodIndex.open(folder))
    from moodrec.library.library import Library

    with Library.open(folder) as library:
        index = _index_of(library)
        return OpenedIndex(index, _notes(index, library), ModelsOf(folder.absolute()))


def notes_on(index: SearchFront, path: Path | str) -> tuple[str, ...]:
    """Say what users of an index should know.

    Args:
        index: the index.
        path: the folder that was opened: of the index, or of its library.
    """
    folder = Path(path)
    if not holds_library(folder):
        return ()
    from moodrec.library.library import Library

    with Library.open(folder) as library:
        return _notes(index, library)


def _index_of(library: Library) -> MoodIndex:
    try:
        return MoodIndex.open(library.index_path)
    except NotFoundError:
        state = latest_run(library.path)
        if state is not None and state.running:
            raise NotFoundError(
                f"{library.path}: {run_text(state)}; the first tracks can be searched after a minute or 500 files"
            ) from None
        raise NotFoundError(
            f"{library.path}: has no index yet; run: moodrec index build --library {library.path}"
        ) from None
    except CorruptStoreError as error:
        raise CorruptStoreError(f"{error}: moodrec index repair --library {library.path}") from None


def _notes(index: SearchFront, library: Library) -> tuple[str, ...]:
    from moodrec.catalog.refresh import index_is_stale

    state = latest_run(library.path)
    if state is not None and state.running:
        return (f"{run_text(state)}; {len(index):,} tracks can be searched so far",)
    if not index_is_stale(index, library):
        return ()
    return (
        "the library has changed since its index was built; for answers of today run: "
        f"moodrec index build --library {library.path}",
    )
