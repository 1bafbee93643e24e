"""An arc leads from one mood to another in even steps; its whole course is planned before any track is taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from moodrec.index.rows.frames import to_pandas
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.recommend.mood_targets import single_targets, without_mood
from moodrec.recommend.pairs import mood_matrix
from moodrec.recommend.playlists.course import Course, Pool, Spacing
from moodrec.recommend.playlists.line import Line, points_of
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules, rules_of
from moodrec.recommend.playlists.tracks import TrackFacts, and_known_duration
from moodrec.recommend.queries import notes_on
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.results import with_scores
from moodrec.recommend.versioned import of_one_version
from moodrec.typing import Float64Array

_GRID: Final = 24
"""The number of points of an arc at which tracks are searched."""
_PER_PLACE: Final = 12
_LEAST: Final = 60
"""Tracks that are searched at each point, by the places around it, and at least."""
_MOST_PLACES: Final = 600
_NOISE: Final = 0.02
"""Gumbel noise of full variety, in units of the cost."""
_MISSED: Final = 0.15
"""An end that is farther from its target than this is told of."""
_TRIES: Final = 4
_CLOSE: Final = 5.0
"""A playing time is met within so many seconds."""


@of_one_version
def arc(
    recommender: Recommender,
    start: Mapping[str, float],
    end: Mapping[str, float],
    rules: Rules | None = None,
    options: SearchOptions | None = None,
    *,
    hold: Collection[str] | None = None,
    via: Sequence[tuple[float, Mapping[str, float]]] = (),
    **keywords: Unpack[SearchKeywords],
) -> Playlist:
    """Lead from one mood to another in even steps, each track also near the one before it in sound.

    The whole course is planned at once, its two ends first. A mood that one end alone names takes, at the other end,
    the value that it has among the tracks that fit that end best: from calm to energetic starts as little energetic
    as this library's calmest tracks are.

    Args:
        recommender: where the tracks come from.
        start: targets in [0, 1] by mood, at the beginning.
        end: those at the end.
        rules: what the playlist keeps to; by default 25 tracks.
        options: what is asked for beside, without ``mood`` and ``mood_weight``.
        hold: moods that no end names and that shall not collapse on the way: they go evenly from what the tracks of
            the start have to what those of the end have, and not below the library's middle unless they begin there.
            By default valence, where the index has it and no named mood goes with it.
        via: points between the ends that the arc passes through, such as those of a curve that was drawn: each the
            share of the way, between 0 and 1, and targets in [0, 1] of moods that an end names.
        **keywords: fields of ``options``.

    Raises:
        UsageError: an end is empty or names an unknown mood, a target is out of range, options name a mood of
            their own, or a point between lies outside or names a mood that no end names.
    """
    rules, asked = rules_of(rules), without_mood(SearchOptions.of(options, keywords), "an arc")
    ends = [single_targets(recommender.index, one, f"the {name} of an arc") for name, one in
            (("start", start), ("end", end))]  # fmt: skip
    asked = asked.replace(distinct=False, max_per_artist=None, max_per_album=None, diversity=0.0)
    if rules.seconds is not None:
        asked = asked.replace(where=and_known_duration(asked.where))
    line = Line.of(recommender, ends[0], ends[1], asked, hold).through(points_of(recommender, via, ends))
    planner = _Planner(recommender, rules, asked, line)
    return planner.playlist(f"From {_words(ends[0])} to {_words(ends[1])}")


class _Planner:
    """Plans the course of an arc over the tracks that may come."""

    def __init__(self, recommender: Recommender, rules: Rules, options: SearchOptions, line: Line) -> None:
        self._recommender, self._rules, self._options, self._line = recommender, rules, options, line
        self._facts = TrackFacts(recommender)
        self._facts.require_durations(rules)
        self._rng = np.random.default_rng(rules.random_seed)

    def playlist(self, title: str) -> Playlist:
        count = self._rules.limit if self._rules.seconds is None else self._guess(self._rules.seconds)
        self._gather(min(count, _MOST_PLACES))
        course = self._plan(min(count, _MOST_PLACES))
        if self._rules.seconds is not None:
            course = self._of_length(course, self._rules.seconds)
        kept = np.flatnonzero(course.places >= 0)
        tracks = course.places[kept]
        ids = [self._ids[track] for track in tracks]
        scores = 1 - self._distances(len(course.places))[kept, tracks]
        frame = to_pandas(with_scores(self._recommender.index, ids, scores))
        report, notes = self._report(ids, course)
        index = self._recommender.index
        return Playlist(title, frame, index.moods, (*notes, *self._recommender.notes), report)

    def _guess(self, seconds: float) -> int:
        return int(max(1, min(self._rules.limit, round(seconds / self._facts.usual))))

    def _plan(self, n: int) -> Course:
        spacing = Spacing(self._rules.artist_gap, self._rules.max_per_artist)
        costs = self._distances(n)
        if self._rules.variety:
            draw = np.random.default_rng(self._rules.random_seed).gumbel(size=costs.shape)
            costs = costs - _NOISE * self._rules.variety * draw
        return Course(self._pool, costs, spacing).planned()

    def _gather(self, n: int) -> None:
        """Search the tracks that may come, at points along the arc."""
        grid = np.linspace(0, 1, min(n, _GRID)) if n > 1 else np.ones(1)
        each = max(_LEAST, -(-_PER_PLACE * n // len(grid)))
        targets, _ = self._line.targets(grid)
        index = self._recommender.index
        anything = np.eye(1, index.dim)[[0] * len(grid)]
        mood = {name: targets[:, i].tolist() for i, name in enumerate(self._line.moods)}
        k = min(each, len(index))
        hits = index.search(anything, k, self._options.replace(mood=mood, mood_weight=1.0))
        found = dict.fromkeys(one for row in hits.track_ids.tolist() for one in row if one)
        self._ids = list(found)
        self._scores = mood_matrix(index, self._ids, self._line.moods)
        artists: dict[str, int] = {}
        names = self._facts.artists(self._ids)
        keys = [-1 if name is None else artists.setdefault(name, len(artists)) for name in names]
        copies = _CopiesIn(self._recommender, self._ids)
        self._pool = Pool(index.vectors(self._ids), np.array(keys, np.int64), copies)

    def _distances(self, n: int) -> Float64Array:
        """Return (n, p) the weighted mean squared distance of each track from the target of each place."""
        progress = np.linspace(0, 1, n) if n > 1 else np.ones(1)
        targets, weights = self._line.targets(progress)
        total = np.zeros((n, len(self._ids)))
        for i in range(len(self._line.moods)):
            total += weights[:, i, None] * (self._scores[None, :, i] - targets[:, i, None]) ** 2
        return np.asarray(total / weights.sum(axis=1)[:, None])

    def _of_length(self, course: Course, seconds: float) -> Course:
        """Return a course that lasts as long as was asked for, with more or fewer places."""
        best, seen = course, {len(course.places)}
        for _ in range(_TRIES):
            missing = seconds - self._seconds(course)
            step = round(missing / self._facts.usual)
            n = min(max(1, len(course.places) + step), self._rules.limit, _MOST_PLACES)
            if n in seen:
                break
            seen.add(n)
            course = self._plan(n)
            if abs(seconds - self._seconds(course)) < abs(seconds - self._seconds(best)):
                best = course
        self._fit_time(best, seconds)
        return best

    def _fit_time(self, course: Course, seconds: float) -> None:
        """Exchange single tracks for longer or shorter ones until the time is met."""
        lengths = np.array([self._facts.duration(one) for one in self._ids])
        inner = range(1, len(course.places) - 1) if len(course.places) > 2 else range(len(course.places))
        for _ in range(_TRIES):
            missing = seconds - self._seconds(course)
            if abs(missing) <= _CLOSE:
                return
            best: tuple[float, int, int] | None = None
            for place in inner:
                now = int(course.places[place])
                if now < 0:
                    continue
                left = np.abs(missing - (lengths - lengths[now]))
                costs = course.costs(place) + np.maximum(left - _CLOSE, 0) / self._facts.usual
                costs[~course.free(place) | (left >= abs(missing))] = np.inf
                track = int(np.argmin(costs))
                change = float(costs[track] - course.costs(place)[now])
                if np.isfinite(change) and (best is None or change < best[0]):
                    best = change, place, track
            if best is None:
                return
            course.replaced(best[1], best[2])

    def _seconds(self, course: Course) -> float:
        return sum(self._facts.duration(self._ids[track]) for track in course.places.tolist() if track >= 0)

    def _report(self, ids: Sequence[str], course: Course) -> tuple[str, list[str]]:
        """Say how well the arc went: in a sentence, and in notes where rules or targets are missed."""
        notes = list(notes_on(self._recommender.index, self._options.where))
        wanted = len(course.places) if self._rules.seconds is not None else self._rules.limit
        if len(ids) < wanted:
            notes.append(f"{len(ids)} of {wanted} tracks: no other meets the conditions")
        if (
            self._rules.seconds is not None
            and self._rules.seconds - self._seconds(course) >= self._facts.usual
        ):
            notes.append("shorter than was asked for: no other track meets the conditions")
        if crowded := course.crowded:
            notes.append(f"in {crowded} places an artist comes again sooner than artist_gap asks")
        scores = mood_matrix(self._recommender.index, ids, self._line.moods)
        parts = []
        for row, verb, end in ((0, "begins", self._line.named[0]), (-1, "ends", self._line.named[1])):
            there = {mood: float(scores[row, self._line.moods.index(mood)]) for mood in end}
            parts.append(f"{verb} at {_pairs(there)} ({_pairs(end)} asked for)")
            far = {mood: value for mood, value in there.items() if abs(value - end[mood]) > _MISSED}
            if far:
                notes.append(
                    f"it {verb} at {_pairs(far)} where {_pairs({mood: end[mood] for mood in far})} is asked for: "
                    "no free track that meets the conditions is nearer in all moods"
                )
        targets, _ = self._line.targets(np.linspace(0, 1, len(ids)) if len(ids) > 1 else np.ones(1))
        named = [i for i, mood in enumerate(self._line.moods) if any(mood in one for one in self._line.named)]
        off = np.abs(scores - targets)[:, named].mean(axis=1)
        parts.append(f"{off.mean():.2f} off the line on average, {off.max():.2f} at most")
        return "; ".join(parts), notes


class _CopiesIn(Sequence[NDArray[np.int64]]):
    """The positions in a pool of the copies of each of its tracks, found when they are first asked for."""

    def __init__(self, recommender: Recommender, ids: Sequence[str]) -> None:
        self._recommender, self._ids = recommender, ids
        self._known: dict[int, NDArray[np.int64]] = {}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {one: place for place, one in enumerate(self._ids)}

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, track: Any) -> Any:
        number = int(track)
        if number not in self._known:
            same = self._recommender.recordings(self._ids[number])
            places = [number, *(self._place[one] for one in same if one in self._place)]
            self._known[number] = np.array(sorted(set(places)), np.int64)
        return self._known[number]


def _pairs(targets: Mapping[str, float]) -> str:
    return ", ".join(f"{mood} {value:.2f}" for mood, value in targets.items())


def _words(target: Mapping[str, float]) -> str:
    """Write a target as ``calm``, or ``calm 0.3`` where the target is not 1."""
    return " and ".join(mood if value == 1 else f"{mood} {value:g}" for mood, value in target.items())
