"""All figures share one style, need no display, and are saved whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from moodrec.errors import UsageError
from moodrec.files.replacing import write_atomically
from moodrec.given import path_of

FORMATS: Final = (".png", ".svg", ".pdf")
DPI: Final = 150
INK: Final = "#22262e"
MUTED: Final = "#7b8190"
FAINT: Final = "#e3e6ec"
PAPER: Final = "#ffffff"
ACCENT: Final = "#c8325a"
SECOND: Final = "#2f6f9f"
SOFT: Final = "#9dbfdc"


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure.

    Args:
        width: in inches.
        height: in inches.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes, grid: bool = True) -> None:
    """Remove frame and tick marks, which carry no information, and draw a pale grid.

    Args:
        axes: the axes.
        grid: whether to draw a grid.
    """
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=MUTED)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=FAINT, linewidth=0.8)


def heading(axes: Axes, text: str, under: str = "", indent: float = 0) -> None:
    """Write a bold line above the axes, and a quieter one below it.

    Args:
        axes: the axes.
        text: the bold line.
        under: the quieter line; empty for none.
        indent: distance from the left end of the axes, in points.
    """
    _above(axes, text, (indent, 22 if under else 8), size=12, colour=INK, weight="bold")
    if under:
        _above(axes, under, (indent, 7), size=9, colour=MUTED, weight="normal")


def _above(axes: Axes, text: str, offset: tuple[float, float], size: float, colour: str, weight: str) -> None:
    axes.annotate(
        text,
        (0, 1),
        offset,
        xycoords="axes fraction",
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize=size,
        fontweight=weight,
        color=colour,
    )


def save_figure(figure: Figure, out: Path) -> None:
    """Write a figure to a file, which is replaced only once it is complete.

    Args:
        figure: the figure.
        out: the file; its suffix is .png, .svg or .pdf.

    Raises:
        UsageError: the suffix is another one, or ``out`` is no path.
    """
    out = path_of(out, "out")
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"{out}: pictures are written as {', '.join(FORMATS)}")
    drawn = io.BytesIO()  # after an error of the disk, Matplotlib's writers raise others over it
    figure.savefig(drawn, format=out.suffix.lower()[1:], facecolor=PAPER)
    write_atomically(out, drawn.getvalue())
