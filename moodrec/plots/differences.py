"""Paired differences are drawn with their intervals, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from moodrec.plots.canvas import ACCENT, INK, MUTED, SECOND, SOFT, heading, new_figure, save_figure, tidy
from moodrec.plots.text import label

LINE_INCHES: Final = 0.32
WIDTH_INCHES: Final = 7.5
LEAST_LEFT: Final = 0.34
LEFT_PER_LETTER: Final = 0.0092
"""Shares of the width: room for the names on the left."""
_LONGEST: Final = 48
"""Letters of a name that are shown."""


class IntervalLike(Protocol):
    """The part of an ``Interval`` that is drawn."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class DifferenceLike(Protocol):
    """The part of a ``Difference`` that is drawn."""

    @property
    def estimate(self) -> float: ...
    @property
    def interval(self) -> IntervalLike: ...


class ContrastLike(Protocol):
    """The part of a ``Contrast`` that is drawn."""

    @property
    def difference(self) -> DifferenceLike: ...
    @property
    def per_seed(self) -> Sequence[float]: ...
    @property
    def excludes_zero(self) -> bool: ...


def draw_differences(lines: Sequence[tuple[str, ContrastLike]], title: str, out: Path) -> None:
    """Draw differences below each other.

    Args:
        lines: what is compared, and its difference; at least one.
        title: the heading.
        out: the picture to write; its suffix is .png, .svg or .pdf.

    Raises:
        UsageError: a suffix that is no picture's.
    """
    lines = [(label(name, _LONGEST), one) for name, one in lines]
    height = LINE_INCHES * len(lines)
    drawn = new_figure(WIDTH_INCHES, height + 1.1)
    left = max(LEAST_LEFT, LEFT_PER_LETTER * max(len(name) for name, _ in lines))
    axes = drawn.add_axes((left, 0.4 / (height + 1.1), 0.96 - left, height / (height + 1.1)))
    tidy(axes)
    axes.axvline(0, color=MUTED, linewidth=1)
    for place, (_, one) in enumerate(lines):
        interval = one.difference.interval
        colour = (ACCENT if one.difference.estimate > 0 else SECOND) if one.excludes_zero else SOFT
        axes.plot([interval.low, interval.high], [place, place], color=colour, linewidth=3)
        axes.plot(one.per_seed, [place] * len(one.per_seed), "|", color=MUTED, markersize=7)
        axes.plot([one.difference.estimate], [place], "o", color=INK, markersize=4)
    axes.set_yticks(range(len(lines)), [name for name, _ in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    heading(
        axes,
        title,
        "95 % intervals over tracks and seeds, coloured where they exclude zero; a tick a seed",
        round(33 - left * WIDTH_INCHES * 72),
    )
    save_figure(drawn, out)
