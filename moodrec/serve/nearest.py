"""Tracks for players: as many as were asked for among those that the player has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moodrec.recommend.results import Recommendations
from moodrec.serve.players import PlayerIds

_FACTOR: Final = 4


def playable(ids: PlayerIds, n: int, search: Callable[[int], Recommendations]) -> list[tuple[str, float]]:
    """Search until n of the hits are songs of the player.

    Args:
        ids: the player's.
        n: the number of songs.
        search: finds a number of tracks.

    Returns:
        At most n pairs of track id and score, best first.
    """
    depth, most = n, len(ids.view.index)
    while True:
        found = search(min(depth, most))
        hits = zip(found.track_ids, found.scores.tolist(), strict=True)
        kept = [(track_id, score) for track_id, score in hits if ids.song(track_id) is not None]
        if len(kept) >= n or depth >= most or len(found) < depth:
            return kept[:n]
        depth *= _FACTOR
