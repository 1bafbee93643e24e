"""Write docs/results/multitask.md and its plots from the committed results of ``moodrec experiment``.

    python -m benchmarks.multitask.page [FOLDER ...] [--out DIR] [--resamples N]

FOLDER is the folder of an experiment; without one, every folder of an experiment under benchmarks/results/multitask.
All figures are computed again from the stored predictions: neither audio nor labels nor models are needed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.multitask.cells import Sampler
from benchmarks.multitask.facts import cost_section, embedding_section, selection_section, setup_section
from benchmarks.multitask.plots import ablation_plot, difference_plot
from benchmarks.multitask.summary import summary_section
from benchmarks.multitask.tables import ablation_section, folds_section, main_section, other_figures_section
from benchmarks.places import PAGES, RESULTS
from moodrec.errors import MoodrecError
from moodrec.evaluation.experiment.folder import PLAN
from moodrec.evaluation.experiment.results import Results, read_results
from moodrec.files import write_atomically
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES

RUNS = RESULTS / "multitask"
INTERVAL = re.compile(r"\[[+-]\d+\.\d+, [+-]\d+\.\d+\]")

OURS = Path(__file__).with_name("page.md.in")
"""What is true of the committed results alone."""

INTRODUCTION = """# Mood alone, or mood with metadata?

A network that also learns artist, album, year and genre, against the same network on moods alone: same data, same
steps, same mood excerpts, the same hyperparameters in both arms. No artist is both trained on and tested.

Rendered by `python -m benchmarks.multitask.page` from the stored predictions of every run: no figure in a table is
typed by hand.
"""

INTERVALS = """## Intervals

Brackets hold 95 % bootstrap intervals of the paired difference: {resamples:,} resamples of the test tracks (whole
artists) and of the seeds, the same tracks for both arms. With three seeds, the seeds' share in them is somewhat too
small. Bold where they exclude zero. There are {count:,} of them on this page: where nothing differs, about one in
twenty excludes zero all the same, so a single bold figure proves little.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the page."""
    parser = argparse.ArgumentParser(description="Render docs/results/multitask.md.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=PAGES)
    parser.add_argument("--resamples", type=int, default=DEFAULT_RESAMPLES)
    given = parser.parse_args(arguments)
    folders = given.folders or sorted(place.parent for place in RUNS.rglob(PLAN))
    if not folders:
        sys.exit(f"{RUNS}: holds no results; copy the folder that moodrec experiment wrote there")
    try:
        notes = "" if given.folders else OURS.read_text()
        render([read_results(folder) for folder in folders], given.out, given.resamples, notes)
    except MoodrecError as error:
        sys.exit(str(error))


def render(experiments: Sequence[Results], out: Path, resamples: int, notes: str = "") -> None:
    """Write the page and its plots into ``out``; ``notes`` say what was compared."""
    summaries, sections = [], []
    for results in experiments:
        if results.plan.phase == "report" and results.cells:
            sampler = Sampler(results, resamples)
            summaries.append(summary_section(sampler))
            sections += report_sections(results, sampler, out)
    for results in experiments:
        if results.plan.phase == "select" and results.cells:
            sections.append(selection_section(results))
    sections.append(setup_section(experiments))
    count = sum(len(INTERVAL.findall(section)) for section in sections)
    intervals = INTERVALS.format(resamples=resamples, count=count) if count else ""
    parts = [INTRODUCTION, *summaries, notes, intervals, *sections]
    text = "\n".join(part.rstrip() + "\n" for part in parts if part)
    write_atomically(out / "multitask.md", text.encode())


def report_sections(results: Results, sampler: Sampler, out: Path) -> list[str]:
    """The sections of one experiment, in their order; plots carry the plan's name."""
    name = results.plan.name
    difference = difference_plot(sampler, out / f"{name}-difference.png")
    ablation = ablation_plot(sampler, out / f"{name}-ablation.png")
    return [
        main_section(sampler),
        difference,
        other_figures_section(sampler),
        folds_section(sampler),
        ablation_section(sampler),
        ablation,
        embedding_section(results),
        cost_section(results),
    ]


if __name__ == "__main__":
    main()
