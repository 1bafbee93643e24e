"""Write docs/results/learning-curves.md from the results of the plan learning-curves.

    python -m benchmarks.multitask.curves [--out DIR] [--resamples N]

All figures are computed from the stored predictions of the folds that are finished in every arm compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Final

from benchmarks.places import PAGES, RESULTS
from moodrec.evaluation.experiment.compare import Contrast
from moodrec.evaluation.experiment.folder import finished_runs
from moodrec.evaluation.experiment.report.cells import Place, Sampler
from moodrec.evaluation.experiment.report.facts import setup_section
from moodrec.evaluation.experiment.report.markdown import counted, figure, table
from moodrec.evaluation.experiment.report.tables import KNOWN_FIGURES
from moodrec.evaluation.experiment.results import read_results
from moodrec.files.replacing import write_atomically
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES

RUNS: Final = RESULTS / "learning-curves"
TEMPLATE: Final = Path(__file__).with_name("curves.md.in")
FIGURES: Final = ("ap", "quadrant_f1", "valence_auc", "arousal_auc", "quadrant_p10_others", "pearson")
RIDGE: Final = "ridge"


def main() -> None:
    """Compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=PAGES)
    parser.add_argument("--resamples", type=int, default=DEFAULT_RESAMPLES)
    options = parser.parse_args()
    results = read_results(RUNS)
    ridge = tuple(run for run in finished_runs(RUNS) if run.arm == RIDGE)
    sampler = Sampler(replace(results, runs=(*results.runs, *ridge)), options.resamples)
    found = {
        (place, arm): dict(contrasts(sampler, place, arm))
        for arm in arms(sampler)
        for place in places(sampler)
    }
    text = Template(TEMPLATE.read_text()).substitute(
        levels=table(["dataset", "seeds", *labels()], [levels(sampler, place) for place in places(sampler)]),
        differences=table(
            ["dataset", "arm", "seeds", *labels()],
            [
                [place.dataset, arm, seeds(own), *(cell(own.get(name)) for name in FIGURES)]
                for (place, arm), own in sorted(found.items(), key=lambda item: order(item[0][0]))
                if own
            ],
        ),
        counted=counted([one for (_, arm), own in found.items() if arm != RIDGE for one in own.values()]),
        setup=setup_section([results]),
    )
    write_atomically(options.out / "learning-curves.md", text.encode())


def arms(sampler: Sampler) -> list[str]:
    """What is compared with the baseline."""
    return [*(arm for arm in sampler.results.plan.names("arm") if arm != sampler.baseline), RIDGE]


def places(sampler: Sampler) -> list[Place]:
    """Where the baseline has all folds, the fewest labels first."""
    cells = [cell for cell in sampler.results.cells if cell.arm == sampler.baseline]
    found = [Place(cell.dataset, cell.backbone) for cell in cells if sampler.all_folds(cell)]
    return sorted(found, key=order)


def order(place: Place) -> tuple[str, int]:
    """The dataset's name, and how many per cent of its moods are labelled."""
    name, _, share = place.dataset.rpartition("-")
    return name, int(share)


def contrasts(sampler: Sampler, place: Place, arm: str) -> Iterator[tuple[str, Contrast]]:
    """Figure to the difference of an arm, of those that both have."""
    mine = sampler.all_folds(place.arm(arm))
    if not set(mine) & set(sampler.all_folds(place.arm(sampler.baseline))):
        return
    known = next(iter(mine.values())).plain
    for name in FIGURES:
        if name in known:
            one = sampler.contrast_all_folds(place, name, arm)
            if one is not None:
                yield name, one


def levels(sampler: Sampler, place: Place) -> list[str]:
    """The baseline's figures, means over its seeds."""
    found = sampler.all_folds(place.arm(sampler.baseline))
    values = [[own.plain[name] for own in found.values() if name in own.plain] for name in FIGURES]
    return [place.dataset, str(len(found)), *(f"{sum(own) / len(own):.3f}" if own else "" for own in values)]


def labels() -> list[str]:
    """Heads of the columns."""
    return [KNOWN_FIGURES[name] for name in FIGURES]


def seeds(own: dict[str, Contrast]) -> str:
    """How many seeds both arms have."""
    return str(max(len(one.per_seed) for one in own.values()))


def cell(one: Contrast | None) -> str:
    """A difference, or nothing."""
    return figure(one) if one is not None else ""


if __name__ == "__main__":
    main()
