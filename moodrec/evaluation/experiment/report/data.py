"""The data and settings of an experiment, as its plan and its runs state them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from moodrec.evaluation.experiment.folder import FinishedRun
from moodrec.evaluation.experiment.plan import DatasetPlan
from moodrec.evaluation.experiment.report.markdown import section, table
from moodrec.evaluation.experiment.results import Results
from moodrec.evaluation.experiment.stored import StoredPredictions, pooled

_RANGE: Final = "smallest to largest over the runs"


def data_section(results: Results) -> str:
    """State each dataset: where it comes from, its tracks and artists, and how many tracks have each target."""
    rows, parts = [], []
    for dataset in results.plan.dataset:
        runs = [run for run in results.runs if run.dataset == dataset.name]
        if not runs:
            continue
        tested = _tested(runs)
        rows.append(_dataset_row(dataset, runs, tested))
        parts.append(f"### {dataset.name}: tracks with each target\n\n{_targets(tested)}")
    head = ["dataset", "from", "tested on", "tested tracks", "their artists", "trained on, with moods"]
    head += ["metadata alone", "left out"]
    text = (
        f"Counts of training tracks are those of a run, {_RANGE}. No artist is both trained on and tested. A track "
        "whose artist is unknown counts as an artist of its own. Left out are tracks of artists that are tested, and "
        "those that have neither moods nor a place in the training for their metadata."
    )
    return section("Data", table(head, rows), text, *parts) if rows else ""


def settings_section(results: Results) -> str:
    """State the settings of backbones, datasets and arms, and those that all runs share."""
    plan = results.plan
    groups: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("all runs", "", plan.recipe),
        *(("dataset", one.name, one.recipe) for one in plan.dataset),
        *(("backbone", one.name, one.recipe) for one in plan.backbone),
        *(("arm", one.name, one.recipe) for one in plan.arm),
    )
    rows = [[kind, name, "; ".join(f"{k} = {v}" for k, v in flat(recipe))] for kind, name, recipe in groups]
    lent = [
        f"{arm.name}: {', '.join(f'{entry.source} {entry.root}' for entry in arm.metadata_only)}"
        for arm in plan.arm
        if arm.metadata_only
    ]
    more = f"Metadata alone comes from other datasets in these arms: {'; '.join(lent)}." if lent else ""
    text = (
        "Fields of the recipe that the plan sets, the lower ones over those above; all others are at their defaults, "
        f"and each run's whole recipe is in its JSON. Baseline: {plan.compared[0]}. Phase: {plan.phase}."
    )
    return section("Settings", table(["of", "name", "fields"], rows), text, more)


def flat(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """List the fields of nested tables by their dotted names, such as ``tasks.artist.weight``.

    Args:
        fields: the tables.
        above: the name of the table that they are in.
    """
    for key, value in fields.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.")
        else:
            yield name, str(value)


def _dataset_row(dataset: DatasetPlan, runs: list[FinishedRun], tested: StoredPredictions) -> list[str]:
    held = dataset.test
    folds = sorted({run.fold for run in runs if run.fold is not None})
    where = f"its split {held.split}" if held.split else f"folds {', '.join(map(str, folds))} of {held.of}"
    share = "" if dataset.labelled == 1 else f"; {dataset.labelled:.0%} of the training tracks labelled"
    return [
        dataset.name,
        ", ".join(f"{entry.source} {entry.root}" for entry in dataset.data),
        f"{where}{share}",
        str(len(tested)),
        str(len(np.unique(tested.groups))),
        *(_range(runs, kind) for kind in ("with_moods", "metadata_only", "left_out")),
    ]


def _tested(runs: list[FinishedRun]) -> StoredPredictions:
    """Take the tested tracks of a dataset, each once: those of every fold, whoever predicted them."""
    by_fold = {run.fold: run for run in reversed(runs)}
    parts = [run.predictions() for run in by_fold.values()]
    if len(parts) == 1:
        return parts[0]
    return pooled([part.with_fold(number) for number, part in enumerate(parts)])


def _targets(tested: StoredPredictions) -> str:
    rows = []
    for place, target in enumerate(tested.targets.tolist()):
        labels = tested.labels[:, place]
        known = labels[~np.isnan(labels)]
        positives = int((known > 0).sum())
        share = f"{positives / len(known):.3f}" if len(known) else ""
        rows.append([str(target), str(positives), str(len(known)), share])
    return table(["target", "positives", "known", "prevalence"], rows)


def _range(runs: list[FinishedRun], kind: str) -> str:
    counts = [int(run.facts["tracks"][kind]) for run in runs]
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
