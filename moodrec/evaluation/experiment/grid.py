"""``moodrec experiment`` trains the runs of a plan that are not finished yet, several side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moodrec.arguments import brief
from moodrec.errors import ConfigError
from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.events import (
    ExperimentEvent,
    GridProgress,
    OnExperimentEvent,
    PlanRead,
    RunFailed,
    RunFinished,
)
from moodrec.evaluation.experiment.folder import PLAN, ResultFolder
from moodrec.evaluation.experiment.plan import Phase
from moodrec.evaluation.experiment.runs import PlannedRun, chosen
from moodrec.evaluation.experiment.work import runs_of, work
from moodrec.evaluation.experiment.workers import Job, train_side_by_side
from moodrec.files.replacing import write_atomically
from moodrec.training.run import default_cache


@dataclass(frozen=True)
class GridOptions:
    """Which runs of a plan are trained, and how."""

    jobs: int = 1
    """Number of training processes side by side; 1 trains in this process."""
    limit: int | None = None
    """Greatest number of runs that are trained now."""
    only: str | None = None
    """Shell pattern that the ids of runs must match."""
    phase: Phase | None = None
    """Phase that replaces the plan's."""
    dry_run: bool = False
    """Report what there is to train, and train nothing."""
    cache_folder: Path | None = None
    """Folder of spectrograms; by default that of ``moodrec train``."""


@dataclass(frozen=True)
class GridReport:
    """What became of the chosen runs."""

    out: Path
    finished: tuple[str, ...]
    """Ids of runs that were finished before."""
    trained: tuple[str, ...]
    """Ids of runs that were trained now."""
    failed: dict[str, str]
    """Id of each failed run to its error."""
    left: tuple[str, ...]
    """Ids of runs still to be trained, by a later call or by another process that holds them."""


def run_plan(path: Path, out: Path, options: GridOptions, on_event: OnExperimentEvent) -> GridReport:
    """Train and score the runs of a plan; finished runs are kept, interrupted ones continue.

    Args:
        path: the plan.
        out: folder of the results.
        options: which runs are trained, and how.
        on_event: receives the events of :mod:`moodrec.evaluation.experiment.events`.

    Raises:
        ConfigError: the plan is wrong, or ``out`` holds results of other settings or data.
        NotFoundError: there is no such plan, or no such data.
        DataError: a dataset is malformed.
        MoodrecError: a training process died.
    """
    runs = chosen(runs_of(path, options.phase), options.only)
    if not runs:
        raise ConfigError(
            f"{path}: no run fits {brief(options.only)}" if options.only else f"{path}: has no runs"
        )
    data, folder = Datasets(options.cache_folder or default_cache(), on_event), ResultFolder(out)
    finished = {run.id for run in runs if folder.is_finished(run, data.digest(run))}
    waiting = [run for run in runs if run.id not in finished]
    on_event(PlanRead(len(runs), len(finished), len(waiting)))
    tally = _Tally(min(len(waiting), len(waiting) if options.limit is None else options.limit), on_event)
    if not options.dry_run and tally.total:
        write_atomically(out / PLAN, path.read_bytes())
        _train(path, waiting[: tally.total], data, folder, options, tally)
        folder.tidy()
    settled = {*tally.trained, *tally.failed}
    left = tuple(run.id for run in waiting if run.id not in settled)
    before = tuple(run.id for run in runs if run.id in finished)
    return GridReport(out, before, tuple(tally.trained), tally.failed, left)


def _train(
    path: Path,
    runs: Sequence[PlannedRun],
    data: Datasets,
    folder: ResultFolder,
    options: GridOptions,
    tally: _Tally,
) -> None:
    for run in runs:  # spectrograms are computed here, once, rather than by every process
        data.prepared(run)
    if options.jobs == 1:
        work(runs, data, folder, tally.record)
        return
    cache_folder = options.cache_folder or default_cache()
    job = Job(path, folder.path, options.phase, cache_folder, tuple(run.id for run in runs))
    train_side_by_side(job, min(options.jobs, len(runs)), tally.record)


class _Tally:
    """Counts runs as they end, and estimates how long the rest will take."""

    def __init__(self, total: int, on_event: OnExperimentEvent) -> None:
        self.total, self._on_event = total, on_event
        self.trained: list[str] = []
        self.failed: dict[str, str] = {}
        self._started = time.monotonic()

    def record(self, event: ExperimentEvent) -> None:
        """Count a run that ended, then pass the event on."""
        match event:
            case RunFailed(run, message):
                self.failed[run] = message
                event = replace(event, progress=self._progress())
            case RunFinished(run):
                self.trained.append(run)
                event = replace(event, progress=self._progress())
        self._on_event(event)

    def _progress(self) -> GridProgress:
        done = len(self.trained) + len(self.failed)
        pace = (time.monotonic() - self._started) / done
        return GridProgress(done, self.total, round(pace * (self.total - done)))
