"""One process trains the runs of a plan one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moodrec.errors import MoodrecError
from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.events import (
    OnExperimentEvent,
    RunFailed,
    RunFinished,
    RunProgress,
)
from moodrec.evaluation.experiment.folder import ResultFolder
from moodrec.evaluation.experiment.plan import Phase, read_plan
from moodrec.evaluation.experiment.runs import PlannedRun, expand
from moodrec.evaluation.experiment.train import train_run
from moodrec.training.events import TrainingEvent


def runs_of(path: Path, phase: Phase | None) -> list[PlannedRun]:
    """List the runs of a plan.

    Args:
        path: the plan.
        phase: phase that replaces the plan's; None keeps it.

    Raises:
        NotFoundError, ConfigError: as :func:`read_plan` and :func:`expand`.
    """
    plan = read_plan(path)
    return expand(plan if phase is None else plan.model_copy(update={"phase": phase}), path)


def work(
    runs: Sequence[PlannedRun], data: Datasets, folder: ResultFolder, on_event: OnExperimentEvent
) -> None:
    """Train one run after the other, skipping those that another process holds or has finished.

    A run that fails is reported as an event, and the next one begins.

    Args:
        runs: the runs to train.
        data: their data.
        folder: folder of the results.
        on_event: receives progress.
    """
    for run in runs:
        if folder.is_finished(run, data.digest(run)):
            continue
        with folder.claim(run) as scratch:
            # Another process may have finished it between the two lines above.
            if scratch is not None and not folder.is_finished(run, data.digest(run)):
                on_event(_attempt(run, data, folder, scratch, on_event))


def _attempt(
    run: PlannedRun, data: Datasets, folder: ResultFolder, scratch: Path, on_event: OnExperimentEvent
) -> RunFinished | RunFailed:
    def report(event: TrainingEvent) -> None:
        on_event(RunProgress(run.id, event))

    try:
        truth = data.truth(run)
        rows = data.rows(run, truth)
        trained = train_run(run, data.digest(run), rows, truth, scratch, folder, report)
    except MoodrecError as error:
        return RunFailed(run.id, str(error))
    return RunFinished(run.id, trained.seconds, trained.scores.moods)
