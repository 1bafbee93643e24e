"""Events of an experiment keep the form that ``moodrec experiment --json`` documents."""

from __future__ import annotations

import json

import pytest

from moodrec.evaluation.experiment.events import (
    ExperimentEvent,
    GridProgress,
    PlanRead,
    RunFailed,
    RunFinished,
    RunProgress,
    event_document,
    event_from,
)
from moodrec.training.events import EpochFinished, SpectrogramReady

RUN = "mood4q/fcn/mood/seed-0"


@pytest.mark.parametrize(
    "event",
    [
        RunProgress(RUN, EpochFinished(1, 2, 0.5, {"mood": 0.7})),
        RunFinished(RUN, 4.5, {"ap": 0.25}),
        RunFailed(RUN, "the training diverged"),
    ],
)
def test_what_a_training_process_writes_is_read_back(event: ExperimentEvent) -> None:
    assert event_from(json.loads(json.dumps(event_document(event)))) == event


def test_documents() -> None:
    progress = GridProgress(1, 2, 60)
    assert event_document(PlanRead(8, 2, 6)) == {"event": "plan", "runs": 8, "finished": 2, "to_train": 6}
    assert event_document(SpectrogramReady(1, 9)) == {"event": "spectrogram", "done": 1, "total": 9}
    assert event_document(RunFinished(RUN, 4.5, {"ap": 0.25}, progress)) == {
        "event": "run",
        "run": RUN,
        "seconds": 4.5,
        "scores": {"ap": 0.25},
        "done": 1,
        "total": 2,
        "eta_s": 60,
    }
    assert event_document(RunFailed(RUN, "why", progress)) == {
        "event": "failed",
        "run": RUN,
        "message": "why",
        "done": 1,
        "total": 2,
        "eta_s": 60,
    }
    assert event_document(RunProgress(RUN, EpochFinished(1, 2, 0.5, {})))["run"] == RUN
