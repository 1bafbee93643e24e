"""The runs of a plan, one after the other, as one process does them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moodrec.errors import MoodrecError
from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.folder import ResultFolder
from moodrec.evaluation.experiment.plan import Phase, read_plan
from moodrec.evaluation.experiment.runs import PlannedRun, expand
from moodrec.evaluation.experiment.train import train_run
from moodrec.training.loop import Event, OnEvent


def runs_of(path: Path, phase: Phase | None) -> list[PlannedRun]:
    """The runs of the plan at ``path``, in another phase where one is named.

    Raises:
        NotFoundError, ConfigError: as :func:`read_plan` and :func:`expand`.
    """
    plan = read_plan(path)
    return expand(plan if phase is None else plan.model_copy(update={"phase": phase}), path)


def work(runs: Sequence[PlannedRun], data: Datasets, folder: ResultFolder, on_event: OnEvent) -> None:
    """Train one run after the other, passing over those that another process has or has finished.

    A run that fails is told as an event, and the next one begins.
    """
    for run in runs:
        if folder.is_finished(run, data.digest(run)):
            continue
        with folder.claim(run) as scratch:
            # Another process may have finished it between the two lines above.
            if scratch is not None and not folder.is_finished(run, data.digest(run)):
                on_event(_attempt(run, data, folder, scratch, on_event))


def _attempt(
    run: PlannedRun, data: Datasets, folder: ResultFolder, scratch: Path, on_event: OnEvent
) -> Event:
    def tell(event: Event) -> None:
        on_event(event | {"run": run.id})

    try:
        truth = data.truth(run)
        rows = data.rows(run, truth)
        result = train_run(run, data.digest(run), rows, truth, scratch, folder, tell)
    except MoodrecError as error:
        return {"event": "failed", "run": run.id, "message": str(error)}
    return {"event": "run", "run": run.id, "seconds": result["seconds"], "scores": result["moods"]}
