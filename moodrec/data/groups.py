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


def library_groups(
    artists: Sequence[str | None],
    albums: Sequence[str | None],
    track_ids: Sequence[str] | None = None,
) -> list[str]:
    """Name what must share a fold in a library: the tracks of an artist, and where that is not known, of an album.

    An album that only one artist is known to have tells the artist of its other tracks.

    Args:
        artists: ``(n,)`` folded names or ids, None where unknown.
        albums: ``(n,)`` folded names or ids, None where unknown.
        track_ids: ``(n,)`` ids, by which a track of which nothing is known is named, so that groups do not depend on
            the order of the rows; None names it by its place.

    Returns:
        ``(n,)`` names of groups.
    """
    owners: dict[str, set[str]] = {}
    for artist, album in zip(artists, albums, strict=True):
        if artist and album:
            owners.setdefault(album, set()).add(artist)
    only = {album: next(iter(names)) for album, names in owners.items() if len(names) == 1}
    places = [str(row) for row in range(len(artists))]
    if track_ids is not None:
        places = [track_id or f"row {place}" for track_id, place in zip(track_ids, places, strict=True)]
    names = [artist or only.get(album or "") for artist, album in zip(artists, albums, strict=True)]
    return [
        f"artist:{artist}" if artist else f"album:{album}" if album else f"track:{place}"
        for artist, album, place in zip(names, albums, places, strict=True)
    ]


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
