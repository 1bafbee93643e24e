"""``Recommender``: similar tracks and lists of tracks, from a library or an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import NotFoundError
from moodrec.index.search.hits import Hits
from moodrec.index.search.request import Conditions
from moodrec.recommend.pairs import pairs_of, score_pairs
from moodrec.recommend.queries import (
    History,
    Mood,
    Unknown,
    excluding,
    history_weights,
    is_one,
    known_ids,
    refuse_mood,
    search_mix,
    search_moods,
    stacked,
)
from moodrec.recommend.rerank import rerank_many
from moodrec.recommend.results import Batch, Recommendations, SimilarTracks, ranked_tracks
from moodrec.recommend.source import CatalogueReader

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Candidates: TypeAlias = "Sequence[str] | Mapping[str, float] | pd.DataFrame | pa.Table"


class Recommender(CatalogueReader):
    """Answers from one index. It is read when it is opened; later changes show after opening it again.

    Each method takes one query or a sequence of them; one gives :class:`Recommendations`, several a :class:`Batch`.
    Tracks are named by their string ids, going in and coming out. Conditions are those of
    :meth:`moodrec.index.mood_index.MoodIndex.search`: ``where``, ``mood``, ``mood_weight``, ``exclude``,
    ``exclude_artist``, ``max_per_artist``, ``max_per_album``, ``distinct``, ``diversity``, ``exact``.

    Examples:
        >>> rec = Recommender.open("indexes/open-game-music")
        >>> found = rec.similar("Albian Nocturne", k=3, where="calm >= 0.5")
        >>> found.tracks[["rank", "title"]].to_dict("list")
        {'rank': [1, 2, 3], 'title': ['Love Theme', 'Still Another Wanderer', 'ingame 14']}
    """

    @overload
    def similar(self, seed: str, k: int = 20, **conditions: Unpack[Conditions]) -> SimilarTracks: ...  # type: ignore[overload-overlap]  # a str is a sequence too
    @overload
    def similar(
        self,
        seed: Sequence[str],
        k: int = 20,
        *,
        unknown: Unknown = "error",
        **conditions: Unpack[Conditions],
    ) -> Batch: ...
    def similar(
        self,
        seed: str | Sequence[str],
        k: int = 20,
        *,
        unknown: Unknown = "error",
        **conditions: Unpack[Conditions],
    ) -> SimilarTracks | Batch:
        """The k tracks most like a seed that meet the conditions; the seed and its copies are not among them.

        Args:
            seed: as for :meth:`resolve`; the path of any other audio file is analysed on the fly. A sequence is
                one of track ids.
            k: tracks wanted.
            unknown: "drop" leaves out ids of a sequence that are not in the index.
            **conditions: ``where``, ``mood``, ``mood_weight``, ``exclude``, ``exclude_artist``, ``max_per_artist``,
                ``max_per_album``, ``distinct``, ``diversity``, ``exact``.

        Raises:
            AmbiguousSeedError, NotFoundError: as :meth:`resolve`; of a sequence, ids that are not in the index.
            UsageError: arguments out of range, or that contradict each other; FilterError for ``where``.
            AudioError: the file that is the seed cannot be heard.
            ModelMismatchError: the index holds vectors of another model than would hear that file.

        Examples:
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> batch = rec.similar(rec.index.track_ids[:2], k=2)
            >>> batch.frame.columns.tolist(), len(batch.frame)
            (['query', 'rank', 'track_id', 'score'], 4)
        """
        if not isinstance(seed, str):
            return self._similar_to_many(known_ids(self.index, seed, unknown), k, conditions)
        try:
            seed_id = self.resolve(seed)
        except NotFoundError:
            if not Path(seed).expanduser().is_file():
                raise
            return self._similar_to_file(Path(seed).expanduser(), k, conditions)
        hits = self.index.similar_to(seed_id, k, **excluding(conditions, self.copies(seed_id)))
        return self._similar(seed_id, self.index.rows([seed_id]), hits)

    @overload
    def by_mood(self, target: Mood, k: int = 20, **conditions: Unpack[Conditions]) -> Recommendations: ...
    @overload
    def by_mood(self, target: Sequence[Mood], k: int = 20, **conditions: Unpack[Conditions]) -> Batch: ...
    def by_mood(
        self, target: Mood | Sequence[Mood], k: int = 20, **conditions: Unpack[Conditions]
    ) -> Recommendations | Batch:
        """The k tracks whose moods are nearest to a target, whatever they sound like.

        Args:
            target: from 0 to 1 by mood, such as ``{"calm": 0.9}``.
            k: tracks wanted.
            **conditions: as for :meth:`similar`, without ``mood`` and ``mood_weight``.

        Returns:
            Scores are ``1 - mean over the moods of (score - target)^2``, in [0, 1].

        Raises:
            UsageError: an unknown mood, a target out of range, or a condition that contradicts the others.

        Examples:
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> calm = rec.by_mood({"calm": 1.0}, k=5, max_per_artist=1)
            >>> bool((calm.tracks["calm"] > 0.9).all())
            True
        """
        refuse_mood(conditions)
        if isinstance(target, Mapping):
            return self._answer(search_moods(self.index, [target], k, conditions))
        return self._batch([search_moods(self.index, list(target), k, conditions)], k)

    @overload
    def for_history(  # type: ignore[overload-overlap]
        self, history: History, k: int = 20, *, unknown: Unknown = "error", **conditions: Unpack[Conditions]
    ) -> Recommendations: ...
    @overload
    def for_history(
        self,
        history: Sequence[History],
        k: int = 20,
        *,
        unknown: Unknown = "error",
        **conditions: Unpack[Conditions],
    ) -> Batch: ...
    def for_history(
        self,
        history: History | Sequence[History],
        k: int = 20,
        *,
        unknown: Unknown = "error",
        **conditions: Unpack[Conditions],
    ) -> Recommendations | Batch:
        """The k tracks nearest to what somebody listened to; tracks of the history are not among them.

        Args:
            history: weight by track id, negative for what they do not want to hear; or ids, where an id counts as
                often as it is there. A sequence of histories is a batch.
            k: tracks wanted.
            unknown: "drop" leaves out ids that are not in the index.
            **conditions: as for :meth:`similar`.

        Raises:
            NotFoundError: ids are not in the index; the message lists them.
            UsageError: nothing is left of a history, or its weights cancel out.

        Examples:
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> liked, loved, skipped, *_ = rec.index.track_ids
            >>> found = rec.for_history({liked: 1.0, loved: 2.0, skipped: -0.5}, k=3)
            >>> len(found), loved in found.track_ids
            (3, False)
        """
        if is_one(history):
            return self._answer(self._mix(history_weights(history), k, unknown, conditions))  # type: ignore[arg-type]
        parts = [self._mix(history_weights(one), k, unknown, conditions) for one in history]
        return self._batch(parts, k)

    @overload
    def rerank(
        self,
        candidates: Candidates,
        mood: Mood,
        weight: float | None = None,
        k: int | None = None,
        *,
        unknown: Unknown = "error",
    ) -> Recommendations: ...
    @overload
    def rerank(
        self,
        candidates: Sequence[Candidates],
        mood: Mood,
        weight: float | None = None,
        k: int | None = None,
        *,
        unknown: Unknown = "error",
    ) -> Batch: ...
    def rerank(
        self,
        candidates: Candidates | Sequence[Candidates],
        mood: Mood,
        weight: float | None = None,
        k: int | None = None,
        *,
        unknown: Unknown = "error",
    ) -> Recommendations | Batch:
        """Candidates of another model in a new order: its scores against how near their moods are to a target.

        Args:
            candidates: ids, best first; or score by id; or a table (pandas, Arrow) with ``track_id`` and ``score``.
                The scores are scaled to [0, 1] over the list. A sequence of these is a batch.
            mood: targets in [0, 1] by mood.
            weight: of the mood against the candidates' own scores, in [0, 1]; 0.5 by default.
            k: at most so many; all by default.
            unknown: "drop" leaves out candidates that are not in the index.

        Returns:
            Scores ``(1 - weight) * scaled + weight * affinity``. Candidates without a score for one of the moods come
            last, with NaN.

        Raises:
            NotFoundError: candidates are not in the index; the message lists them.
            UsageError: an unknown mood, or a number out of range.

        Examples:
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> theirs = dict(zip(rec.index.track_ids[:4], [0.9, 0.8, 0.2, 0.1]))
            >>> rec.rerank(theirs, mood={"calm": 1.0}, weight=0).track_ids == list(theirs)
            True
        """
        ranked = rerank_many(self.index, candidates, mood, weight, k, unknown)
        return (
            self._answer(ranked) if is_one(candidates) else self._batch([ranked], ranked.track_ids.shape[1])
        )

    @overload
    def score(
        self, pairs: tuple[str, str], mood: Mood | None = None, mood_weight: float | None = None
    ) -> float: ...
    @overload
    def score(
        self,
        pairs: Sequence[tuple[str, str]] | pd.DataFrame | pa.Table,
        mood: Mood | None = None,
        mood_weight: float | None = None,
        *,
        unknown: Literal["error", "nan"] = "error",
    ) -> NDArray[np.float32]: ...
    def score(
        self,
        pairs: tuple[str, str] | Sequence[tuple[str, str]] | pd.DataFrame | pa.Table,
        mood: Mood | None = None,
        mood_weight: float | None = None,
        *,
        unknown: Literal["error", "nan"] = "error",
    ) -> float | NDArray[np.float32]:
        """How near the second track of a pair is to the first: the score that :meth:`similar` would give it.

        Args:
            pairs: ``(seed, track)``, several of them, or a table whose first two columns hold the ids.
            mood, mood_weight: draw the second track towards a mood, as in :meth:`similar`.
            unknown: "nan" gives NaN to pairs with an id that is not in the index.

        Returns:
            A number for one pair, else (pairs,) float32 in their order; NaN where a mood score is unknown.

        Raises:
            NotFoundError: ids are not in the index; the message lists them.

        Examples:
            >>> rec = Recommender.open("indexes/open-game-music")
            >>> a, b, *_ = rec.index.track_ids
            >>> round(rec.score((a, a)), 4), rec.score([(a, b), (a, "?")], unknown="nan").shape
            (1.0, (2,))
        """
        single, lefts, rights = pairs_of(pairs)
        found = score_pairs(self.index, lefts, rights, mood, mood_weight, unknown)
        return float(found[0]) if single else found

    def _similar_to_many(self, seeds: Sequence[str], k: int, conditions: Conditions) -> Batch:
        copies = {seed: self.copies(seed) for seed in seeds}
        if not any(copies.values()):
            return Batch(tuple(seeds), self.index.similar_to(seeds, k, **conditions), self.index, self.notes)
        parts = [self.index.similar_to(seed, k, **excluding(conditions, copies[seed])) for seed in seeds]
        return self._batch(parts, k, seeds)

    def _similar_to_file(self, path: Path, k: int, conditions: Conditions) -> SimilarTracks:
        seed, heard = self._heard(path)
        return self._similar(None, seed, self.index.search(heard.embedding, k, **conditions))

    def _mix(self, weights: Mapping[str, float], k: int, unknown: Unknown, conditions: Conditions) -> Hits:
        known = known_ids(self.index, weights, unknown)
        copies = [copy for track_id in known for copy in self.copies(track_id)]
        return search_mix(
            self.index, {track_id: weights[track_id] for track_id in known}, k, excluding(conditions, copies)
        )

    def _similar(self, seed_id: str | None, seed: pa.Table, hits: Hits) -> SimilarTracks:
        return SimilarTracks(
            seed_id=seed_id,
            seed_table=seed,
            table=ranked_tracks(self.index, hits),
            hits=hits,
            moods=self.moods,
            notes=self.notes,
        )

    def _answer(self, hits: Hits) -> Recommendations:
        return Batch(("0",), hits, self.index, self.notes)[0]

    def _batch(self, parts: Sequence[Hits], k: int, names: Sequence[str] = ()) -> Batch:
        hits = stacked(parts, k)
        return Batch(tuple(names or map(str, range(len(hits)))), hits, self.index, self.notes)
