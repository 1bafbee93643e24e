"""A profile shows the moods of a seed beside those of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from moodrec.errors import DataError, UsageError
from moodrec.plots.canvas import FAINT, INK, MUTED, PAPER, SOFT, heading, new_figure, save_figure, tidy
from moodrec.plots.scene import Scene
from moodrec.plots.text import font_families, label

BAR: Final = 0.56
"""Height of a seed's bar; 1 is the distance between two moods."""


def mood_profile(
    frame: pd.DataFrame, moods: Sequence[str], seed: int, neighbours: Sequence[int], out: Path
) -> None:
    """Draw the profile to a file.

    Args:
        frame: one row per track with the columns ``moods`` in [0, 1], and ``title`` and ``artist`` where known.
        moods: names of the mood columns.
        seed: row of the seed.
        neighbours: rows of the neighbours, nearest first.
        out: the picture to write; its suffix is .png, .svg or .pdf.

    Raises:
        DataError: there are no moods, or columns are missing.
        UsageError: rows are out of range, or the suffix is another one.
    """
    missing = sorted(set(moods) - set(frame.columns))
    if missing:
        raise DataError(f"the tracks have no column {', '.join(missing)}")
    if not moods:
        raise DataError("there are no moods to draw")
    if any(not 0 <= row < len(frame) for row in (seed, *neighbours)):
        raise UsageError(f"rows must be in 0..{len(frame) - 1}, not {[seed, *neighbours]}")
    empty = np.zeros((len(frame), 2))
    scene = Scene(empty, empty, None, frame, tuple(moods), seed, tuple(neighbours))
    figure = new_figure(7, 1.6 + 0.3 * len(moods))
    draw_profile(figure.add_axes((0.2, 0.12, 0.74, 0.7)), scene)
    save_figure(figure, out)


def draw_profile(axes: Axes, scene: Scene, indent: float = 0) -> None:
    """Draw the seed's moods as bars and each neighbour as a dot.

    Args:
        axes: where to draw.
        scene: the search.
        indent: distance of the heading from the left end of the axes, in points.
    """
    tidy(axes)
    axes.grid(visible=False, axis="y")
    rows = np.arange(len(scene.moods))
    axes.set(xlim=(-0.01, 1.01), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.set_yticks(rows, [label(mood.replace("_", " "), 22) for mood in scene.moods])
    for tick in axes.get_yticklabels():
        tick.set(color=INK, fontsize=9.5, family=font_families())
    axes.axvline(0.5, color=MUTED, linewidth=0.9, zorder=0.5)
    if scene.seed is not None:
        _draw_seed(axes, scene, scene.seed)
    _draw_neighbours(axes, scene)
    heading(axes, "Moods", "bar: the seed.  dots: its neighbours, the nearest on top", indent)


def _draw_seed(axes: Axes, scene: Scene, seed: int) -> None:
    scores = scene.scores(seed)
    rows = np.arange(len(scores))
    axes.barh(rows, np.ones_like(scores), BAR, color=FAINT, alpha=0.55, zorder=0.4)
    axes.barh(rows, np.nan_to_num(scores), BAR, color=SOFT, zorder=1)


def _draw_neighbours(axes: Axes, scene: Scene) -> None:
    for place, neighbour in enumerate(scene.neighbours):
        shift = _lane(place, len(scene.neighbours))
        rows = np.arange(len(scene.moods)) + shift
        axes.scatter(scene.scores(neighbour), rows, s=17, c=[PAPER], edgecolors=INK, linewidths=0.9, zorder=3)


def _lane(place: int, n: int) -> float:
    """Compute the height of a neighbour's dots within the bar, the nearest on top, so that equal scores stay
    visible.
    """
    return 0.0 if n < 2 else BAR * 0.72 * (place / (n - 1) - 0.5)
