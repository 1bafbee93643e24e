"""Rows that belong together, such as the tracks of one artist, form a group, which must never be split over folds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moodrec.names import fold


def artist_groups(artists: Sequence[str | None], fallback: Sequence[str]) -> list[str]:
    """Name the group of each row after its artist.

    Args:
        artists: ``(n,)`` artists; None where unknown.
        fallback: ``(n,)`` group of each row for the case that its artist is unknown.

    Returns:
        ``(n,)`` names of groups; all spellings of one artist give the same.
    """
    return [
        f"artist:{fold(artist)}" if artist else other for artist, other in zip(artists, fallback, strict=True)
    ]


def join_groups(*keys: Sequence[str | None]) -> list[str]:
    """Merge rows that share any key: the connected components over several columns of keys.

    A key means the same in every column, so keys of different kinds need different prefixes.

    Args:
        keys: columns of equal length; None joins a row with nothing.

    Returns:
        For each row the name of its component: the key, in any column, that came first in it. A row without any key
        is a component of its own, named after its position.
    """
    rows = list(zip(*keys, strict=True))
    forest = _Forest(len(rows))
    first_row: dict[str, int] = {}
    for row, values in enumerate(rows):
        for value in values:
            if value is not None:
                forest.join(first_row.setdefault(value, row), row)
    names = [_first(values, f"row:{row}") for row, values in enumerate(rows)]
    return [names[forest.root(row)] for row in range(len(rows))]


def _first(values: Iterable[str | None], default: str) -> str:
    return next((value for value in values if value is not None), default)


class _Forest:
    """Union-find: the root of a tree is its smallest row, whatever the order of joins."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, row: int) -> int:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, a: int, b: int) -> None:
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low
