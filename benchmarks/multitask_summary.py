"""What docs/results/multitask.md shows, in a few sentences made from its figures."""

from __future__ import annotations

from multitask_cells import Sampler
from multitask_tables import KNOWN_FIGURES, by_dataset, figure, verdict, zero


def summary_section(sampler: Sampler) -> str:
    """The section that opens the page; empty where nothing was compared."""
    if not sampler.places:
        return ""
    said = [_precision(sampler), _aim(sampler), _elsewhere(sampler), _other_arms(sampler)]
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


def _aim(sampler: Sampler) -> str:
    found = [sampler.contrast(place, "ap") for place in sampler.places]
    reached = all(one.difference.interval.low > 0 for one in found)
    return (
        "The aim was a gain in average precision on every backbone and dataset, with an interval above zero. "
        f"**It is {'reached' if reached else 'not reached'}.** {verdict(found)}"
    )


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
        f"**Other arms** against {sampler.baseline}, in average precision: {verdict([*found.values()])} The "
        f"highest is {arm} on {place.dataset} with {place.backbone}, {figure(best)}."
    )
