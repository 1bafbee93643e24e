"""A picture of a playlist shows how moods rise and fall over its tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.plots.canvas import INK, heading, new_figure, save_figure, tidy
from moodrec.plots.colours import oklch
from moodrec.plots.text import drawn_name, font_families, label

GAP: Final = 0.075
"""Least distance between the names of two curves, in mood scores."""
SHOWN: Final = 5
"""Number of curves: the moods that change most."""


def mood_course(
    frame: pd.DataFrame, moods: Sequence[str], out: Path, title: str = "", always: Sequence[str] = ()
) -> None:
    """Draw the moods that change most over a list of tracks to a file.

    Args:
        frame: one row per track, in order, with the columns ``moods`` in [0, 1] and ``title`` where known.
        moods: names of the mood columns.
        out: the picture to write; its suffix is .png, .svg or .pdf.
        title: heading of the picture.
        always: moods to draw before those that change most.

    Raises:
        DataError: there are no tracks, or no moods.
        UsageError: the suffix is another one.
    """
    if not len(frame) or not moods:
        raise DataError("a picture of a playlist needs tracks and moods")
    scores = frame[list(moods)].to_numpy(np.float64, na_value=np.nan)
    spread = np.nan_to_num(np.nanstd(scores, axis=0)) if len(frame) > 1 else np.zeros(len(moods))
    spread += [mood in always for mood in moods]  # adds 1, more than any standard deviation of scores
    chosen = np.argsort(-spread, kind="stable")[:SHOWN]
    places = np.arange(1, len(frame) + 1)
    figure = new_figure(max(6.0, 0.34 * len(frame) + 2.2), 4.6)
    axes = figure.add_axes((0.11, 0.31, 0.75, 0.53))
    tidy(axes)
    colours = oklch(np.full(len(chosen), 0.62), 0.15, np.linspace(20, 300, len(chosen)))
    for mood, colour in zip(chosen, colours, strict=True):
        axes.plot(places, scores[:, mood], color=colour, linewidth=1.8, marker="o", markersize=3.5)
    _name_curves(axes, [moods[i] for i in chosen], scores[-1, chosen], colours, places[-1])
    axes.set(ylim=(-0.03, 1.03), xlim=(0.5, len(frame) + 0.5))
    names = [label(name, 22) for name in _names(frame)]
    axes.set_xticks(places, names, rotation=40, ha="right", fontsize=7.5, color=INK, family=font_families())
    heading(axes, label(title, 70), "mood scores over the list")
    save_figure(figure, out)


def _names(frame: pd.DataFrame) -> list[str]:
    return [drawn_name(row) for _, row in frame.iterrows()]


def _name_curves(
    axes: Axes, names: Sequence[str], ends: NDArray[np.float64], colours: NDArray[np.float64], last: int
) -> None:
    """Write a name at the end of each curve; names are moved apart so that all can be read."""
    order = np.argsort(np.nan_to_num(ends), kind="stable")
    heights = np.clip(np.nan_to_num(ends)[order], 0, 1)
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + GAP)
    heights -= max(0.0, float(heights[-1]) - 1)
    for i, height in zip(order, heights, strict=True):
        axes.annotate(
            label(names[i], 18),
            (last, height),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=colours[i],
            annotation_clip=False,
        )
