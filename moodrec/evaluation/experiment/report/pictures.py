"""Which differences a report draws; the drawing itself is handed in, so that a report needs no matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from moodrec.evaluation.experiment.compare import Contrast
from moodrec.evaluation.experiment.report.cells import MAIN, Place, Sampler

Draw = Callable[[Sequence[tuple[str, Contrast]], str, Path], None]
"""Draws named differences under a heading into a file, as :func:`moodrec.plots.differences.draw_differences` does."""


def difference_picture(sampler: Sampler, out: Path, draw: Draw | None) -> str:
    """Draw the candidate minus the baseline in average precision, wherever both were trained.

    Args:
        sampler: the comparisons.
        out: the picture to write.
        draw: what draws it; None draws nothing.

    Returns:
        The picture's Markdown; "" where there is none.
    """
    lines = [(_name(place), sampler.contrast(place, MAIN)) for place in sampler.places]
    if len(lines) > 1:
        lines.append(("mean", sampler.mean(MAIN, sampler.places)))
    return _drawn(lines, f"Average precision: {sampler.candidate} minus {sampler.baseline}", out, draw)


def arms_picture(sampler: Sampler, out: Path, draw: Draw | None) -> str:
    """Draw the same for every other arm.

    Args:
        sampler: the comparisons.
        out: the picture to write.
        draw: what draws it; None draws nothing.

    Returns:
        The picture's Markdown; "" where there is none.
    """
    arms = sampler.ablations
    every = [*([sampler.candidate] if sampler.candidate != sampler.baseline else []), *arms]
    places = list(dict.fromkeys(place for arm in arms for place in sampler.with_arm(arm)))
    lines = [
        (f"{_name(place)}, {arm}", sampler.contrast(place, MAIN, arm))
        for place in places
        for arm in every
        if place in sampler.with_arm(arm)
    ]
    return _drawn(lines, f"Average precision: each arm minus {sampler.baseline}", out, draw)


def _drawn(lines: Sequence[tuple[str, Contrast]], title: str, out: Path, draw: Draw | None) -> str:
    if not lines or draw is None:
        return ""
    draw(lines, title, out)
    return f"![{title}]({out.name})"


def _name(place: Place) -> str:
    return f"{place.dataset}, {place.backbone}"
