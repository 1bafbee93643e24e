"""A radar shows the moods of some tracks: one spoke per mood, one outline per track."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from moodrec.errors import DataError
from moodrec.plots.canvas import FAINT, INK, MUTED, new_figure, save_figure
from moodrec.plots.colours import oklch
from moodrec.plots.text import drawn_name, font_families, label

MAX_TRACKS: Final = 6
"""Greatest number of outlines that can be told apart."""


def mood_radar(frame: pd.DataFrame, moods: Sequence[str], out: Path) -> None:
    """Draw the radar of :func:`radar_figure` to a file.

    Args:
        frame: one row per track, at most six, with the columns ``moods`` in [0, 1].
        moods: names of the mood columns, three or more.
        out: the picture to write; its suffix is .png, .svg or .pdf.

    Raises:
        DataError: as :func:`radar_figure`.
        UsageError: the suffix is another one.
    """
    save_figure(radar_figure(frame, moods), out)


def radar_figure(frame: pd.DataFrame, moods: Sequence[str]) -> Figure:
    """Draw the radar as a figure, for notebooks.

    Args:
        frame: one row per track, at most six, with the columns ``moods`` in [0, 1], and ``title`` and ``artist``
            where known. An unknown score leaves a gap in the outline.
        moods: names of the mood columns, three or more.

    Raises:
        DataError: there are no tracks, too many, fewer than three moods, or columns are missing.
    """
    missing = sorted(set(moods) - set(frame.columns))
    if missing:
        raise DataError(f"the tracks have no column {', '.join(missing)}")
    if not 1 <= len(frame) <= MAX_TRACKS:
        raise DataError(f"a radar shows one to {MAX_TRACKS} tracks, not {len(frame)}")
    if len(moods) < 3:
        raise DataError(f"a radar needs three moods or more, not {len(moods)}")
    figure = new_figure(7.2, 6.4)
    axes = figure.add_axes((0.14, 0.2, 0.72, 0.7), projection="polar")
    if not isinstance(axes, PolarAxes):
        raise TypeError("a polar projection is not polar")
    angles = np.linspace(0, 2 * np.pi, len(moods), endpoint=False)
    _dress(axes, moods, angles)
    colours = oklch(np.full(len(frame), 0.58), 0.16, np.linspace(10, 330, len(frame), endpoint=False))
    for colour, (_, row) in zip(colours, frame.iterrows(), strict=True):
        scores = row[list(moods)].to_numpy(np.float64, na_value=np.nan)
        closed = np.append(scores, scores[0])
        axes.plot(np.append(angles, angles[0]), closed, color=colour, linewidth=1.8, label=_name(row))
        axes.fill(angles, np.nan_to_num(scores), color=colour, alpha=0.08)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        frameon=False,
        fontsize=9,
        ncol=1 if len(frame) < 4 else 2,
        labelcolor=INK,
        prop={"family": font_families()},
    )
    return figure


def _dress(axes: PolarAxes, moods: Sequence[str], angles: np.ndarray) -> None:
    """Place the moods clockwise from the top, with rings at quarters and a darker one at the middle of reference
    music.
    """
    axes.set_theta_offset(np.pi / 2)
    axes.set_theta_direction(-1)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.25, 0.5, 0.75, 1.0], ["", "0.5", "", "1"], fontsize=7.5, color=MUTED)
    axes.set_xticks(angles, [label(mood.replace("_", " "), 16) for mood in moods], fontsize=9.5, color=INK)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.spines["polar"].set_visible(False)
    around = np.linspace(0, 2 * np.pi, 200)
    axes.plot(around, np.full(200, 0.5), color=MUTED, linewidth=0.8, zorder=0.5)
    axes.tick_params(pad=6)


def _name(row: pd.Series) -> str:
    artist = row.get("artist")
    names = [drawn_name(row), artist if isinstance(artist, str) else ""]
    return label(" - ".join(name for name in names if name.strip()), 46)
