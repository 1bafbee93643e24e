"""A course: tracks put in places all of whose targets are known beforehand, so that the last place is as good as the
first.

A list that grows from its beginning has used up, or is hemmed in by, what it took before. Here the two ends are
filled first, then the middle, then the middles between, each with the free track that costs least; then tracks are
exchanged as long as the whole gets better. What a track costs in a place is its distance from the place's target, and
a little for sounding unlike its neighbours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.typing import BoolArray, Float32Array, Float64Array

_SMOOTHNESS: Final = 0.02
"""What a cosine of 0 between neighbours costs, beside squared distances of mood scores."""
_END: Final = 4.0
"""How much more a distance counts at the two ends."""
_PASSES: Final = 4
_REACH: Final = 8
"""Tracks change places with others up to so many places away."""
_NEVER: Final = np.inf


@dataclass(frozen=True, eq=False)
class Pool:
    """The tracks that may come."""

    vectors: Float32Array
    """(p, d) of unit length."""
    artists: NDArray[np.int64]
    """(p,) one number for each main artist, -1 where unknown."""
    copies: Sequence[NDArray[np.int64]]
    """(p,) the positions in the pool that are the same recording as each track, itself among them; worked out by the
    caller when they are read."""

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Spacing:
    """What a course keeps to."""

    artist_gap: int
    """At least so many tracks between two of one artist."""
    max_per_artist: int | None = None


@dataclass(eq=False)
class Course:
    """Tracks of a pool in the places of a list."""

    pool: Pool
    fit: Float64Array
    """(n, p) what each track costs in each place, without its neighbours."""
    spacing: Spacing
    places: NDArray[np.int64] = field(init=False)
    """(n,) the track in each place, -1 where none is left."""
    taken: NDArray[np.int64] = field(init=False)
    """(p,) how many tracks of a track's recording are placed."""

    def __post_init__(self) -> None:
        n = len(self.fit)
        self.fit = self.fit.copy()
        self.fit[[0, n - 1]] *= _END
        self.places = np.full(n, -1)
        self.taken = np.zeros(len(self.pool), np.int64)

    def planned(self) -> Course:
        """Fill every place, and exchange tracks until nothing gets better."""
        for place in _from_the_ends(len(self.places)):
            if (track := self._best(place)) is not None:
                self._put(place, track)
        for _ in range(_PASSES):
            if not (self._replace_each() | self._swap_each()):
                break
        return self

    def replaced(self, place: int, track: int) -> None:
        """Put another track in a place.

        Args:
            place: the place.
            track: a position in the pool, free and allowed there.
        """
        self._take_out(place)
        self._put(place, track)

    def free(self, place: int) -> BoolArray:
        """Say which tracks (p,) may come to a place, with regard to all other places."""
        now = self.places[place]
        taken = self.taken.copy()
        if now >= 0:
            taken[self.pool.copies[now]] -= 1
        open_: BoolArray = (taken == 0) & ~np.isin(self.pool.artists, list(self._shut_out(place)))
        return open_

    def costs(self, place: int) -> Float64Array:
        """Compute what each track (p,) would cost in a place beside the neighbours that it has now."""
        costs: Float64Array = self.fit[place].copy()
        for neighbour in (place - 1, place + 1):
            if 0 <= neighbour < len(self.places) and self.places[neighbour] >= 0:
                near = self.pool.vectors @ self.pool.vectors[self.places[neighbour]]
                costs += _SMOOTHNESS * (1 - near)
        return costs

    @property
    def crowded(self) -> int:
        """The number of places in which an artist comes again sooner than it should."""
        return sum(
            self.pool.artists[track] in self._too_near(place)
            for place, track in enumerate(self.places.tolist())
            if track >= 0 and self.pool.artists[track] >= 0
        )

    def _best(self, place: int) -> int | None:
        costs = self.costs(place)
        free = self.free(place)
        if not free.any():  # rather an artist too soon than no track
            free = (self.taken == 0) & ~np.isin(self.pool.artists, list(self._used_up(place)))
        costs[~free] = _NEVER
        best = int(np.argmin(costs))
        return best if costs[best] < _NEVER else None

    def _put(self, place: int, track: int) -> None:
        self.places[place] = track
        self.taken[self.pool.copies[track]] += 1

    def _take_out(self, place: int) -> None:
        if self.places[place] >= 0:
            self.taken[self.pool.copies[self.places[place]]] -= 1
            self.places[place] = -1

    def _shut_out(self, place: int) -> set[int]:
        return self._too_near(place) | self._used_up(place)

    def _too_near(self, place: int) -> set[int]:
        """Return the artists of the tracks around a place."""
        gap = self.spacing.artist_gap
        around = [
            *range(max(0, place - gap), place),
            *range(place + 1, min(len(self.places), place + gap + 1)),
        ]
        return self._artists_at(around)

    def _used_up(self, place: int) -> set[int]:
        """Return the artists of whom the other places hold as many tracks as there may be."""
        most = self.spacing.max_per_artist
        if most is None:
            return set()
        tracks = np.delete(self.places, place)
        artists = self.pool.artists[tracks[tracks >= 0]]
        known, counts = np.unique(artists[artists >= 0], return_counts=True)
        return set(known[counts >= most].tolist())

    def _artists_at(self, places: Sequence[int]) -> set[int]:
        tracks = self.places[list(places)]
        return {artist for artist in self.pool.artists[tracks[tracks >= 0]].tolist() if artist >= 0}

    def _replace_each(self) -> bool:
        changed = False
        for place, now in enumerate(self.places.tolist()):
            if now < 0:
                continue
            costs = self.costs(place)
            free = self.free(place)
            free[now] = False
            costs[~free] = np.where(np.arange(len(costs)) == now, costs, _NEVER)[~free]
            best = int(np.argmin(costs))
            if costs[best] < costs[now] - 1e-9:
                self.replaced(place, best)
                changed = True
        return changed

    def _swap_each(self) -> bool:
        changed = False
        for left in range(len(self.places)):
            for right in range(left + 1, min(left + _REACH + 1, len(self.places))):
                changed |= self._swap(left, right)
        return changed

    def _swap(self, left: int, right: int) -> bool:
        a, b = self.places[left], self.places[right]
        if a < 0 or b < 0:
            return False
        gain = self.fit[left, a] + self.fit[right, b] - self.fit[left, b] - self.fit[right, a]
        if gain < -2 * _SMOOTHNESS:
            return False
        before, crowded = self._around(left, right), self._crowding(left, right)
        self.places[[left, right]] = b, a
        if self._around(left, right) < before - 1e-9 and self._crowding(left, right) <= crowded:
            return True
        self.places[[left, right]] = a, b
        return False

    def _crowding(self, left: int, right: int) -> int:
        return sum(
            int(self.pool.artists[self.places[place]]) in self._too_near(place) for place in (left, right)
        )

    def _around(self, left: int, right: int) -> float:
        """Compute what two places cost with all their neighbours."""
        steps = {min(max(step, 0), len(self.places) - 2) for step in (left - 1, left, right - 1, right)}
        cost = float(self.fit[left, self.places[left]] + self.fit[right, self.places[right]])
        for step in steps:
            one, two = self.places[step], self.places[step + 1]
            if one >= 0 and two >= 0:
                cost += _SMOOTHNESS * (1 - float(self.pool.vectors[one] @ self.pool.vectors[two]))
        return cost


def _from_the_ends(n: int) -> Iterator[int]:
    """Yield the places of a list: the last, the first, the middle, the middles between, and so on."""
    yield n - 1
    if n > 1:
        yield 0
    waiting = deque([(0, n - 1)])
    while waiting:
        start, end = waiting.popleft()
        if end - start < 2:
            continue
        middle = (start + end) // 2
        yield middle
        waiting += [(start, middle), (middle, end)]
