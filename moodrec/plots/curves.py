"""Precision-recall curves show an evaluation tag by tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from moodrec.metrics.curves import precision_recall
from moodrec.plots.canvas import INK, MUTED, SECOND, new_figure, save_figure, tidy
from moodrec.plots.text import label

MAX_TAGS: Final = 60
"""Greatest number of tags that are drawn."""
CELL: Final = 1.9
"""Width and height of one small curve, in inches."""


class EstimateLike(Protocol):
    """A figure of merit with its interval, such as ``evaluation.reports.Estimate``."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class TagLike(Protocol):
    """The part of a ``TagReport`` that is drawn."""

    @property
    def tag(self) -> str: ...
    @property
    def positives(self) -> int: ...
    @property
    def prevalence(self) -> float: ...
    @property
    def ap(self) -> EstimateLike: ...


class ReportLike(Protocol):
    """The part of an ``EvaluationReport`` that is drawn."""

    @property
    def dataset(self) -> str: ...
    @property
    def tags(self) -> Sequence[TagLike]: ...
    @property
    def macro_ap(self) -> EstimateLike: ...
    @property
    def macro_roc_auc(self) -> EstimateLike: ...


class LabelsAndScores(Protocol):
    """The part of a ``LabelledScores`` that is drawn."""

    @property
    def tags(self) -> Sequence[str]: ...
    @property
    def labels(self) -> NDArray[np.float64]: ...
    @property
    def scores(self) -> NDArray[np.float64]: ...


def pr_curves(scored: LabelsAndScores, report: ReportLike, out: Path) -> None:
    """Draw a precision-recall curve for every tag, the best first; a dashed line is the prevalence.

    Args:
        scored: what was evaluated, a ``LabelledScores``.
        report: its evaluation, an ``EvaluationReport``. Of more than sixty tags, those with the most positives are
            drawn.
        out: the picture to write; its suffix is .png, .svg or .pdf.

    Raises:
        UsageError: the suffix is another one.
    """
    most = sorted(report.tags, key=lambda tag: -tag.positives)[:MAX_TAGS]
    tags = sorted(most, key=lambda tag: -tag.ap.value)
    columns = min(len(tags), max(3, math.ceil(math.sqrt(len(tags) * 1.3))))
    rows = math.ceil(len(tags) / columns)
    figure = new_figure(max(6.0, CELL * columns), CELL * rows + 1.2)
    top = 1 - 1.0 / figure.get_figheight()
    grid = figure.add_gridspec(
        rows, columns, left=0.06, right=0.98, bottom=0.3 / figure.get_figheight(), top=top
    )
    grid.update(hspace=0.42, wspace=0.16)
    for place, tag in enumerate(tags):
        axes = figure.add_subplot(grid[place // columns, place % columns])
        _draw_tag(axes, scored, tag)
        axes.tick_params(labelleft=place % columns == 0, labelbottom=place + columns >= len(tags))
    figure.text(0.06, 1 - 0.2 / figure.get_figheight(), _summary(report), fontsize=11, color=INK, va="top")
    save_figure(figure, out)


def _summary(report: ReportLike) -> str:
    ap, area = report.macro_ap, report.macro_roc_auc
    return (
        f"{label(report.dataset)}: macro AP {ap.value:.3f} [{ap.low:.3f}, {ap.high:.3f}], "
        f"ROC-AUC {area.value:.3f} [{area.low:.3f}, {area.high:.3f}]\n"
        f"precision over recall of {len(report.tags)} tags; dashed: prevalence"
    )


def _draw_tag(axes: Axes, scored: LabelsAndScores, tag: TagLike) -> None:
    column = scored.tags.index(tag.tag)
    known = ~np.isnan(scored.labels[:, column])
    curve = precision_recall(scored.labels[known, column], scored.scores[known, column])
    tidy(axes)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.axhline(tag.prevalence, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    recall = np.concatenate([[0.0], curve.recall])
    precision = np.concatenate([curve.precision[:1], curve.precision])
    axes.fill_between(recall, precision, step="pre", color=SECOND, alpha=0.13, linewidth=0)
    axes.step(recall, precision, where="pre", color=SECOND, linewidth=1.2)
    axes.set_title(label(tag.tag.rsplit(":", 1)[-1], 18), fontsize=9, color=INK, loc="left", pad=4)
    axes.text(
        0.97,
        0.94,
        f"{tag.ap.value:.2f}",
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=9,
        color=INK,
    )
