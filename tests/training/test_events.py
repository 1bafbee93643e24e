"""Events of a training survive the way through JSON that takes them from process to process."""

from __future__ import annotations

import json

import pytest

from moodrec.training.events import (
    EpochFinished,
    FeaturesReady,
    MoodsRenamed,
    NetworkStarted,
    SpectrogramReady,
    TrainingEvent,
    TrainingResumed,
    TrainingWarning,
    event_document,
    event_from,
)

EVENTS: tuple[TrainingEvent, ...] = (
    SpectrogramReady(3, 9),
    FeaturesReady(1, 8),
    TrainingWarning("few tracks"),
    NetworkStarted("fold-0", 24, {"mood": 2, "artist": 4}, 1, 4),
    TrainingResumed(5),
    EpochFinished(6, 60, 1.25, {"mood": 0.5}),
    EpochFinished(7, 60, 1.25, {"mood": 0.5}, {"mood": 1.0}),
    MoodsRenamed({"Gym ready": "gym_ready"}),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_read_back_as_it_was_written(event: TrainingEvent) -> None:
    assert event_from(json.loads(json.dumps(event_document(event)))) == event


def test_a_document_names_the_event_and_leaves_out_what_is_unknown() -> None:
    assert event_document(EVENTS[5]) == {
        "event": "epoch",
        "epoch": 6,
        "epochs": 60,
        "seconds": 1.25,
        "loss": {"mood": 0.5},
    }
    assert event_document(SpectrogramReady(3, 9)) == {"event": "spectrogram", "done": 3, "total": 9}


def test_other_objects_are_no_events() -> None:
    with pytest.raises(KeyError):
        event_from({"event": "done"})
    with pytest.raises(TypeError):
        event_from({"event": "resumed", "epochs": 3})
