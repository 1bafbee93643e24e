"""Reliability diagrams show predicted probabilities against observed frequencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from moodrec.errors import UsageError
from moodrec.metrics.calibration import Reliability, reliability
from moodrec.plots.canvas import ACCENT, FAINT, INK, MUTED, SOFT, heading, new_figure, save_figure, tidy
from moodrec.plots.text import label

CELL: Final = 1.9
"""Width and height of one small diagram, in inches."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One small diagram: a mood before and after its calibration."""

    title: str
    before: Reliability
    after: Reliability


def reliability_curve(
    probabilities: ArrayLike, labels: ArrayLike, out: Path, title: str, bins: int = 10
) -> None:
    """Draw predicted against observed frequency to a file; a calibrated model lies on the diagonal.

    Args:
        probabilities: ``(n,)`` in [0, 1].
        labels: ``(n,)`` in [0, 1].
        out: the picture to write; its suffix is .png, .svg or .pdf.
        title: name of what was predicted.
        bins: greatest number of bins.

    Raises:
        DataError: the arrays are wrong.
        UsageError: the suffix is another one.
    """
    curve = reliability(probabilities, labels, bins)
    figure = new_figure(5.2, 5.4)
    axes = figure.add_axes((0.13, 0.11, 0.82, 0.74))
    _draw_reliability(axes, curve)
    heading(axes, label(title), f"calibration error {curve.error:.3f}, {int(curve.counts.sum()):,} tracks")
    save_figure(figure, out)


def reliability_grid(panels: Sequence[Panel], out: Path, columns: int = 4) -> None:
    """Draw many moods to a file, each before (pale) and after (dark) calibration, with the calibration errors.

    Args:
        panels: one diagram per mood.
        out: the picture to write; its suffix is .png, .svg or .pdf.
        columns: greatest number of diagrams side by side.

    Raises:
        UsageError: there is nothing to draw, or the suffix is another one.
    """
    if not panels:
        raise UsageError("there are no moods to draw")
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    height = CELL * rows + 0.9
    figure = new_figure(max(5.0, CELL * columns), height)
    grid = figure.add_gridspec(
        rows, columns, left=0.07, right=0.97, bottom=0.35 / height, top=1 - 0.75 / height
    )
    grid.update(hspace=0.42, wspace=0.3)
    for place, panel in enumerate(panels):
        _draw_panel(figure.add_subplot(grid[place // columns, place % columns]), panel)
    note = "share that has the mood over predicted probability\npale: before calibration, dark: after"
    figure.text(0.07, 1 - 0.15 / height, note, fontsize=9, color=INK, va="top")
    save_figure(figure, out)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    tidy(axes)
    _diagonal(axes)
    for curve, colour in ((panel.before, SOFT), (panel.after, ACCENT)):
        axes.plot(curve.predicted, curve.observed, color=colour, marker="o", markersize=2.6, linewidth=1.1)
    _end_with(axes, panel.before, panel.after)
    axes.set_title(label(panel.title, 18), fontsize=9, color=INK, loc="left", pad=4)
    errors = f"{panel.before.error:.3f} → {panel.after.error:.3f}"
    axes.text(0.97, 0.04, errors, transform=axes.transAxes, ha="right", fontsize=7.5, color=INK)


def _draw_reliability(axes: Axes, curve: Reliability) -> None:
    tidy(axes)
    _diagonal(axes)
    axes.vlines(curve.predicted, curve.predicted, curve.observed, color=FAINT, linewidth=3)
    axes.plot(curve.predicted, curve.observed, color=ACCENT, marker="o", markersize=5, linewidth=1.4)
    _end_with(axes, curve)
    axes.set_xlabel("predicted probability", fontsize=9, color=MUTED)
    axes.set_ylabel("share that has the mood", fontsize=9, color=MUTED)


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))


def _end_with(axes: Axes, *curves: Reliability) -> None:
    """End the axes where the curves end, because rare moods never reach high probabilities."""
    highest = max(max(curve.predicted.max(), curve.observed.max()) for curve in curves)
    end = float(min(1.0, 1.08 * max(highest, 1e-3)))
    axes.set(xlim=(0, end), ylim=(0, end))
