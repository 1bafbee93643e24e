"""The plots of docs/results/search.md."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmarks.search.figures import OURS, Blended, Catalogue, CellResult, Growth
from moodrec.plots.canvas import ACCENT, FAINT, INK, MUTED, SECOND, new_figure, save_figure, tidy

SHOWN: Final = ("no filter", "50% opposes", "10% random", "10% opposes", "1% random", "1% opposes")
COLOURS: Final = {
    OURS: ACCENT,
    "faiss-ivf": SECOND,
    "faiss-hnsw": "#7fb2d6",
    "hnswlib": "#4b8b6f",
    "usearch": "#8fbf8a",
    "voyager": "#b9a23b",
    "zvec": "#8a5fa8",
    "qdrant-edge": "#d08a4a",
    "lancedb": "#8c6d5a",
    "milvus-lite": MUTED,
    "numpy": INK,
}
_SLOWEST_MS: Final = 200.0


def recall_plot(catalogue: Catalogue, out: Path) -> str:
    """Recall against time in some cells: a line a system, what tuning tried; the image's Markdown."""
    cells = [cell for cell in catalogue.cells if cell.name in SHOWN]
    figure = new_figure(9, 5.6)
    for place, cell in enumerate(cells):
        axes = figure.add_subplot(2, 3, place + 1)
        _recall_panel(axes, cell, bottom=place >= 3, left=place % 3 == 0)
    _legend(figure, [name for name in COLOURS if name in catalogue.systems])
    figure.subplots_adjust(0.07, 0.17, 0.99, 0.94, 0.12, 0.28)
    save_figure(figure, out)
    return f"![Recall against time, {catalogue.title}]({out.name})"


def _recall_panel(axes: Axes, cell: CellResult, bottom: bool, left: bool) -> None:
    tidy(axes)
    axes.set_title(cell.name, loc="left", fontsize=9.5, color=INK)
    axes.set_xscale("log")
    axes.set_xlim(0.008, _SLOWEST_MS)
    axes.set_ylim(0.6, 1.015)
    axes.tick_params(which="minor", length=0)
    for name, trials in cell.trials.items():
        for curve in trials.values() if name in cell.systems and name != OURS else ():
            _, recalls, times = zip(*curve, strict=True)
            axes.plot(times, recalls, ".-", color=COLOURS[name], linewidth=1.1, markersize=4)
    ours = cell.systems[OURS]
    axes.plot([ours.cpu_ms], [ours.recall], "*", color=COLOURS[OURS], markersize=11, zorder=5, clip_on=False)
    if bottom:
        axes.set_xlabel("CPU-ms a query", fontsize=8.5, color=MUTED)
    else:
        axes.set_xticklabels([])
    if left:
        axes.set_ylabel("recall@10", fontsize=8.5, color=MUTED)
    else:
        axes.set_yticklabels([])


def _legend(figure: Figure, names: list[str]) -> None:
    axes = figure.add_axes((0, 0, 1, 0.08))
    axes.set_axis_off()
    for name in names:
        mark = "*" if name == OURS else ".-"
        axes.plot([], [], mark, color=COLOURS[name], label=name, markersize=9 if name == OURS else 5)
    axes.legend(loc="center", ncol=6, fontsize=8, frameon=False, labelcolor=INK)


def growth_plot(growth: Growth, out: Path) -> str:
    """Time over the size of the catalogue, both logarithmic."""
    figure = new_figure(5.5, 3.4)
    axes = figure.add_axes((0.12, 0.15, 0.85, 0.78))
    tidy(axes)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:,g}" if value < 1000 else f"{value:,.0f}")
        )
    axes.tick_params(which="minor", length=0, labelleft=False, labelbottom=False)
    for cell, colour in zip(growth.cells, (ACCENT, SECOND, "#d08a4a", "#4b8b6f"), strict=False):
        axes.plot(growth.sizes, growth.times(cell), "o-", color=colour, label=cell, markersize=4)
    first = min(growth.times(cell)[0] for cell in growth.cells)
    bound = [first * (n / growth.sizes[0]) ** 0.4 for n in growth.sizes]
    axes.plot(growth.sizes, bound, "--", color=MUTED, linewidth=1, label="n^0.4")
    axes.set_xlabel("tracks", fontsize=8.5, color=MUTED)
    axes.set_ylabel("CPU-ms a query", fontsize=8.5, color=MUTED)
    axes.legend(fontsize=8, frameon=False)
    save_figure(figure, out)
    return f"![Time over the size of the catalogue, {growth.data}]({out.name})"


def blended_plot(blended: Blended, out: Path) -> str:
    """Time and recall over the weight of the mood."""
    figure = new_figure(8, 3)
    for place, (field, name) in enumerate((("cpu_ms", "CPU-ms a query"), ("recall", "recall@10"))):
        axes = figure.add_subplot(1, 2, place + 1)
        tidy(axes)
        for moods, cap, colour, line in _KINDS:
            points = blended.series(moods, cap)
            label = f"{moods} mood{'s' * (moods > 1)}{', one per artist' if cap else ''}"
            weights = [point["weight"] for point in points]
            axes.plot(weights, [p[field] for p in points], line, color=colour, label=label, markersize=4)
        axes.set_xlabel("weight of the mood", fontsize=8.5, color=MUTED)
        axes.set_title(name, loc="left", fontsize=9.5, color=INK)
        lowest = min(point[field] for point in blended.points)
        axes.set_ylim(bottom=0 if field == "cpu_ms" else min(0.9, lowest))
    axes.axhline(0.98, color=FAINT, linewidth=2)
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    figure.subplots_adjust(0.07, 0.16, 0.99, 0.9, 0.15)
    save_figure(figure, out)
    return f"![Blended searches, {blended.data}, {blended.n:,} tracks]({out.name})"


_KINDS: Final = (
    (1, None, SECOND, "o-"),
    (1, 1, SECOND, "o--"),
    (2, None, ACCENT, "o-"),
    (2, 1, ACCENT, "o--"),
)
