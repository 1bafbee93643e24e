"""Write docs/results/multitask.md and its plots from the committed results of ``moodrec experiment``.

    python -m benchmarks.multitask.page [--out DIR] [--resamples N]

The folders of experiments under benchmarks/results/multitask are rendered. All figures are computed again from the
stored predictions: neither audio nor labels nor models are needed. The tables are those of the report that
``moodrec experiment`` writes for any plan; what is here is the order of several plans on one page, and its words.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.places import PAGES, RESULTS
from moodrec.errors import MoodrecError
from moodrec.evaluation.experiment.folder import PLAN
from moodrec.evaluation.experiment.report.cells import Sampler
from moodrec.evaluation.experiment.report.facts import (
    cost_section,
    embedding_section,
    selection_section,
    setup_section,
)
from moodrec.evaluation.experiment.report.markdown import counted
from moodrec.evaluation.experiment.report.pictures import arms_picture, difference_picture
from moodrec.evaluation.experiment.report.report import count_intervals, intervals_section
from moodrec.evaluation.experiment.report.summary import summary_section
from moodrec.evaluation.experiment.report.tables import (
    arms_section,
    folds_section,
    main_section,
    other_figures_section,
)
from moodrec.evaluation.experiment.results import Results, read_results
from moodrec.files.replacing import write_atomically
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES
from moodrec.plots.differences import draw_differences

RUNS = RESULTS / "multitask"
OURS = Path(__file__).with_name("page.md.in")
"""What is true of the committed results alone."""

INTRODUCTION = """# Mood alone, or mood with metadata?

A network that also learns artist, album, year and genre, against the same network on moods alone: same data, same
steps, same mood excerpts, the same hyperparameters in both arms. No artist is both trained on and tested.

Rendered by `python -m benchmarks.multitask.page` from the stored predictions of every run: no figure in a table is
typed by hand.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the page."""
    parser = argparse.ArgumentParser(description="Render docs/results/multitask.md.")
    parser.add_argument("--out", type=Path, default=PAGES)
    parser.add_argument("--resamples", type=int, default=DEFAULT_RESAMPLES)
    given = parser.parse_args(arguments)
    folders = sorted(place.parent for place in RUNS.rglob(PLAN))
    if not folders:
        sys.exit(f"{RUNS}: holds no results; copy the folder that moodrec experiment wrote there")
    try:
        render([read_results(folder) for folder in folders], given.out, given.resamples)
    except MoodrecError as error:
        sys.exit(str(error))


def render(experiments: Sequence[Results], out: Path, resamples: int) -> None:
    """Write the page and its plots into ``out``."""
    summaries, sections = [], []
    for results in experiments:
        if results.plan.phase == "report" and results.cells:
            sampler = Sampler(results, resamples)
            summaries.append(summary_section(sampler, aim(sampler)))
            sections += report_sections(results, sampler, out)
    for results in experiments:
        if results.plan.phase == "select" and results.cells:
            sections.append(selection_section(results))
    sections.append(setup_section(experiments))
    intervals = intervals_section(resamples, count_intervals(sections))
    parts = [INTRODUCTION, *summaries, OURS.read_text(), intervals, *sections]
    text = "\n".join(part.rstrip() + "\n" for part in parts if part)
    write_atomically(out / "multitask.md", text.encode())


def aim(sampler: Sampler) -> str:
    """Whether the aim of the experiment was reached."""
    found = [sampler.contrast(place, "ap") for place in sampler.places]
    reached = all(one.difference.interval.low > 0 for one in found)
    return (
        "The aim was a gain in average precision on every backbone and dataset, with an interval above zero. "
        f"**It is {'reached' if reached else 'not reached'}.** {counted(found)}"
    )


def report_sections(results: Results, sampler: Sampler, out: Path) -> list[str]:
    """The sections of one experiment, in their order; plots carry the plan's name."""
    name = results.plan.name
    difference = difference_picture(sampler, out / f"{name}-difference.png", draw_differences)
    ablation = arms_picture(sampler, out / f"{name}-ablation.png", draw_differences)
    return [
        main_section(sampler),
        difference,
        other_figures_section(sampler),
        folds_section(sampler),
        arms_section(sampler, "Which metadata helps"),
        ablation,
        embedding_section(results),
        cost_section(results),
    ]


if __name__ == "__main__":
    main()
