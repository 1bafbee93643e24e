"""What an experiment shows, in a few sentences made from its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

from moodrec.evaluation.experiment.plan import ExperimentPlan
from moodrec.evaluation.experiment.report.cells import Sampler
from moodrec.evaluation.experiment.report.markdown import counted, figure, zero
from moodrec.evaluation.experiment.report.tables import KNOWN_FIGURES, by_dataset
from moodrec.evaluation.experiment.results import Results


def summary_section(sampler: Sampler, *more: str) -> str:
    """Write the section that opens a report.

    Args:
        sampler: the comparisons.
        more: sentences that stand after that on average precision.
    """
    untrained = _untrained(sampler.results)
    if not sampler.places:
        return "\n\n".join(["## In short", f"- {untrained}"]) if untrained else ""
    said = [
        _precision(sampler),
        *more,
        _all_folds(sampler),
        _elsewhere(sampler),
        _other_arms(sampler),
        untrained,
    ]
    return "\n\n".join(["## In short", "\n".join(f"- {line}" for line in said if line)])


def _precision(sampler: Sampler) -> str:
    total = sampler.mean("ap", sampler.places)
    interval = total.difference.interval
    outside = f" Mean gains above {interval.high:.3f} lie outside it."
    return (
        f"**Average precision**, {sampler.candidate} minus {sampler.baseline}, in the mean of "
        f"{len(sampler.places)} comparisons (dataset x backbone): {figure(total)}; {zero(total)}."
        f"{'' if total.excludes_zero else outside}"
    )


def _all_folds(sampler: Sampler) -> str:
    """The comparison over the most test tracks."""
    said = [
        f"{place.dataset} with {place.backbone} {figure(one)}"
        for place in sampler.places
        if (one := sampler.contrast_all_folds(place, "ap")) is not None
    ]
    return f"**On all folds**, average precision: {'; '.join(said)}." if said else ""


def _elsewhere(sampler: Sampler) -> str:
    """Figures whose mean over the backbones of a dataset differs."""
    sides: dict[bool, list[str]] = {True: [], False: []}
    for dataset, places in by_dataset(sampler.places).items():
        names = [name for name in KNOWN_FIGURES if name in sampler.figures(places[0]) and name != "ap"]
        for name in names:
            total = sampler.mean(name, places)
            if total.excludes_zero:
                estimate = total.difference.estimate
                sides[estimate > 0].append(f"{dataset} {KNOWN_FIGURES[name]} ({estimate:+.3f})")
    higher, lower = (", ".join(sides[side]) or "none" for side in (True, False))
    return (
        "**Other figures** whose mean over a dataset's backbones has an interval that excludes zero. Higher with "
        f"{sampler.candidate}: {higher}. Lower: {lower}."
    )


def _other_arms(sampler: Sampler) -> str:
    arms = [(arm, place) for arm in sampler.ablations for place in sampler.with_arm(arm)]
    if not arms:
        return ""
    found = {(arm, place): sampler.contrast(place, "ap", arm) for arm, place in arms}
    (arm, place), best = max(found.items(), key=lambda item: item[1].difference.estimate)
    return (
        f"**Other arms** against {sampler.baseline}, in average precision: {counted([*found.values()])} The "
        f"highest is {arm} on {place.dataset} with {place.backbone}, {figure(best)}."
    )


def _untrained(results: Results) -> str:
    """Runs of the plan that have no result: what the tables do not show."""
    keys = ("dataset", "backbone", "arm", "seed", "fold")
    finished = {tuple(run.facts[key] for key in keys) for run in results.runs}
    missing = Counter(
        f"{dataset} with {backbone}, {arm}"
        for dataset, backbone, arm, seed, fold in _grid(results.plan)
        if (dataset, backbone, arm, seed, fold) not in finished
    )
    listed = "; ".join(f"{name}: {n}" for name, n in missing.items())
    return f"**Runs of the plan that are not trained yet**: {listed}." if missing else ""


def _grid(plan: ExperimentPlan) -> Iterator[tuple[str, str, str, int, int | None]]:
    for dataset, backbone, arm in product(plan.dataset, plan.backbone, plan.arm):
        for seed, fold in product(plan.seeds, dataset.test.numbers):
            place = (dataset.name, backbone.name, seed, fold)
            if backbone.allows(*place) and arm.allows(*place):
                yield dataset.name, backbone.name, arm.name, seed, fold
