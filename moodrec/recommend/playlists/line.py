"""The targets along an arc: a line from one end to the other, straight or through points between."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from moodrec.arguments import brief, every_of, finite, plain, texts
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.mood_targets import single_targets
from moodrec.recommend.pairs import numbers_in
from moodrec.recommend.recommender import Recommender
from moodrec.typing import Float64Array

HELD: Final = ("valence",)
"""The moods that an arc holds by default, where it names none that they go with."""
_TYPICAL: Final = 20
"""The number of tracks nearest to an end of an arc, whose mean tells its other moods."""
_HELD_WEIGHT: Final = 0.3
"""What a mood that is held counts beside one that is named; also one that the other end alone names."""
_GOES_WITH: Final = 0.6
"""A mood is not held where its correlation with a named one is as strong as this: that one says where it goes."""


@dataclass(frozen=True, eq=False)
class Line:
    """The targets along an arc."""

    moods: list[str]
    """The J moods that have a target: the named ones, then those that are held."""
    ends: Float64Array
    """(2, J) the targets at the start and at the end."""
    weights: Float64Array
    """(2, J) what each counts there."""
    named: tuple[Mapping[str, float], Mapping[str, float]]
    points: tuple[tuple[float, Mapping[str, float]], ...] = ()
    """Shares of the way and targets there, in the order of the way."""

    def through(self, points: Sequence[tuple[float, Mapping[str, float]]]) -> Line:
        """Return the same line by way of some points."""
        return replace(self, points=tuple(points))

    @classmethod
    def of(
        cls,
        recommender: Recommender,
        start: Mapping[str, float],
        end: Mapping[str, float],
        options: SearchOptions,
        hold: Collection[str] | None,
    ) -> Line:
        """Return the straight line between two ends.

        Args:
            recommender: where the tracks come from.
            start: targets by mood at the start.
            end: those at the end.
            options: what the tracks must meet.
            hold: moods that no end names and that go evenly; None is valence where nothing goes with it.

        Raises:
            UsageError: no track meets the conditions, or ``hold`` names an unknown mood.
        """
        named = list(dict.fromkeys([*start, *end]))
        typical = [recommender.by_mood(one, _TYPICAL, options).tracks for one in (start, end)]
        if not all(map(len, typical)):
            raise UsageError("no track meets the conditions")
        held = _held(recommender, named, hold)
        means = [
            [float(np.nanmean(rows[mood].astype(float))) for mood in (*named, *held)] for rows in typical
        ]
        ends = np.array(means)
        for row, one in enumerate((start, end)):
            ends[row, : len(named)] = [one.get(mood, ends[row, i]) for i, mood in enumerate(named)]
        if held:
            scores = numbers_in(recommender.index.columns(held), held)
            middle = np.array([np.nanmedian(scores[:, i]) for i in range(len(held))])
            part = ends[:, len(named) :]
            part[1] = np.maximum(part[1], np.minimum(part[0], middle))
        moods = [*named, *held]
        weights = [[1.0 if mood in one else _HELD_WEIGHT for mood in moods] for one in (start, end)]
        return cls(moods, np.nan_to_num(ends, nan=0.5), np.array(weights), (start, end))

    def targets(self, progress: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return (n, J) targets and (n, J) weights at some shares of the way."""
        part = progress[:, None]
        both = [(1 - part) * ends[0] + part * ends[1] for ends in (self.ends, self.weights)]
        for i, mood in enumerate(self.moods):
            knots = [(share, targets[mood]) for share, targets in self.points if mood in targets]
            if knots:
                shares, values = zip((0.0, self.ends[0, i]), *knots, (1.0, self.ends[1, i]), strict=True)
                both[0][:, i] = np.interp(progress, shares, values)
        return np.clip(both[0], 0, 1), both[1]


def points_of(
    recommender: Recommender,
    via: Sequence[tuple[float, Mapping[str, float]]],
    ends: Sequence[Mapping[str, float]],
) -> list[tuple[float, Mapping[str, float]]]:
    """Check the points between the ends of an arc, and put them into the order of the way.

    Args:
        recommender: where the tracks come from.
        via: shares of the way, in (0, 1), and targets by mood.
        ends: targets by mood at the start and at the end.

    Raises:
        UsageError: a share or a target is out of range, or a mood is one that no end names.
    """
    points = []
    given = plain(via)
    for point in every_of(given, "via") if isinstance(given, Iterable) else [given]:
        if not isinstance(point, Sequence) or isinstance(point, str) or len(point) != 2:
            raise UsageError(f"via takes points (share of the way, targets by mood), not {brief(point)}")
        share, targets = point
        share = finite(share, "a share of the way of an arc")
        if not 0 < share < 1:
            raise UsageError(f"a point of an arc lies at {share:g} of the way; it must lie between 0 and 1")
        named = single_targets(recommender.index, targets, "a point of an arc")
        if unnamed := [mood for mood in named if not any(mood in end for end in ends)]:
            raise UsageError(f"a point of an arc names {brief(unnamed[0])}, which neither of its ends names")
        points.append((share, named))
    return sorted(points, key=lambda point: point[0])


def _held(recommender: Recommender, named: Sequence[str], hold: Collection[str] | None) -> list[str]:
    known = recommender.moods
    if hold is not None:
        for mood in texts(hold, "hold"):
            if mood not in known:
                raise UsageError(f"unknown mood {brief(mood)}; {hint(mood, known, 'moods')}")
        return [mood for mood in dict.fromkeys(texts(hold, "hold")) if mood not in named]
    wanted = [mood for mood in HELD if mood in known and mood not in named]
    table = recommender.index.columns([*wanted, *named]) if wanted else None
    return [mood for mood in wanted if not any(_go_together(table, mood, one) for one in named)]


def _go_together(table: Any, one: str, other: str) -> bool:
    both: Any = numbers_in(table, [one, other])
    both = both[~np.isnan(both).any(axis=1)]
    if len(both) < 3 or (both.std(axis=0) == 0).any():
        return False
    return bool(abs(np.corrcoef(both.T)[0, 1]) >= _GOES_WITH)
