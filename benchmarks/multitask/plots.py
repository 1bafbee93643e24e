"""The plots of docs/results/multitask.md: differences with their intervals, one line a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.multitask.cells import Place, Sampler
from moodrec.evaluation.experiment.compare import Contrast
from moodrec.plots.canvas import ACCENT, INK, MUTED, SECOND, SOFT, heading, new_figure, save_figure, tidy

LINE_INCHES = 0.32
WIDTH_INCHES = 7.5
LEAST_LEFT = 0.34
LEFT_PER_LETTER = 0.0092
"""Shares of the width: room for the names on the left."""


def difference_plot(sampler: Sampler, out: Path) -> str:
    """Candidate minus baseline in average precision wherever both were trained; the image's Markdown."""
    lines = [(_name(place), sampler.contrast(place, "ap")) for place in sampler.places]
    if len(lines) > 1:
        lines.append(("mean", sampler.mean("ap", sampler.places)))
    title = f"Average precision: {sampler.candidate} minus {sampler.baseline}"
    return _forest(lines, title, out)


def ablation_plot(sampler: Sampler, out: Path) -> str:
    """The same for every other arm."""
    arms = sampler.ablations
    every = [*([sampler.candidate] if sampler.candidate != sampler.baseline else []), *arms]
    places = list(dict.fromkeys(place for arm in arms for place in sampler.with_arm(arm)))
    lines = [
        (f"{_name(place)}, {arm}", sampler.contrast(place, "ap", arm))
        for place in places
        for arm in every
        if place in sampler.with_arm(arm)
    ]
    return _forest(lines, f"Average precision: each arm minus {sampler.baseline}", out)


def _forest(lines: Sequence[tuple[str, Contrast]], title: str, out: Path) -> str:
    if not lines:
        return ""
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
    return f"![{title}]({out.name})"


def _name(place: Place) -> str:
    return f"{place.dataset}, {place.backbone}"
