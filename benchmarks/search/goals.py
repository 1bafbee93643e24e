"""What was to be reached, and what was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.search.figures import OURS, Catalogue, CellResult, Results, geometric_mean

LEAST_RECALL: Final = 0.98
MOST_OF_BEST: Final = 2.0
DATABASE_FACTOR: Final = 3.0
EXPONENT: Final = 0.4
EXPONENT_FROM: Final = 100_000
AT: Final = 1_000_000
MEDIAN_MS: Final = 0.8
WORST_MS: Final = 2.0
FIRST_ANSWER_S: Final = 1.0
_LIMITS: Final = ((MEDIAN_MS, "median"), (WORST_MS, "worst"))


@dataclass(frozen=True)
class Verdict:
    """A goal, the figure beside it, and whether it is met; None where there is nothing to judge by."""

    goal: str
    figure: str
    met: bool | None

    @property
    def word(self) -> str:
        """For the table."""
        return {True: "yes", False: "**no**", None: "not measured"}[self.met]


def verdicts(results: Results) -> list[Verdict]:
    """Every goal."""
    every = results.catalogues
    return [
        *_worst_cells(every),
        _against_ivf(every),
        _against_databases(every),
        *_growth(results),
        *_times(every),
        _first_answer(results),
        _blended(results),
    ]


def _places(every: Sequence[Catalogue]) -> Iterator[tuple[Catalogue, CellResult]]:
    return ((catalogue, cell) for catalogue in every for cell in catalogue.cells)


def _named(catalogue: Catalogue, cell: CellResult) -> str:
    return f"{catalogue.title}, {cell.name}"


def _worst_cells(every: Sequence[Catalogue]) -> Iterator[Verdict]:
    recalls = [(cell.systems[OURS].recall, _named(catalogue, cell)) for catalogue, cell in _places(every)]
    goal = f"recall@10 of {LEAST_RECALL} in the worst cell"
    if not recalls:
        yield Verdict(goal, "", None)
        return
    lowest, where = min(recalls)
    below = sum(recall < LEAST_RECALL for recall, _ in recalls)
    said = f"{lowest:.3f} ({where}); {below} of {len(recalls)} cells below"
    yield Verdict(goal, said, lowest >= LEAST_RECALL)
    ours = [cell.systems[OURS] for _, cell in _places(every)]
    wrong, short = sum(one.violations for one in ours), sum(one.short for one in ours)
    asked = sum(one.queries for one in ours)
    said = f"{wrong} of either, {short} short answers, in {asked:,} answers" if wrong else ""
    said = said or f"no violation, {short} short answers, in {asked:,} answers"
    yield Verdict("every hit meets the filter, and k come back where k pass", said, wrong == short == 0)
    ratios = [(r, _named(c, cell)) for c, cell in _places(every) if (r := cell.ratio_to_best()) is not None]
    goal = f"no cell slower than {MOST_OF_BEST:g} times the best peer in that cell"
    if not ratios:
        yield Verdict(goal, "", None)
        return
    largest, where = max(ratios)
    over = sum(ratio > MOST_OF_BEST for ratio, _ in ratios)
    said = f"{largest:.2f} ({where}); {over} of {len(ratios)} cells over"
    yield Verdict(goal, said, largest <= MOST_OF_BEST)


def _against_ivf(every: Sequence[Catalogue]) -> Verdict:
    goal = "geometric mean no slower than FAISS IVF tuned with hindsight"
    found = {c.title: geometric_mean(r) for c in every if (r := c.ratios("faiss-ivf"))}
    if not found:
        return Verdict(goal, "", None)
    overall = geometric_mean([ratio for c in every for ratio in c.ratios("faiss-ivf")])
    worst = max(found, key=lambda title: found[title])
    met = sum(ratio <= 1 for ratio in found.values())
    said = f"{overall:.2f} times its time over all; worst {found[worst]:.2f} ({worst}); {met} of {len(found)} met"
    return Verdict(goal, said, met == len(found))


def _against_databases(every: Sequence[Catalogue]) -> Verdict:
    goal = f"geometric mean {DATABASE_FACTOR:g} times faster than the best database"
    found = {c.title: best for c in every if (best := c.best_database())}
    if not found:
        return Verdict(goal, "", None)
    worst = min(found, key=lambda title: found[title][1])
    met = sum(factor >= DATABASE_FACTOR for _, factor in found.values())
    name, factor = found[worst]
    said = f"worst {factor:.2f} times ({name}; {worst}); {met} of {len(found)} catalogues met"
    return Verdict(goal, said, met == len(found))


def _growth(results: Results) -> Iterator[Verdict]:
    goal = f"cost grows no faster than n^{EXPONENT} from {EXPONENT_FROM:,} to 10,000,000"
    found = [
        (exponent, f"{growth.data}, {cell}, up to {growth.sizes[-1]:,}")
        for growth in results.growth
        for cell in growth.cells
        if (exponent := growth.exponent(cell, EXPONENT_FROM)) is not None
    ]
    if not found:
        yield Verdict(goal, "", None)
        return
    steepest, where = max(found)
    yield Verdict(goal, f"at most n^{steepest:.2f} ({where})", steepest <= EXPONENT)


def _times(every: Sequence[Catalogue]) -> Iterator[Verdict]:
    times = [(cell.systems[OURS].cpu_ms, _named(c, cell)) for c, cell in _places(every) if c.n == AT]
    median, worst = (f"at {AT:,}, under {ms} CPU-ms in the {which} cell" for ms, which in _LIMITS)
    if not times:
        yield Verdict(median, "", None)
        yield Verdict(worst, "", None)
        return
    middle = float(np.median([ms for ms, _ in times]))
    yield Verdict(median, f"{middle:.2f} ms", middle < MEDIAN_MS)
    slowest, where = max(times)
    yield Verdict(worst, f"{slowest:.2f} ms ({where})", slowest < WORST_MS)


def _first_answer(results: Results) -> Verdict:
    goal = f"at {AT:,}, a first answer within {FIRST_ANSWER_S:g} s of starting `moodrec`"
    found = [one.first_answers[AT] for one in results.growth if AT in one.first_answers]
    if not found:
        return Verdict(goal, "", None)
    return Verdict(goal, f"{max(found):.2f} s", max(found) < FIRST_ANSWER_S)


def _blended(results: Results) -> Verdict:
    goal = f"recall@10 of {LEAST_RECALL} at every weight of the mood"
    found = [
        (
            point["recall"],
            f"{one.data}, {one.n:,} tracks, weight {point['weight']}, moods {point['moods']}, "
            f"{'no cap' if point['max_per_artist'] is None else 'one per artist'}",
        )
        for one in results.blended
        for point in one.points
    ]
    if not found:
        return Verdict(goal, "", None)
    lowest, where = min(found)
    return Verdict(goal, f"{lowest:.3f} ({where})", lowest >= LEAST_RECALL)
