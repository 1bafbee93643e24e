"""``Recommender``: similar tracks and lists of tracks, from a library or an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from moodrec.audio.quiet import quiet_c_libraries
from moodrec.catalog.refresh import index_is_stale
from moodrec.catalog.seeds import resolve_seed
from moodrec.errors import CorruptStoreError, ModelMismatchError, NotFoundError, UsageError
from moodrec.filters.conditions import Condition
from moodrec.index.frames import to_pandas
from moodrec.index.hits import Explanation, Hits
from moodrec.index.mood_index import MoodIndex
from moodrec.index.request import Conditions, names
from moodrec.library.library import Library
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.recommend.listing import in_order, sort_keys
from moodrec.schema import PATH, TRACK_ID

if TYPE_CHECKING:
    from moodrec.embedding.mood_model import MoodModel

RANK: Final = "rank"
SCORE: Final = "score"


@dataclass(frozen=True, eq=False)
class SimilarTracks:
    """The tracks most like a seed."""

    seed_id: str | None
    """The seed's id; None for a file that is not in the index."""
    seed: pd.Series[Any]
    """The seed's row of the track table; of a file, its path and its moods."""
    tracks: pd.DataFrame
    """``rank`` (1 is the most like), ``track_id``, ``score``, then the other columns of the track table."""
    explanation: Explanation
    """How they were found."""
    notes: tuple[str, ...] = ()
    """What the user should know, such as that the index is out of date."""

    def explain(self) -> str:
        """How the tracks were found, and why there are fewer than asked for, for people to read."""
        return str(self.explanation)

    def __len__(self) -> int:
        return len(self.tracks)


class Recommender:
    """Answers from one index. It is read when it is opened; later changes show after opening it again."""

    def __init__(
        self, index: MoodIndex, notes: tuple[str, ...] = (), model: MoodModel | Path | str | None = None
    ) -> None:
        """Recommend from an index.

        Args:
            index: what to search.
            notes: for every result; see :attr:`SimilarTracks.notes`.
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

    def resolve(self, seed: str) -> str:
        """The id of the track that a seed names: an id, else a path, else a title, else ``artist - title``,
        else the name of its file.

        Raises:
            AmbiguousSeedError: several tracks match; the message lists them.
            NotFoundError: none does.
        """
        return seed if seed in self.index else resolve_seed(self.frame, seed)

    def similar(
        self,
        seed: str,
        k: int = 20,
        where: str | Condition | None = None,
        mood: Mapping[str, float] | None = None,
        mood_weight: float | None = None,
        exclude: Collection[str] = (),
        exclude_artist: Collection[str] = (),
        max_per_artist: int | None = None,
        exact: bool = False,
    ) -> SimilarTracks:
        """The k tracks most like a seed that meet the conditions; the seed and its copies are not among them.

        Args:
            seed: as for :meth:`resolve`; the path of any other audio file is analysed on the fly.
            k: tracks wanted.
            where, mood, mood_weight, exclude, exclude_artist, max_per_artist, exact: as for
                :meth:`moodrec.index.mood_index.MoodIndex.search`.

        Raises:
            AmbiguousSeedError, NotFoundError: as :meth:`resolve`.
            UsageError: arguments out of range, or that contradict each other; FilterError for ``where``.
            AudioError: the file that is the seed cannot be heard.
            ModelMismatchError: the index holds vectors of another model than would hear that file.
        """
        conditions = Conditions(
            where=where,
            mood=mood,
            mood_weight=mood_weight,
            exclude=names(exclude, "exclude"),
            exclude_artist=exclude_artist,
            max_per_artist=max_per_artist,
            exact=exact,
        )
        try:
            seed_id = self.resolve(seed)
        except NotFoundError:
            if not Path(seed).expanduser().is_file():
                raise
            return self._similar_to_file(Path(seed).expanduser(), k, conditions)
        conditions["exclude"] = [*conditions["exclude"], *self._copies(seed_id)]
        hits = self.index.similar_to(seed_id, k, **conditions)
        return self._result(seed_id, self.index.tracks([seed_id]).iloc[0], hits)

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

    def _similar_to_file(self, path: Path, k: int, conditions: Conditions) -> SimilarTracks:
        model = self._hearing_model()
        if self.index.model_fingerprint is None:
            raise ModelMismatchError(
                "the index does not say which model made its vectors, so a file cannot be compared with them; "
                "give a seed that is in the index"
            )
        self.index.require_model(model.fingerprint)
        with quiet_c_libraries():
            heard = model.analyze(path)
        seed = pd.Series({PATH: str(path), **dict(zip(model.moods, heard.mood_scores.tolist(), strict=True))})
        return self._result(None, seed, self.index.search(heard.embedding, k, **conditions))

    def _hearing_model(self) -> MoodModel:
        from moodrec.embedding.mood_model import MoodModel  # and with it torch

        if not isinstance(self._model, MoodModel):
            self._model = MoodModel.load(self._model)
        return self._model

    def _copies(self, seed_id: str) -> Sequence[str]:
        """Other tracks of the library with the same audio."""
        if DUPLICATE_OF not in self.frame:
            return []
        ids, originals = self.frame[TRACK_ID], self.frame[DUPLICATE_OF]
        original = originals[ids == seed_id].fillna(seed_id).iloc[0]
        return [*ids[(originals == original) | (ids == original)]]

    def _result(self, seed_id: str | None, seed: pd.Series[Any], hits: Hits) -> SimilarTracks:
        count = int(hits.counts[0])
        tracks = self.index.tracks(hits.track_ids[0, :count].tolist())
        tracks = tracks.rename(
            columns={RANK: f"{RANK}_", SCORE: f"{SCORE}_"}
        )  # the user's own of these names
        tracks.insert(0, RANK, range(1, count + 1))
        tracks.insert(1, TRACK_ID, tracks.pop(TRACK_ID))
        tracks.insert(2, SCORE, hits.scores[0, :count])
        return SimilarTracks(seed_id, seed, tracks, hits.explanation, self.notes)


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
    if not index_is_stale(index, library):
        return ()
    return (
        "the library has changed since its index was built; for answers of today run: "
        f"moodrec index build --library {library.path}",
    )
