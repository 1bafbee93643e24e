"""The report of one experiment is put together, and written into its folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.evaluation.experiment.compare import Contrast
from moodrec.evaluation.experiment.report.cells import MAIN, Place, Sampler
from moodrec.evaluation.experiment.report.data import data_section, settings_section
from moodrec.evaluation.experiment.report.facts import (
    cost_section,
    embedding_section,
    figures_section,
    setup_section,
)
from moodrec.evaluation.experiment.report.pictures import Draw, arms_picture, difference_picture
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

REPORT: Final = "report.md"
"""Name of the report in the folder of an experiment."""
_INTERVAL: Final = re.compile(r"\[[+-]\d+\.\d+, [+-]\d+\.\d+\]")


@dataclass(frozen=True, eq=False)
class Compared:
    """An arm against the baseline, in average precision, at one place of the grid."""

    place: Place
    arm: str
    tested: str
    """``first fold``, ``split`` or ``all folds``."""
    contrast: Contrast


@dataclass(frozen=True, eq=False)
class ExperimentReport:
    """What an experiment found."""

    path: Path
    """The report, as Markdown."""
    baseline: str
    """Name of the arm that the others are compared with."""
    compared: tuple[Compared, ...]
    """Every arm against the baseline, wherever both were trained with the same seed."""


def write_report(
    folder: Path, resamples: int = DEFAULT_RESAMPLES, draw: Draw | None = None
) -> ExperimentReport | None:
    """Write the report of an experiment into its folder, from the stored predictions of its finished runs.

    Neither audio nor labels nor models are needed.

    Args:
        folder: the folder that :func:`moodrec.evaluation.experiment.grid.run_plan` wrote.
        resamples: resamples of the bootstrap.
        draw: draws the pictures; None writes a report without.

    Returns:
        What is in the report; None where no run is finished on the first fold.

    Raises:
        NotFoundError: the folder holds no plan.
        ConfigError: its plan is wrong.
        CorruptStoreError: a result is damaged.
    """
    results = read_results(folder)
    if not results.cells:
        return None
    sampler = Sampler(results, resamples)
    write_atomically(folder / REPORT, render(results, sampler, folder, draw).encode())
    return ExperimentReport(folder / REPORT, sampler.baseline, compared_arms(sampler))


def compared_arms(sampler: Sampler) -> tuple[Compared, ...]:
    """Compare every arm with the baseline, the main one first."""
    split = {one.name for one in sampler.results.plan.dataset if one.test.split is not None}
    found = []
    for arm in dict.fromkeys([sampler.candidate, *sampler.ablations]):
        for place in sampler.with_arm(arm) if arm != sampler.baseline else ():
            first = "split" if place.dataset in split else "first fold"
            found.append(Compared(place, arm, first, sampler.contrast(place, MAIN, arm)))
            every = sampler.contrast_all_folds(place, MAIN, arm)
            if every is not None:
                found.append(Compared(place, arm, "all folds", every))
    return tuple(found)


def render(results: Results, sampler: Sampler, out: Path, draw: Draw | None = None) -> str:
    """Write a report as Markdown.

    Args:
        results: the finished runs.
        sampler: their comparisons.
        out: folder of the pictures.
        draw: draws them; None draws none.
    """
    sections = [
        main_section(sampler),
        difference_picture(sampler, out / "difference.png", draw),
        arms_section(sampler),
        arms_picture(sampler, out / "arms.png", draw),
        folds_section(sampler),
        other_figures_section(sampler),
        figures_section(results),
        embedding_section(results),
        data_section(results),
        settings_section(results),
        cost_section(results),
        setup_section([results]),
    ]
    parts = [
        f"# {results.plan.name}",
        _opening(results),
        summary_section(sampler),
        intervals_section(sampler.n_resamples, count_intervals(sections)),
        *sections,
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def count_intervals(parts: Sequence[str]) -> int:
    """Count the intervals in parts of a report."""
    return sum(len(_INTERVAL.findall(part)) for part in parts)


def intervals_section(resamples: int, count: int) -> str:
    """Say how intervals are made, and how many of them would exclude zero by chance.

    Args:
        resamples: resamples of the bootstrap.
        count: number of intervals in the report; with none, there is nothing to say.
    """
    if not count:
        return ""
    return f"""## Intervals

Brackets hold 95 % bootstrap intervals of the paired difference: {resamples:,} resamples of the test tracks (whole
artists) and of the seeds, the same tracks for both arms. With three seeds, the seeds' share in them is somewhat too
small. Bold where they exclude zero. There are {count:,} of them on this page: where nothing differs, about one in
twenty excludes zero all the same, so a single bold figure proves little."""


def _opening(results: Results) -> str:
    baseline, *rest = results.plan.compared
    what = f"`{rest[0]}` against `{baseline}`" if rest else f"`{baseline}` alone"
    return (
        f"{what}: the same tracks, steps and mood excerpts in all arms. Written by `moodrec experiment` from the "
        "stored predictions of every finished run."
    )
