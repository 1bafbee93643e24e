"""A playlist grows track by track: each place is a search among what may come next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.rows.frames import to_pandas
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.playlists.tracks import TrackFacts, and_known_duration
from moodrec.recommend.queries import notes_on
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.results import with_scores

Vector = NDArray[np.float64]

_DRAWN: Final = 12
"""The number of tracks among which variety draws."""
_FITTED: Final = 60
"""The number of tracks among which the last one is chosen by its duration."""
_NOISE: Final = 0.1
"""Gumbel noise of full variety, in units of the score: near neighbours differ by a few hundredths."""
_ENDGAME: Final = 3.0
"""With less time left than this many usual tracks take, tracks are chosen by their duration too."""
_LAST: Final = 1.5
"""With less time left than this many usual tracks take, the next track is the last."""
_SLACK: Final = 0.05
"""A gap of up to this share of a usual track is left at the end."""
_ROOM: Final = 0.6
"""The shortest track that can fill the end, as a share of a usual track."""


@dataclass(frozen=True)
class Place:
    """A place of the playlist that a track is sought for."""

    progress: float
    """The position in the playlist: 0 at its start, 1 at its end."""
    previous: str | None
    """The track before this place."""


@dataclass(frozen=True, eq=False)
class Aim:
    """The query by which the track of a place is sought."""

    query: Vector
    """(d,) The query vector."""
    mood: Mapping[str, float] | None = None
    """Targets in [0, 1] by mood; None leaves those of the options."""
    mood_weight: float | None = None
    """The weight of that mood against the sound, in [0, 1]."""


class Chain:
    """A playlist that is being made."""

    def __init__(
        self,
        recommender: Recommender,
        rules: Rules,
        options: SearchOptions,
        opening: Sequence[str] = (),
        closing: Sequence[str] = (),
    ) -> None:
        """Begin a playlist without tracks.

        Args:
            recommender: where the tracks come from.
            rules: what the playlist keeps to.
            options: what every track but the given ones must meet.
            opening: tracks that it begins with.
            closing: tracks that it ends with.

        Raises:
            UsageError: a playing time was requested, and the table has no durations.
        """
        self._recommender, self._index, self._rules = recommender, recommender.index, rules
        self._options = options.replace(distinct=False) if options.distinct else options  # as it always is
        self._facts = TrackFacts(recommender)
        self._facts.require_durations(rules)
        self._rng = np.random.default_rng(rules.random_seed)
        self._closing = list(closing)
        self._ids: list[str] = []
        self._scores: list[float] = []
        self._used: list[str] = list(options.exclude)
        self._crowded = 0
        for track_id in closing:
            self._use(track_id)
        for track_id in opening:
            self._append(track_id, 1.0)

    def grow(self, aim_at: Callable[[Place], Aim], title: str, notes: Sequence[str] = ()) -> Playlist:
        """Fill every place, then close.

        Args:
            aim_at: what should come in a place.
            title: of the playlist.
            notes: sentences for people that come before those on rules.
        """
        while not self._full():
            if not self._fill(aim_at(self._place())):
                break
        for track_id in self._closing:
            self._ids.append(track_id)
            self._scores.append(1.0)
        tracks = to_pandas(with_scores(self._index, self._ids, np.array(self._scores)))
        return Playlist(title, tracks, self._index.moods, (*notes, *self._notes(), *self._recommender.notes))

    def _full(self) -> bool:
        if len(self._ids) + len(self._closing) >= self._rules.limit:
            return True
        left = self._tracks_left()
        return left is not None and left < _ROOM

    def _seconds_left(self) -> float | None:
        if self._rules.seconds is None:
            return None
        return self._rules.seconds - sum(self._facts.duration(one) for one in [*self._ids, *self._closing])

    def _place(self) -> Place:
        left = self._seconds_left()
        if left is None or self._rules.seconds is None:
            progress = len(self._ids) / max(1, self._rules.limit - 1)
        else:
            progress = 1 - left / self._rules.seconds
        return Place(min(1.0, progress), self._ids[-1] if self._ids else None)

    def _fill(self, aim: Aim) -> bool:
        """Put a track in the next place; False where none is left that may stand there."""
        hits = self._find(aim, self._near_artists())
        if not hits.counts[0]:
            hits = self._find(aim, set())
            if not hits.counts[0]:
                return False
            self._crowded += 1
        chosen = self._choose(hits)
        self._append(str(hits.track_ids[0, chosen]), float(hits.scores[0, chosen]))
        return True

    def _find(self, aim: Aim, near: set[str]) -> Hits:
        apart = {*self._options.exclude_artist, *near, *self._exhausted()}
        changes: SearchKeywords = {"exclude": self._used, "exclude_artist": apart}
        if aim.mood is not None:
            changes |= {"mood": aim.mood, "mood_weight": aim.mood_weight}
        if self._rules.seconds is not None:
            changes["where"] = and_known_duration(self._options.where)
        return self._index.search(aim.query, self._depth(), self._options.replace(**changes))

    def _depth(self) -> int:
        """Return the number of tracks to choose from."""
        left = self._tracks_left()
        if left is not None and left < _ENDGAME:
            return _FITTED
        return _DRAWN if self._rules.variety else 1

    def _choose(self, hits: Hits) -> int:
        """Return the position, among the hits, of the track to take."""
        scores = hits.scores[0, : int(hits.counts[0])].astype(np.float64)
        if self._rules.variety:
            scores += self._rng.gumbel(size=len(scores)) * _NOISE * self._rules.variety
        left = self._tracks_left()
        if left is None or left >= _ENDGAME:
            return int(np.argmax(scores))
        lengths = np.array([self._facts.duration(one) for one in hits.track_ids[0, : len(scores)]])
        after = left - lengths / self._facts.usual
        # The last track fits the time about as well as any; no other leaves less time than a track takes.
        fits = np.abs(after) <= np.abs(after).min() + _SLACK if left < _LAST else after >= _ROOM
        return int(np.argmax(np.where(fits, scores, scores - 10)))

    def _tracks_left(self) -> float | None:
        """Return the time left, in usual tracks; None where no playing time was requested."""
        left = self._seconds_left()
        return None if left is None else left / self._facts.usual

    def _append(self, track_id: str, score: float) -> None:
        self._ids.append(track_id)
        self._scores.append(score)
        self._use(track_id)

    def _use(self, track_id: str) -> None:
        self._used += [track_id, *self._recommender.recordings(track_id)]

    def _near_artists(self) -> set[str]:
        """Return the artists of the tracks just before, and of those that close the list once it is near its end."""
        gap = self._rules.artist_gap
        if not gap:
            return set()
        near = self._ids[-gap:]
        places_left = self._rules.limit - len(self._ids) - len(self._closing)
        left = self._tracks_left()
        if left is not None:
            places_left = int(left)
        return self._artists_of([*near, *(self._closing if places_left <= gap else [])])

    def _exhausted(self) -> set[str]:
        limit = self._rules.max_per_artist
        if limit is None:
            return set()
        counts = Counter(self._facts.artists([*self._ids, *self._closing]))
        return {artist for artist, count in counts.items() if artist and count >= limit}

    def _artists_of(self, track_ids: Sequence[str]) -> set[str]:
        return {artist for artist in self._facts.artists(track_ids) if artist}

    def _notes(self) -> list[str]:
        notes = list(notes_on(self._index, self._options.where))
        if self._rules.seconds is None and len(self._ids) < self._rules.limit:
            notes.append(f"{len(self._ids)} of {self._rules.limit} tracks: no other meets the conditions")
        if (left := self._tracks_left()) is not None and left >= 1:
            notes.append("shorter than was asked for: no other track meets the conditions")
        if self._crowded:
            notes.append(f"in {self._crowded} places an artist comes again sooner than artist_gap asks")
        return notes
