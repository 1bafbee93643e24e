"""Titles stand beside points of a map where there is room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from moodrec.plots.canvas import INK
from moodrec.plots.text import font_families
from moodrec.typing import Float64Array, RowNumbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from moodrec.plots.scene import Scene

_SIZE: Final = 6.5
"""Size of the letters, in points."""
_LETTER: Final = 0.56
"""Mean width of a letter, as a share of its size."""
_ROUNDS: Final = 2_000
"""Number of tracks that are tried at most: a map of very many has room for few titles."""


def write_titles(axes: Axes, scene: Scene, most: int) -> list[int]:
    """Write titles beside points so that none covers another; lone points come first, then denser places.

    Args:
        axes: the map, with its points.
        scene: the tracks.
        most: greatest number of titles.

    Returns:
        The rows whose titles were written.
    """
    axes.apply_aspect()
    figure = axes.figure
    places = axes.transData.transform(scene.points) * 72 / figure.dpi
    taken: list[tuple[float, float, float, float]] = []
    written: list[int] = []
    for row in _loneliest_first(places)[:_ROUNDS]:
        if len(written) >= most:
            break
        text = scene.title(int(row))
        x, y = places[row]
        box = (x + 4, y - _SIZE / 2, x + 4 + _LETTER * _SIZE * len(text), y + _SIZE / 2)
        if any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        written.append(int(row))
        axes.annotate(
            text,
            tuple(scene.points[row]),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SIZE,
            color=INK,
            family=font_families(),
            zorder=3,
        )
    return written


def _loneliest_first(places: Float64Array) -> RowNumbers:
    """Order rows by the distance to their nearest neighbour, the farthest first."""
    order: RowNumbers
    if len(places) < 2:
        return np.arange(len(places))
    from matplotlib.tri import Triangulation

    try:
        edges = Triangulation(*places.T).edges
    except (RuntimeError, ValueError):  # all points on one line
        return np.arange(len(places))
    lengths = np.hypot(*(places[edges[:, 0]] - places[edges[:, 1]]).T)
    nearest = np.full(len(places), np.inf)
    for side in (0, 1):
        np.minimum.at(nearest, edges[:, side], lengths)
    nearest[np.isinf(nearest)] = 0  # a point that lies on another
    order = np.argsort(-nearest, kind="stable")
    return order


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
