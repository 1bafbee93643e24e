"""A picture shows the trade-off of the mood weight: similarity kept against mood reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from matplotlib.axes import Axes

from moodrec.errors import DataError
from moodrec.plots.canvas import ACCENT, FAINT, INK, MUTED, heading, new_figure, save_figure, tidy
from moodrec.plots.colours import oklch
from moodrec.plots.text import label

KEPT: Final = 0.9
"""The goal: at least this share of the cosine is kept at weight 0.5."""
LEFT: Final = 0.5
"""The goal: at most this share of the mood error is left at weight 0.5."""


class CurvePointLike(Protocol):
    """The part of a ``CurvePoint`` that is drawn."""

    @property
    def weight(self) -> float: ...
    @property
    def cosine(self) -> float: ...
    @property
    def error(self) -> float: ...


class SystemLike(Protocol):
    """The part of a ``SystemReport`` that is drawn."""

    @property
    def curve(self) -> Sequence[CurvePointLike]: ...


class BenchmarkLike(Protocol):
    """The part of a ``BenchmarkReport`` that is drawn."""

    @property
    def dataset(self) -> str: ...
    @property
    def systems(self) -> Mapping[str, SystemLike]: ...


def trade_off(report: BenchmarkLike, out: Path) -> None:
    """Draw the curves of a retrieval benchmark to ``out``.

    Args:
        report: what :func:`moodrec.evaluation.neighbourhood.run.run_benchmark` returned.
        out: the picture to write; its suffix is .png, .svg or .pdf.

    Raises:
        DataError: no system has moods.
        UsageError: a suffix that is no picture's.
    """
    curves = {name: system.curve for name, system in report.systems.items() if system.curve}
    if not curves:
        raise DataError("no system of this benchmark predicts moods, so there is no trade-off to draw")
    figure = new_figure(8.2, 5.4)
    axes = figure.add_axes((0.09, 0.11, 0.66, 0.74))
    tidy(axes)
    _draw_goal(axes)
    colours = oklch(np.full(len(curves), 0.6), 0.15, np.linspace(10, 330, len(curves), endpoint=False))
    for (name, points), colour in zip(curves.items(), colours, strict=True):
        _draw_curve(axes, points, colour, name)
    axes.set(xlim=(-0.02, 1.02), ylim=(0, 1.05))
    axes.set_xlabel("share of the mean cosine kept", fontsize=9, color=MUTED)
    axes.set_ylabel("share of the mood error left", fontsize=9, color=MUTED)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8.5, labelcolor=INK)
    under = "mood weight 0 (top right) to 1 in steps of 0.1; ring: 0.5; shaded: the goal at 0.5"
    heading(axes, f"{label(report.dataset)}: asking for a mood", under)
    save_figure(figure, out)


def _draw_goal(axes: Axes) -> None:
    axes.fill_between([KEPT, 1.02], 0, LEFT, color=FAINT, alpha=0.8, linewidth=0)


def _draw_curve(axes: Axes, points: Sequence[CurvePointLike], colour: Any, name: str) -> None:
    first = points[0]
    kept = [point.cosine / first.cosine for point in points]
    left = [point.error / first.error for point in points]
    axes.plot(kept, left, color=colour, linewidth=1.6, marker="o", markersize=3, label=label(name, 26))
    for i, point in enumerate(points):
        if point.weight == 0.5:
            axes.plot(
                kept[i], left[i], marker="o", markersize=9, markerfacecolor="none", markeredgecolor=ACCENT
            )
