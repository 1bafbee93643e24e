"""What a recommender stands on: an index, its table, and how a seed is found in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from moodrec.audio.quiet import quiet_c_libraries
from moodrec.catalog.seeds import resolve_seed
from moodrec.errors import CorruptStoreError, ModelMismatchError, NotFoundError, UsageError
from moodrec.filters.conditions import Condition
from moodrec.html import score_table
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows.frames import to_pandas
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.recommend.listing import in_order, sort_keys
from moodrec.schema import PATH, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.embedding.mood_model import MoodModel, TrackMoods
    from moodrec.library.library import Library


class CatalogueReader:
    """An index opened for questions; later changes of it show after opening it again."""

    def __init__(
        self, index: MoodIndex, notes: tuple[str, ...] = (), model: MoodModel | Path | str | None = None
    ) -> None:
        """Recommend from an index.

        Args:
            index: what to search.
            notes: for every result; see :attr:`Recommendations.notes`.
            model: hears seeds that are not in the index: a model or its folder, by default the one that comes with
                moodrec. It is loaded when it is needed.
        """
        self.index = index
        self.notes = notes
        self._model = model

    @classmethod
    def open(cls, path: Path | str, model: MoodModel | Path | str | None = None) -> Self:
        """Open a library or an index by its folder.

        Raises:
            NotFoundError: there is neither, or the library has no index yet.
            CorruptStoreError: it is damaged.
        """
        folder = Path(path)
        if not (folder / "library.sqlite").exists():
            return cls(MoodIndex.open(folder), (), model)
        from moodrec.library.library import Library

        with Library.open(folder) as library:
            index = _index_of(library)
            return cls(index, _notes(index, library), model)

    @property
    def stale(self) -> bool:
        """Whether the library had changed since its index was built, when this was opened."""
        return bool(self.notes)

    @property
    def moods(self) -> tuple[str, ...]:
        """Names of the moods."""
        return self.index.moods

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The track table: a row a track, a column a mood."""
        return self.index.frame

    def _repr_html_(self) -> str:
        """For notebooks: how the moods spread."""
        places = (0.1, 0.5, 0.9)
        rows = [
            {"mood": mood, **{f"{q:.0%}": self.frame[mood].quantile(q) for q in places}}
            for mood in self.moods
        ]
        columns = ["mood", "10%", "50%", "90%"] if rows else []
        return score_table(columns, rows, columns[1:], caption=f"{len(self.index)} tracks")

    def resolve(self, seed: str) -> str:
        """The id of the track that a seed names: an id, else a path, else a title, else ``artist - title``,
        else the name of its file.

        Raises:
            AmbiguousSeedError: several tracks match; the message lists them.
            NotFoundError: none does.
        """
        return seed if seed in self.index else resolve_seed(self.frame, seed)

    def list(
        self, where: str | Condition | None = None, sort: str | None = None, limit: int | None = None
    ) -> pd.DataFrame:
        """Tracks without a seed.

        Args:
            where: a condition on them.
            sort: columns with commas between, ``-`` before one for falling: ``-calm,year``.
            limit: at most so many.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
            UsageError: ``sort`` names no column, or one without an order; ``limit`` is negative.
        """
        if limit is not None and limit < 0:
            raise UsageError(f"limit is {limit}; it must be 0 or more")
        table = self.index.table if where is None else self.index.matching(where)
        ordered = table if sort is None else in_order(table, sort_keys(sort))
        return to_pandas(ordered.slice(0, limit))

    def copies(self, seed_id: str) -> Sequence[str]:
        """Other tracks of the library with the same audio."""
        original = self._original_of.get(seed_id, seed_id)
        return [track_id for track_id in self._copies_of.get(original, ()) if track_id != seed_id]

    @cached_property
    def _original_of(self) -> dict[str, str]:
        """The original of each track that is a copy."""
        if DUPLICATE_OF not in self.index.column_names:
            return {}
        known = self.index.matching(f"{DUPLICATE_OF} IS NOT NULL")
        return dict(zip(known[TRACK_ID].to_pylist(), known[DUPLICATE_OF].to_pylist(), strict=True))

    @cached_property
    def _copies_of(self) -> dict[str, Sequence[str]]:
        """By original, all tracks with its audio, itself among them."""
        found: dict[str, Sequence[str]] = {}
        for copy, original in self._original_of.items():
            found[original] = (*found.get(original, (original,) if original in self.index else ()), copy)
        return found

    def _heard(self, path: Path) -> tuple[pa.Table, TrackMoods]:
        """A file that is not in the index: its path and moods as a row, and what the model heard."""
        model = self._hearing_model()
        if self.index.model_fingerprint is None:
            raise ModelMismatchError(
                "the index does not say which model made its vectors, so a file cannot be compared with them; "
                "give a seed that is in the index"
            )
        self.index.require_model(model.fingerprint)
        with quiet_c_libraries():
            heard = model.analyze(path)
        moods = {mood: [score] for mood, score in zip(model.moods, heard.mood_scores.tolist(), strict=True)}
        return pa.table({PATH: [str(path)], **moods}), heard

    def _hearing_model(self) -> MoodModel:
        from moodrec.embedding.mood_model import MoodModel  # and with it torch

        if not isinstance(self._model, MoodModel):
            self._model = MoodModel.load(self._model)
        return self._model


def _index_of(library: Library) -> MoodIndex:
    try:
        return MoodIndex.open(library.index_path)
    except NotFoundError:
        raise NotFoundError(
            f"{library.path}: has no index yet; run: moodrec index build --library {library.path}"
        ) from None
    except CorruptStoreError as error:
        raise CorruptStoreError(f"{error}: moodrec index repair --library {library.path}") from None


def _notes(index: MoodIndex, library: Library) -> tuple[str, ...]:
    from moodrec.catalog.refresh import index_is_stale

    if not index_is_stale(index, library):
        return ()
    return (
        "the library has changed since its index was built; for answers of today run: "
        f"moodrec index build --library {library.path}",
    )
