"""A map of the catalogue places tracks of similar sound near each other, and colours them by mood."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from moodrec.plots.canvas import INK, MUTED, PAPER, heading, new_figure, save_figure, tidy
from moodrec.plots.colours import affect_colours, score_colours
from moodrec.plots.map_titles import write_titles
from moodrec.plots.projection import Projection
from moodrec.plots.scene import Scene, make_scene
from moodrec.plots.text import font_families, label
from moodrec.typing import Float64Array

LABEL_GAP: Final = 17.0
"""Distance between the centres of two number labels, in points."""
WHEEL_PIXELS: Final = 121
"""Pixels along one side of the colour wheel."""


def catalogue_map(
    embeddings: ArrayLike,
    frame: pd.DataFrame,
    moods: Sequence[str],
    out: Path,
    seed: int | None = None,
    neighbours: Sequence[int] = (),
    colour_by: str | None = None,
    projection: Projection = "pca",
    titles: int = 0,
) -> None:
    """Draw the map to a file.

    Args:
        embeddings: ``(n, d)``.
        frame: ``n`` rows with the columns ``moods``, and ``title`` and ``artist`` where known.
        moods: names of the mood columns.
        out: the picture to write; its suffix is .png, .svg or .pdf.
        seed: row of a track to mark with a star; None for none.
        neighbours: rows to mark with numbers, nearest first.
        colour_by: mood that the colours show; None for valence and arousal where the frame has both.
        projection: how places on the map are computed.
        titles: greatest number of titles to write beside points; those with the most room around them come first.

    Raises:
        DataError, UsageError: as :func:`moodrec.plots.scene.make_scene`; also a suffix that is no picture's.
        MissingExtraError: the projection is "umap", and UMAP is not installed.
    """
    scene = make_scene(embeddings, frame, moods, seed, neighbours, colour_by, projection)
    save_figure(map_figure(scene, titles), out)


def map_figure(scene: Scene, titles: int = 0) -> Figure:
    """Draw the map as a figure, for notebooks.

    Args:
        scene: what to draw.
        titles: greatest number of titles to write beside points.
    """
    figure = new_figure(9, 8)
    axes = figure.add_axes((0.04, 0.04, 0.92, 0.83))
    draw_map(axes, scene)
    if titles:
        write_titles(axes, scene, titles)
    return figure


def draw_map(axes: Axes, scene: Scene) -> None:
    """Draw all tracks, the seed as a star, the neighbours as numbers, and a key of the colours.

    Args:
        axes: where to draw.
        scene: what to draw.
    """
    tidy(axes, grid=False)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.07)
    n = len(scene.points)
    size = float(np.clip(14_000 / n, 4, 90))
    x, y = scene.points.T
    axes.scatter(x, y, s=size, c=scene.colours, alpha=0.9, linewidths=0.6, edgecolors=PAPER)
    heading(axes, f"{n:,} tracks", "near each other: alike in sound.  Colour: " + _colour_words(scene))
    _draw_key(axes.inset_axes((0.83, 1.0, 0.17, 0.13)), scene)
    if scene.seed is not None:
        _mark_neighbours(axes, scene)
        _mark_seed(axes, scene, scene.seed)


def _colour_words(scene: Scene) -> str:
    return "valence and arousal" if scene.colour_by is None else label(scene.colour_by)


def _mark_seed(axes: Axes, scene: Scene, seed: int) -> None:
    x, y = scene.points[seed]
    axes.scatter(x, y, s=420, marker="*", c=[INK], edgecolors=PAPER, linewidths=1.6, zorder=6)


def _mark_neighbours(axes: Axes, scene: Scene) -> None:
    """Ring each neighbour and set its number beside it; numbers are moved apart so that all can be read."""
    rows = list(scene.neighbours)
    if not rows:
        return
    places = scene.points[rows]
    x, y = places.T
    axes.scatter(x, y, s=60, facecolors=scene.colours[rows], edgecolors=INK, linewidths=1.3, zorder=4)
    axes.apply_aspect()
    to_points = 72 / axes.figure.dpi
    fixed = axes.transData.transform(np.vstack([places, scene.points[[scene.seed or 0]]])) * to_points
    for number, offset in enumerate(spread(fixed) - fixed[: len(rows)], start=1):
        axes.annotate(
            str(number),
            tuple(places[number - 1]),
            tuple(offset),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            color=INK,
            zorder=5,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": PAPER, "edgecolor": MUTED, "linewidth": 0.7},
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3},
        )


def spread(points: Float64Array, gap: float = LABEL_GAP, steps: int = 200) -> Float64Array:
    """Place labels near their points, at least about ``gap`` from each other and from every point.

    Args:
        points: ``(m + 1, 2)``; the last one, the seed, gets no label and is only kept free.
        gap: distance, in the unit of the points.
        steps: number of iterations.

    Returns:
        ``(m, 2)``; the same for the same points.
    """
    m = len(points) - 1
    # Multiples of the golden angle start neighbouring labels in different directions.
    angles = np.arange(m) * np.pi * (3 - np.sqrt(5))
    labels = points[:m] + gap * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(steps):
        push = np.zeros_like(labels)
        for others, itself in ((labels, True), (points, False)):
            away = labels[:, None] - others[None]
            distance = np.maximum(np.hypot(*np.moveaxis(away, -1, 0)), 1e-6)
            if itself:
                np.fill_diagonal(distance, np.inf)
            push += (away / distance[..., None] * np.maximum(gap - distance, 0)[..., None]).sum(axis=1)
        labels = labels + 0.3 * push + 0.01 * (points[:m] - labels)
    return labels


def _draw_key(axes: Axes, scene: Scene) -> None:
    axes.set(xticks=[], yticks=[])
    tidy(axes, grid=False)
    axes.patch.set_alpha(0)
    if scene.colour_by is None:
        _draw_wheel(axes)
    else:
        _draw_scale(axes, scene.colour_by)


def _draw_wheel(axes: Axes) -> None:
    side = np.linspace(0, 1, WHEEL_PIXELS)
    valence, arousal = np.meshgrid(side, side)
    radius = np.hypot(valence - 0.5, arousal - 0.5) * 2
    rgb = affect_colours(valence.ravel(), arousal.ravel()).reshape(*valence.shape, 3)
    # Opacity falls over the last pixels of the rim, so that its edge is smooth.
    alpha = np.clip((1 - radius) * WHEEL_PIXELS / 4, 0, 1)
    axes.imshow(np.dstack([rgb, alpha]), origin="lower", extent=(0, 1, 0, 1), interpolation="bilinear")
    axes.set(xlim=(-0.6, 1.6), ylim=(-0.05, 1.05))
    for word, x, y in (("happy", 1, 0.85), ("tense", 0, 0.85), ("sad", 0, 0.15), ("calm", 1, 0.15)):
        axes.text(x, y, word, ha="left" if x else "right", va="center", fontsize=8.5, color=INK)


def _draw_scale(axes: Axes, mood: str) -> None:
    ramp = score_colours(np.linspace(0, 1, 256))[None]
    axes.imshow(ramp, extent=(0, 1, 0, 0.12), aspect="auto", interpolation="bilinear")
    axes.set(xlim=(-0.05, 1.05), ylim=(-0.5, 1))
    axes.text(0, 0.2, label(mood), fontsize=8.5, color=INK, va="bottom", family=font_families())
    for x, word in ((0, "0"), (1, "1")):
        axes.text(x, -0.08, word, fontsize=8, color=MUTED, ha="center", va="top")
