"""One picture shows one search: the map beside the moods and the names of the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from moodrec.plots.canvas import INK, MUTED, heading, new_figure, save_figure
from moodrec.plots.catalogue_map import draw_map
from moodrec.plots.mood_profile import draw_profile
from moodrec.plots.scene import Scene, make_scene
from moodrec.plots.text import font_families, label

MAX_LISTED: Final = 10
"""Greatest number of neighbours that are shown."""


def demo_picture(
    embeddings: ArrayLike,
    frame: pd.DataFrame,
    moods: Sequence[str],
    seed: int,
    neighbours: Sequence[int],
    out: Path,
    colour_by: str | None = None,
    condition: str = "",
) -> None:
    """Draw map, names and moods of a seed and its neighbours to a file.

    Args:
        embeddings: ``(n, d)``.
        frame: ``n`` rows with the columns ``moods``, and ``title`` and ``artist`` where known.
        moods: the moods to show, about 6 to 14.
        seed: row of the seed.
        neighbours: rows of the neighbours, nearest first; the first ten are shown.
        out: the picture to write; its suffix is .png, .svg or .pdf.
        colour_by: a mood for the colours; by default valence and arousal where the frame has both.
        condition: the request, such as ``calm >= 0.6``; printed under the heading.

    Raises:
        DataError: lengths differ, or columns are missing.
        UsageError: rows are out of range, or the suffix is another one.
    """
    scene = make_scene(embeddings, frame, moods, seed, list(neighbours)[:MAX_LISTED], colour_by)
    figure = new_figure(14, 8)
    draw_map(figure.add_axes((0.02, 0.04, 0.54, 0.82)), scene)
    n = len(scene.neighbours)
    top, line = 0.86, 0.031
    height = line * (n + 1)
    draw_names(figure.add_axes((0.62, top - height, 0.36, height)), scene, condition)
    draw_profile(figure.add_axes((0.69, 0.07, 0.28, max(0.2, top - height - 0.17))), scene, indent=-70)
    save_figure(figure, out)


def draw_names(axes: Axes, scene: Scene, condition: str = "") -> None:
    """Write the seed's name and the numbered neighbours' names, one per line.

    Args:
        axes: where to write.
        scene: the search.
        condition: the request, printed under the heading.
    """
    rows = [row for row in (scene.seed,) if row is not None]
    axes.set(xlim=(0, 1), ylim=(len(rows) + len(scene.neighbours) - 0.5, -0.5))
    axes.axis("off")
    heading(axes, "Most like it" if scene.neighbours else "Nothing like it", label(condition, 70))
    for line, row in enumerate((*rows, *scene.neighbours)):
        is_seed = line < len(rows)
        mark = "★" if is_seed else str(line + 1 - len(rows))
        weight = "bold" if is_seed else "normal"
        axes.text(0.025, line, mark, ha="center", va="center", fontsize=13 if is_seed else 9, color=INK)
        axes.text(
            0.06,
            line,
            scene.name(row, 58),
            va="center",
            fontsize=10,
            color=INK,
            fontweight=weight,
            family=font_families(),
        )
    if not scene.neighbours:
        axes.text(0.06, 1, "no track passes", va="center", fontsize=10, color=MUTED)
