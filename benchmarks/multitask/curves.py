"""Write docs/results/learning-curves.md from the results of the plan learning-curves.

    python -m benchmarks.multitask.curves [--out DIR] [--resamples N]

All figures are computed from the stored predictions of the folds that are finished in every arm compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Final

from benchmarks.places import PAGES, RESULTS
from moodrec.evaluation.experiment.compare import Contrast, Sampled, contrast
from moodrec.evaluation.experiment.folder import finished_runs
from moodrec.evaluation.experiment.report.cells import Place, Sampler
from moodrec.evaluation.experiment.report.facts import setup_section
from moodrec.evaluation.experiment.report.markdown import counted, figure, table
from moodrec.evaluation.experiment.report.tables import KNOWN_FIGURES
from moodrec.evaluation.experiment.results import Cell, read_results
from moodrec.files.replacing import write_atomically
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES

RUNS: Final = RESULTS / "learning-curves"
TEMPLATE: Final = Path(__file__).with_name("curves.md.in")
FIGURES: Final = ("ap", "quadrant_f1", "valence_auc", "arousal_auc", "quadrant_p10_others", "pearson")
RIDGE: Final = "ridge"
FROZEN: Final = "musicnn_frozen"
SCRATCH: Final = "fcn"


def main() -> None:
    """Compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=PAGES)
    parser.add_argument("--resamples", type=int, default=DEFAULT_RESAMPLES)
    options = parser.parse_args()
    results = read_results(RUNS)
    ridge = tuple(run for run in finished_runs(RUNS) if run.arm == RIDGE)
    sampler = Sampler(replace(results, runs=(*results.runs, *ridge)), options.resamples)
    frozen, scratch = Section(sampler, FROZEN, whole=True), Section(sampler, SCRATCH, whole=False)
    text = Template(TEMPLATE.read_text()).substitute(
        levels=frozen.levels(),
        differences=frozen.differences(),
        counted=frozen.counted(),
        scratch_levels=scratch.levels(),
        scratch_differences=scratch.differences(),
        scratch_counted=scratch.counted(),
        setup=setup_section([results]),
    )
    write_atomically(options.out / "learning-curves.md", text.encode())


@dataclass(frozen=True)
class Section:
    """The tables of one backbone."""

    sampler: Sampler
    backbone: str
    whole: bool
    """Whether tracks of all folds are compared, those of the first alone otherwise."""

    def levels(self) -> str:
        """The figures of the moods alone, means over their seeds."""
        return table(["dataset", "seeds", *labels()], [self._level(place) for place in self.places])

    def differences(self) -> str:
        """Each arm's difference to the moods alone."""
        rows = [
            [place.dataset, arm, seeds(own), *(cell(own.get(name)) for name in FIGURES)]
            for (place, arm), own in sorted(self.compared.items(), key=lambda item: order(item[0][0]))
            if own
        ]
        return table(["dataset", "arm", "seeds", *labels()], rows)

    def counted(self) -> str:
        """How many of the differences lie clear of zero."""
        own = [one for (_, arm), found in self.compared.items() if arm != RIDGE for one in found.values()]
        return counted(own)

    @cached_property
    def compared(self) -> dict[tuple[Place, str], dict[str, Contrast]]:
        """Place and arm to the differences by figure; none where the arm is not finished."""
        return {
            (place, arm): dict(self._contrasts(place, arm))
            for arm in arms(self.sampler)
            for place in self.places
        }

    @cached_property
    def places(self) -> list[Place]:
        """Where the baseline is finished, the fewest labels first."""
        baseline = self.sampler.baseline
        cells = [
            one for one in self.sampler.results.cells if one.arm == baseline and one.backbone == self.backbone
        ]
        return sorted((Place(one.dataset, one.backbone) for one in cells if self._sampled(one)), key=order)

    def _sampled(self, one: Cell) -> dict[int, Sampled]:
        return self.sampler.all_folds(one) if self.whole else self.sampler.first(one)

    def _contrasts(self, place: Place, arm: str) -> Iterator[tuple[str, Contrast]]:
        """Figure to the difference of an arm, of those that both have."""
        base, mine = (self._sampled(place.arm(name)) for name in (self.sampler.baseline, arm))
        if not set(mine) & set(base):
            return
        known = next(iter(mine.values())).plain
        yield from ((name, contrast(base, mine, name)) for name in FIGURES if name in known)

    def _level(self, place: Place) -> list[str]:
        found = self._sampled(place.arm(self.sampler.baseline))
        values = [[own.plain[name] for own in found.values() if name in own.plain] for name in FIGURES]
        return [
            place.dataset,
            str(len(found)),
            *(f"{sum(own) / len(own):.3f}" if own else "" for own in values),
        ]


def arms(sampler: Sampler) -> list[str]:
    """What is compared with the baseline."""
    return [*(arm for arm in sampler.results.plan.names("arm") if arm != sampler.baseline), RIDGE]


def order(place: Place) -> tuple[str, int]:
    """The dataset's name, and how many per cent of its moods are labelled."""
    name, _, share = place.dataset.rpartition("-")
    return name, int(share)


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
