"""Parts of a report become Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moodrec.evaluation.experiment.compare import Contrast
from moodrec.printable import shown_only


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table.

    Args:
        head: the headings of its columns.
        rows: the texts of its cells, row by row.
    """
    cells = [[escaped(cell) for cell in row] for row in rows]
    lines = [[escaped(cell) for cell in head], ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Write a text so that it stays in its cell: names of tracks and moods may hold bars, line breaks and tags."""
    return shown_only(" ".join(text.replace("|", "\\|").replace("<", "&lt;").split()))


def section(title: str, *parts: str) -> str:
    """Write a heading and what stands under it; empty parts are left out.

    Args:
        title: the heading.
        parts: paragraphs, tables and pictures.
    """
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def contrast_row(names: Sequence[str], one: Contrast) -> list[str]:
    """Write the cells of a comparison: names, both figures, their difference, and the difference of each seed.

    Args:
        names: the first cells.
        one: the comparison.
    """
    seeds = ", ".join(f"{value:+.3f}" for value in one.per_seed)
    return [*names, f"{one.baseline:.3f}", f"{one.candidate:.3f}", figure(one), seeds]


def figure(one: Contrast) -> str:
    """Write a difference, ``+0.012 [-0.003, +0.028]``, bold where the interval excludes zero."""
    interval = one.difference.interval
    text = f"{one.difference.estimate:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
    return f"**{text}**" if one.excludes_zero else text


def zero(one: Contrast) -> str:
    """Say whether the interval of a difference excludes zero."""
    return "the interval excludes zero" if one.excludes_zero else "the interval includes zero"


def counted(found: Sequence[Contrast]) -> str:
    """Say in one sentence how many of some differences have intervals above zero, below, and around it."""
    above = sum(one.difference.interval.low > 0 for one in found)
    below = sum(one.difference.interval.high < 0 for one in found)
    higher = sum(one.difference.estimate > 0 for one in found)
    return (
        f"Of {len(found)} differences {higher} {'is' if higher == 1 else 'are'} positive; the interval lies above "
        f"zero in {above}, below zero in {below}, and includes zero in {len(found) - above - below}."
    )
