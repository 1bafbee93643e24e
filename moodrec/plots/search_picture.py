"""The picture of a search in an index: the seed and its hits on the map, and their moods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moodrec.plots.demo_picture import demo_picture

if TYPE_CHECKING:
    from moodrec.index.front import SearchFront

_MOST_MOODS: Final = 12


def search_picture(
    index: SearchFront, seed_id: str, track_ids: Sequence[str], out: Path, condition: str = ""
) -> None:
    """Draw a seed and its hits among all tracks of an index.

    Args:
        index: what was searched.
        seed_id: the seed, a track of the index.
        track_ids: the hits, nearest first.
        out: the picture; its suffix says in which format.
        condition: what was asked for, for the heading.

    Raises:
        DataError: the index has no moods.
        UsageError: the suffix is no picture's.
    """
    row_of = {track_id: row for row, track_id in enumerate(index.track_ids)}
    demo_picture(
        index.vectors(index.track_ids),
        index.frame,
        _shown_moods(index.moods),
        row_of[seed_id],
        [row_of[track_id] for track_id in track_ids],
        out,
        condition=condition,
    )


def _shown_moods(moods: Sequence[str]) -> list[str]:
    """The moods that the colours of the map do not show already, as many as can be read."""
    return [mood for mood in moods if mood not in ("valence", "arousal")][:_MOST_MOODS]
