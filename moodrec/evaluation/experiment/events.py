"""What an experiment reports while it works: one frozen class for each kind of event.

The training processes write their events as lines of JSON, which :func:`event_document` and :func:`event_from`
define; ``moodrec experiment --json`` prints the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moodrec.training import events as training
from moodrec.training.events import FeaturesReady, SpectrogramReady, TrainingEvent


@dataclass(frozen=True)
class PlanRead:
    """The plan is expanded to runs, and the finished ones are known."""

    runs: int
    """Runs of the plan that were chosen."""
    finished: int
    """Runs whose result is there already."""
    to_train: int
    """Runs without a result."""


@dataclass(frozen=True)
class GridProgress:
    """How far the runs of this call are."""

    done: int
    """Runs that are finished or failed."""
    total: int
    """Runs that this call trains."""
    eta_s: int
    """Estimated seconds until the last one ends, from the pace so far."""


@dataclass(frozen=True)
class RunProgress:
    """A run that is being trained reports something."""

    run: str
    """Id of the run."""
    event: TrainingEvent


@dataclass(frozen=True)
class RunFinished:
    """A run is trained and scored, and its result is in the folder."""

    run: str
    """Id of the run."""
    seconds: float
    """Training time."""
    scores: dict[str, float]
    """Figures of the mood head, as in :class:`moodrec.evaluation.experiment.figures.MoodFigures`."""
    progress: GridProgress | None = None
    """Filled in by the process that counts the runs."""


@dataclass(frozen=True)
class RunFailed:
    """A run ended in an error; the others go on."""

    run: str
    """Id of the run."""
    message: str
    """The error, for the user."""
    progress: GridProgress | None = None
    """Filled in by the process that counts the runs."""


ExperimentEvent = PlanRead | RunProgress | RunFinished | RunFailed | SpectrogramReady | FeaturesReady
OnExperimentEvent = Callable[[ExperimentEvent], None]
"""Receives every event, in the thread of the caller."""


def event_document(event: ExperimentEvent) -> dict[str, Any]:
    """An event as a JSON object, with its kind under ``event``: ``plan``, ``run``, ``failed``, or that of a training.

    Events of a training also hold the id of the run under ``run``; ``done``, ``total`` and ``eta_s`` stand beside the
    other fields.
    """
    match event:
        case PlanRead():
            return {"event": "plan", **asdict(event)}
        case RunProgress(run, inner):
            return {**training.event_document(inner), "run": run}
        case RunFinished() | RunFailed():
            values = asdict(event)
            progress = values.pop("progress") or {}
            return {"event": "run" if isinstance(event, RunFinished) else "failed", **values, **progress}
        case SpectrogramReady() | FeaturesReady():
            return training.event_document(event)


def event_from(document: Mapping[str, Any]) -> ExperimentEvent:
    """The event of a run that a training process wrote as :func:`event_document`.

    Raises:
        KeyError: the object is no event of a run.
        TypeError: a field is missing or unknown.
    """
    values = dict(document)
    match values["event"]:
        case "run":
            return RunFinished(values["run"], values["seconds"], values["scores"])
        case "failed":
            return RunFailed(values["run"], values["message"])
    return RunProgress(values.pop("run"), training.event_from(values))
