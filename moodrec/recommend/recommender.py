"""``Recommender``: similar tracks and lists of tracks, from a library or an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Unpack, overload

from moodrec.arguments import OnConflict, id_of, ids_of, on_conflict_of
from moodrec.catalog.loose_seeds import find_seed
from moodrec.errors import NotFoundError, UsageError
from moodrec.filters.conditions import Condition
from moodrec.index.search.hits import Hits, stacked
from moodrec.index.search.options import QueryKeywords, SearchKeywords, SearchOptions
from moodrec.index.search.per_query import Asked, asked_of, each_of
from moodrec.recommend.audio_seeds import file_called
from moodrec.recommend.histories import History, history_weights, search_mix
from moodrec.recommend.listing import list_tracks, mood_spread
from moodrec.recommend.mood_targets import Mood, search_moods, targets_of, without_mood
from moodrec.recommend.pages import Page
from moodrec.recommend.pairs import PairScorer
from moodrec.recommend.queries import is_one, known_ids, known_seeds, notes_on_each
from moodrec.recommend.rerank import Reranker
from moodrec.recommend.results import Batch, Recommendations, SimilarTracks
from moodrec.recommend.versioned import VersionedRecommender, of_one_version

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Recommender(VersionedRecommender):
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
        {'rank': [1, 2, 3], 'title': ['Hedgewars Nature', 'Love Theme', 'Cisalpine Gaul']}
    """

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
        return name if name in self.index else find_seed(self._version.names, name)

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
        offset: int = 0,
        audio_only: bool = False,
    ) -> pd.DataFrame:
        """List tracks without a seed.

        Args:
            where: a condition on them.
            sort: columns with commas between, ``-`` before one for falling: ``-calm,year``.
            limit: at most so many, 0 or more.
            offset: the number of tracks at the head of the list to leave out; pages make up the whole list.
            audio_only: whether moods, in the condition and to sort by, are what the audio alone says.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
            UsageError: ``sort`` names no column, or one without an order; ``limit`` or ``offset`` is out of range.
        """
        return list_tracks(self.index, where, sort, limit, audio_only, offset)

    @overload
    def similar(  # type: ignore[overload-overlap]  # a str is a sequence too
        self,
        seed: str,
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        offset: int | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> SimilarTracks: ...
    @overload
    def similar(
        self,
        seed: Sequence[str],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[QueryKeywords],
    ) -> Batch: ...
    @of_one_version
    def similar(
        self,
        seed: str | Sequence[str],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[QueryKeywords],
    ) -> SimilarTracks | Batch:
        """Find the k tracks most like a seed that meet the conditions; the seed and its copies are not among them.

        Args:
            seed: as for :meth:`resolve`; the path of any other audio file is analysed on the fly. A sequence is
                one of track ids.
            k: the number of tracks, 1 or more.
            options: what is asked for beside, or a list with one for each query.
            offset: the number of better tracks to leave out: 20 with k=20 is the second page. With it, 0 included,
                every row that passes is compared, so that pages fit together.
            on_conflict: "ignore" leaves out ids of a sequence that are not in the index.
            **keywords: fields of ``options``. Conditions and lists of ids may be one for each query:
                ``where=["calm >= 0.5", None]``, ``only=[ids_of_one, ids_of_other]``.

        Raises:
            AmbiguousSeedError, NotFoundError: as :meth:`resolve`; of a sequence, ids that are not in the index.
            UsageError: arguments out of range, or that contradict each other; FilterError for ``where``.
            AudioError: the file that is the seed cannot be decoded.
            ModelMismatchError: the index holds vectors of another model than would analyse that file.
        """
        page = Page.of(k, offset, self.index)
        if isinstance(seed, Integral):
            seed = id_of(seed, "seed")
        if not isinstance(seed, str):
            if seed is None:
                raise UsageError("seed is None: give a track id, or a list of ids")
            seeds = ids_of(seed, "seed")
            return self._similar_to_many(seeds, page, asked_of(options, keywords, len(seeds)), on_conflict)
        (own,) = each_of(page.asked(asked_of(options, keywords, 1)), 1)
        on_conflict_of(on_conflict)
        try:
            seed_id = self.resolve(seed)
        except NotFoundError:
            path = file_called(seed)
            if path is None:
                raise
            file = self._version.audio.analyze(path)
            hits = self.index.search(file.embedding, page.depth, own)
            return self._similar(None, file.table, page.cut(hits), own)
        hits = self.index.similar_to(seed_id, page.depth, own.excluding(self.copies(seed_id)))
        return self._similar(seed_id, None, page.cut(hits), own)

    @overload
    def by_mood(
        self,
        target: Mood,
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        offset: int | None = None,
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations: ...
    @overload
    def by_mood(
        self,
        target: Sequence[Mood],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        **keywords: Unpack[QueryKeywords],
    ) -> Batch: ...
    @of_one_version
    def by_mood(
        self,
        target: Mood | Sequence[Mood],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        **keywords: Unpack[QueryKeywords],
    ) -> Recommendations | Batch:
        """Find the k tracks whose moods are nearest to a target, whatever they sound like.

        Args:
            target: from 0 to 1 by mood, such as ``{"calm": 0.9}``.
            k: the number of tracks, 1 or more.
            options: what is asked for beside, without ``mood`` and ``mood_weight``, or a list with one for each
                query.
            offset: the number of better tracks to leave out: 20 with k=20 is the second page. With it, 0 included,
                every row that passes is compared, so that pages fit together.
            **keywords: fields of ``options``. Conditions and lists of ids may be one for each query:
                ``where=["calm >= 0.5", None]``, ``only=[ids_of_one, ids_of_other]``.

        Returns:
            Scores are ``1 - mean over the moods of (score - target)^2``, in [0, 1].

        Raises:
            UsageError: an unknown mood, a target out of range, or options that contradict the target.
        """
        targets = targets_of(target)
        page = Page.of(k, offset, self.index)
        asked = page.asked(without_mood(asked_of(options, keywords, len(targets)), "by_mood"))
        hits = page.cut(search_moods(self.index, targets, page.depth, asked))
        batch = Batch.of(hits, self.index, self._notes(asked))
        return batch[0] if isinstance(target, Mapping) else batch

    @overload
    def for_history(  # type: ignore[overload-overlap]  # of ids or of histories
        self,
        history: History,
        k: int = 20,
        options: SearchOptions | None = None,
        *,
        offset: int | None = None,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[SearchKeywords],
    ) -> Recommendations: ...
    @overload
    def for_history(
        self,
        history: Sequence[History],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[QueryKeywords],
    ) -> Batch: ...
    @of_one_version
    def for_history(
        self,
        history: History | Sequence[History],
        k: int = 20,
        options: SearchOptions | Sequence[SearchOptions] | None = None,
        *,
        offset: int | None = None,
        on_conflict: OnConflict = "error",
        **keywords: Unpack[QueryKeywords],
    ) -> Recommendations | Batch:
        """Find the k tracks nearest to a play history; tracks of the history are not among them.

        Args:
            history: weight by track id, negative for what they do not like; or ids, where an id counts as often as
                it is there. A sequence of histories is a batch.
            k: the number of tracks, 1 or more.
            options: what is asked for beside, or a list with one for each query.
            offset: the number of better tracks to leave out: 20 with k=20 is the second page. With it, 0 included,
                every row that passes is compared, so that pages fit together.
            on_conflict: "ignore" leaves out ids that are not in the index.
            **keywords: fields of ``options``. Conditions and lists of ids may be one for each query:
                ``where=["calm >= 0.5", None]``, ``only=[ids_of_one, ids_of_other]``.

        Raises:
            NotFoundError: ids are not in the index; the message lists them.
            UsageError: nothing is left of a history, or its weights cancel out.
        """
        single = is_one(history)
        histories: Sequence[History] = [history] if single else list(history)  # type: ignore[list-item]
        page = Page.of(k, offset, self.index)
        asked = page.asked(asked_of(options, keywords, len(histories)))
        each = each_of(asked, len(histories))
        parts = [self._mix(*one, page.depth, on_conflict) for one in zip(histories, each, strict=True)]
        batch = Batch.of(page.cut(stacked(parts)), self.index, self._notes(asked))
        return batch[0] if single else batch

    @property
    def rerank(self) -> Reranker:
        """Puts candidates of another model in a new order by their moods: ``rerank(candidates, mood)``; see
        :meth:`Reranker.__call__`."""
        return self.snapshot()._version.reranker

    @property
    def score(self) -> PairScorer:
        """Scores pairs of tracks as :meth:`similar` would: ``score(pairs)``; see :meth:`PairScorer.__call__`."""
        return self.snapshot()._version.scorer

    def _similar_to_many(
        self, given: Sequence[str], page: Page, asked: Asked, on_conflict: OnConflict
    ) -> Batch:
        seeds, asked = known_seeds(self.index, given, page.asked(asked), on_conflict)
        copies = [self.copies(seed) for seed in seeds]
        if any(copies):
            each_own = zip(each_of(asked, len(seeds)), copies, strict=True)
            asked = tuple(own.excluding(others) for own, others in each_own)
        hits = self.index.similar_to(seeds, page.depth, asked)
        return Batch.of(page.cut(hits), self.index, self._notes(asked), seeds)

    def _mix(self, history: History, options: SearchOptions, k: int, on_conflict: OnConflict) -> Hits:
        weights = history_weights(history)
        known = {one: weights[one] for one in known_ids(self.index, weights, on_conflict)}
        return search_mix(self.index, known, k, options.excluding(self._version.copies.of_all(known)))

    def _notes(self, asked: Asked) -> tuple[str, ...]:
        return (*self.notes, *notes_on_each(self.index, asked))

    def _similar(
        self, seed_id: str | None, file: pa.Table | None, hits: Hits, options: SearchOptions
    ) -> SimilarTracks:
        notes = self._notes(options)
        return SimilarTracks(seed_id=seed_id, file_table=file, hits=hits, source=self.index, notes=notes)

    def __repr__(self) -> str:
        """Say what is searched, in one line."""
        return f"<Recommender over {self.index!r}>"

    def _repr_html_(self) -> str:
        """Return a table for notebooks that shows how the mood scores are distributed."""
        return mood_spread(self.frame, self.moods)
