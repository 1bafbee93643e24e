"""A scene holds what a picture of one search shows: a catalogue, a seed, its neighbours, and all moods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moodrec.errors import DataError, UsageError
from moodrec.plots.colours import affect_colours, score_colours
from moodrec.plots.projection import Projection, project
from moodrec.plots.text import drawn_name, label
from moodrec.typing import Float64Array

AFFECT: Final = ("valence", "arousal")


@dataclass(frozen=True, eq=False)
class Scene:
    """A catalogue of ``n`` tracks with a seed and its neighbours.

    Attributes:
        points: ``(n, 2)`` places on the map.
        colours: ``(n, 3)`` sRGB.
        colour_by: the mood that the colours show, or None for valence and arousal.
        frame: ``n`` rows; ``title`` and ``artist`` where known, and one column per mood, in [0, 1].
        moods: the mood columns to show.
        seed: row of the seed, None for none.
        neighbours: rows, nearest first.
    """

    points: Float64Array
    colours: Float64Array
    colour_by: str | None
    frame: pd.DataFrame
    moods: tuple[str, ...]
    seed: int | None
    neighbours: tuple[int, ...]

    def scores(self, row: int) -> Float64Array:
        """Read the mood scores of a track, ``(moods,)``, NaN unknown."""
        return self.frame[list(self.moods)].iloc[row].to_numpy(dtype=np.float64)

    def name(self, row: int, limit: int = 44) -> str:
        """Write "Title - Artist" of a track, fit to draw.

        Args:
            row: the track.
            limit: greatest number of characters.
        """
        values = self.frame.iloc[row]
        title, artist = drawn_name(values), values.get("artist")
        return label(f"{title} - {artist}" if isinstance(artist, str) and artist.strip() else title, limit)

    def title(self, row: int, limit: int = 24) -> str:
        """Write the title of a track, or the name of its file, fit to draw.

        Args:
            row: the track.
            limit: greatest number of characters.
        """
        return label(drawn_name(self.frame.iloc[row]), limit)


def make_scene(
    embeddings: ArrayLike,
    frame: pd.DataFrame,
    moods: Sequence[str],
    seed: int | None = None,
    neighbours: Sequence[int] = (),
    colour_by: str | None = None,
    projection: Projection = "pca",
) -> Scene:
    """Lay out a catalogue.

    Args:
        embeddings: ``(n, d)``.
        frame: ``n`` rows with the columns ``moods``, and ``title`` and ``artist`` where known.
        moods: names of the mood columns to show.
        seed: row of the seed; None for none.
        neighbours: rows of the neighbours, nearest first.
        colour_by: a mood; None for valence and arousal where the frame has both, else the first of ``moods``.
        projection: how places on the map are computed.

    Raises:
        DataError: lengths differ, or columns are missing.
        UsageError: rows are out of range.
    """
    points = project(embeddings, projection)
    if len(points) != len(frame):
        raise DataError(f"{len(points)} embeddings for {len(frame)} tracks")
    chosen = colour_by or (None if set(AFFECT) <= set(frame.columns) else next(iter(moods), None))
    missing = sorted({*moods, *([chosen] if chosen else AFFECT)} - set(frame.columns))
    if missing:
        raise DataError(f"the tracks have no column {', '.join(missing)}")
    rows = [*([] if seed is None else [seed]), *neighbours]
    if any(not 0 <= row < len(points) for row in rows):
        raise UsageError(f"rows must be in 0..{len(points) - 1}, not {rows}")
    return Scene(points, _colours(frame, chosen), chosen, frame, tuple(moods), seed, tuple(neighbours))


def _colours(frame: pd.DataFrame, mood: str | None) -> Float64Array:
    if mood is None:
        valence, arousal = (_scores(frame, name) for name in AFFECT)
        return affect_colours(valence, arousal)
    return score_colours(_scores(frame, mood))


def _scores(frame: pd.DataFrame, mood: str) -> Float64Array:
    """Read a mood's column, 0.5 where it is unknown."""
    return np.asarray(np.nan_to_num(frame[mood].to_numpy(dtype=np.float64), nan=0.5))
