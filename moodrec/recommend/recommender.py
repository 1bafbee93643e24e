"""``Recommender``: similar tracks and lists of tracks, from a library or an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack, overload

from moodrec.arguments import OnConflict, id_of, on_conflict_of
from moodrec.catalog.loose_seeds import find_seed
from moodrec.errors import NotFoundError
from moodrec.filters.conditions import Condition
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.library.place import default_library
from moodrec.recommend import queries
from moodrec.recommend.audio_seeds import AudioSeeds
from moodrec.recommend.listing import list_tracks, mood_spread
from moodrec.recommend.opened import notes_on, open_index
from moodrec.recommend.pairs import PairScorer
from moodrec.recommend.queries import History, Mood
from moodrec.recommend.rerank import Reranker
from moodrec.recommend.results import Batch, Recommendations, SimilarTracks
from moodrec.recommend.version import RecommenderVersion, of_one_version

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from moodrec.embedding.mood_model import MoodModel


class Recommender:
    """Answers from one index, while others may change it: each call sees one version from beginning to end.

    Changes of ``index`` in this process show in the next call, versions that others save after :meth:`refresh`.

    Each method takes one query or a sequence of them; one gives :class:`Recommendations`, several a :class:`Batch`.
    Tracks are named by their string ids. What a method is asked for beside its query are
    :class:`~moodrec.index.search.options.SearchOptions`, given as ``options`` or as keywords of the same names:
    ``where``, ``mood``, ``mood_weight``, ``only``, ``exclude``, ``max_per_artist``, ``diversity`` and so on.

    Examples:
        >>> rec = Recommender.open("indexes/open-game-music")
        >>> found = rec.similar("Albian Nocturne", k=3, where="calm >= 0.5")
        >>> found.tracks[["rank", "title"]].to_dict("list")
        {'rank': [1, 2, 3], 'title': ['Love Theme', 'Mountain Idyll', 'ingame 14']}
    """

    def __init__(
        self, index: MoodIndex, notes: tuple[str, ...] = (), model: MoodModel | Path | str | None = None
    ) -> None:
        """Make a recommender over an opened index.

        Args:
            index: what is searched.
            notes: for every result; see :attr:`Recommendations.notes`.
            model: analyses seeds that are not in the index: a model or its folder, by default the model that comes
                with moodrec. It is loaded when it is needed.
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
        recommender = cls(opened.index, opened.notes, opened.model if model is None else model)
        recommender._path = Path(path)
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

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the moods."""
        return self.index.moods

    @property
    def frame(self) -> pd.DataFrame:
        """The track table, with one row a track and one column a mood."""
        return self.snapshot()._version.frame

    @of_one_version
    def resolve(self, seed: str) -> str:
        """Return the id of the track that a seed names.

        Args:
            seed: an id, else a path, else a title, else ``artist - title``, else the name of a track's file; where
                nothing is called so, a part of a title, words of artist, title and album, or a misspelt title.

        Raises:
            AmbiguousSeedError: several tracks match; the message lists them.
            NotFoundError: none does.
        """
        name = id_of(seed, "seed")
        return name if name in self.index else find_seed(self.frame, name)

    @of_one_version
    def copies(self, seed_id: str) -> Sequence[str]:
        """Return the other tracks of the library with the same audio."""
        return self._version.copies.of(id_of(seed_id, "seed_id"))

    @of_one_version
    def recordings(self, seed_id: str) -> Sequence[str]:
        """Return the other tracks that are the same recording: other encodings, levels and editions of it.

        Raises:
            NotFoundError: the track is not in the index.
        """
        return self._version.copies.recordings(id_of(seed_id, "seed_id"))

    def list(
        self,
        where: str | Condition | None = None,
        sort: str | None = None,
        limit: int | None = None,
        *,
        audio_only: bool = False,
    ) -> pd.DataFrame:
        """List tracks without a seed.

        Args:
            where: a condition on them.
            sort: columns with commas between, ``-`` before one for falling: ``-calm,year``.
            limit: at most so many, 0 or more.
            audio_only: whether moods, in the condition and to sort by, are what the audio alone says.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
            UsageError: ``sort`` names no column, or one without an order; ``limit`` is out of range.
        """
        return list_tracks(self.index, where, sort, limit, audio_only)

    @overload
    def similar(  # type: ignore[overload-overlap]  # a str is a sequence too
        self, seed: str, k: int = 20, options: SearchOptions | None = None, **keywords: Unpack[SearchKeywords]
    ) -> SimilarTracks: ...
    @overload
    def similar(
        self,
        seed: Sequence[str],
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> Batch: ...
    @of_one_version
    def similar(
        self,
        seed: str | Sequence[str],
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> SimilarTracks | Batch:
        """Find the k tracks most like a seed that meet the conditions; the seed and its copies are not among them.

        Args:
            seed: as for :meth:`resolve`; the path of any other audio file is analysed on the fly. A sequence is
                one of track ids.
            k: the number of tracks, 1 or more.
            options: what is asked for beside.
            on_conflict: "ignore" leaves out ids of a sequence that are not in the index.
            **keywords: fields of ``options``.

        Raises:
            AmbiguousSeedError, NotFoundError: as :meth:`resolve`; of a sequence, ids that are not in the index.
            UsageError: arguments out of range, or that contradict each other; FilterError for ``where``.
            AudioError: the file that is the seed cannot be decoded.
            ModelMismatchError: the index holds vectors of another model than would analyse that file.
        """
        asked = SearchOptions.of(options, keywords)
        if isinstance(seed, Integral):
            seed = id_of(seed, "seed")
        if not isinstance(seed, str):
            return self._similar_to_many(queries.known_ids(self.index, seed, on_conflict), k, asked)
        on_conflict_of(on_conflict)
        try:
            seed_id = self.resolve(seed)
        except NotFoundError:
            path = Path(seed).expanduser()
            if not path.is_file():
                raise
            file = self._version.audio.analyze(path)
            return self._similar(None, file.table, self.index.search(file.embedding, k, asked), asked)
        hits = self.index.similar_to(seed_id, k, asked.excluding(self.copies(seed_id)))
        return self._similar(seed_id, None, hits, asked)

    @overload
    def by_mood(
        self,
        target: Mood,
        k: int = 20,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations: ...
    @overload
    def by_mood(
        self,
        target: Sequence[Mood],
        k: int = 20,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Batch: ...
    @of_one_version
    def by_mood(
        self,
        target: Mood | Sequence[Mood],
        k: int = 20,
        options: SearchOptions | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations | Batch:
        """Find the k tracks whose moods are nearest to a target, whatever they sound like.

        Args:
            target: from 0 to 1 by mood, such as ``{"calm": 0.9}``.
            k: the number of tracks, 1 or more.
            options: what is asked for beside, without ``mood`` and ``mood_weight``.
            **keywords: fields of ``options``.

        Returns:
            Scores are ``1 - mean over the moods of (score - target)^2``, in [0, 1].

        Raises:
            UsageError: an unknown mood, a target out of range, or options that contradict the target.
        """
        asked = queries.without_mood(SearchOptions.of(options, keywords), "by_mood")
        if isinstance(target, Mapping):
            return self._answer(queries.search_moods(self.index, [target], k, asked), asked)
        return self._batch([queries.search_moods(self.index, list(target), k, asked)], k, asked)

    @overload
    def for_history(  # type: ignore[overload-overlap]  # of ids or of histories
        self,
        history: History,
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations: ...
    @overload
    def for_history(
        self,
        history: Sequence[History],
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> Batch: ...
    @of_one_version
    def for_history(
        self,
        history: History | Sequence[History],
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations | Batch:
        """Find the k tracks nearest to a play history; tracks of the history are not among them.

        Args:
            history: weight by track id, negative for what they do not like; or ids, where an id counts as often as
                it is there. A sequence of histories is a batch.
            k: the number of tracks, 1 or more.
            options: what is asked for beside.
            on_conflict: "ignore" leaves out ids that are not in the index.
            **keywords: fields of ``options``.

        Raises:
            NotFoundError: ids are not in the index; the message lists them.
            UsageError: nothing is left of a history, or its weights cancel out.
        """
        asked = SearchOptions.of(options, keywords)
        if queries.is_one(history):
            return self._answer(self._mix(history, k, on_conflict, asked), asked)  # type: ignore[arg-type]
        return self._batch([self._mix(one, k, on_conflict, asked) for one in history], k, asked)

    @property
    def rerank(self) -> Reranker:
        """Puts candidates of another model in a new order by their moods: ``rerank(candidates, mood)``; see
        :meth:`Reranker.__call__`."""
        return self.snapshot()._version.reranker

    @property
    def score(self) -> PairScorer:
        """Scores pairs of tracks as :meth:`similar` would: ``score(pairs)``; see :meth:`PairScorer.__call__`."""
        return self.snapshot()._version.scorer

    def _similar_to_many(self, seeds: Sequence[str], k: int, options: SearchOptions) -> Batch:
        copies = {seed: self.copies(seed) for seed in seeds}
        if not any(copies.values()):
            hits = self.index.similar_to(seeds, k, options)
            return Batch(tuple(seeds), hits, self.index, self._notes(options))
        parts = [self.index.similar_to(seed, k, options.excluding(copies[seed])) for seed in seeds]
        return self._batch(parts, k, options, seeds)

    def _mix(self, history: History, k: int, on_conflict: OnConflict, options: SearchOptions) -> Hits:
        weights = queries.history_weights(history)
        known = {one: weights[one] for one in queries.known_ids(self.index, weights, on_conflict)}
        return queries.search_mix(self.index, known, k, options.excluding(self._version.copies.of_all(known)))

    def _notes(self, options: SearchOptions) -> tuple[str, ...]:
        return (*self.notes, *queries.notes_on(self.index, options.where))

    def _similar(
        self, seed_id: str | None, file: pa.Table | None, hits: Hits, options: SearchOptions
    ) -> SimilarTracks:
        notes = self._notes(options)
        return SimilarTracks(seed_id=seed_id, file_table=file, hits=hits, source=self.index, notes=notes)

    def _answer(self, hits: Hits, options: SearchOptions) -> Recommendations:
        return Batch.of(hits, self.index, self._notes(options))[0]

    def _batch(
        self, parts: Sequence[Hits], k: int, options: SearchOptions, names: Sequence[str] = ()
    ) -> Batch:
        return Batch.of(queries.stacked(parts, k), self.index, self._notes(options), names)

    def _repr_html_(self) -> str:
        """Return a table for notebooks that shows how the mood scores are distributed."""
        return mood_spread(self.frame, self.moods)
