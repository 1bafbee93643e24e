"""What a training run reports while it works: one frozen class for each kind of event.

A caller that is given events matches on their class. Where they leave the process, as a line of JSON, an event is the
object that :func:`event_document` makes: its fields, with the kind of event under the key ``event``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final


@dataclass(frozen=True)
class SpectrogramReady:
    """The spectrogram of one more track is in the cache, or its audio could not be read."""

    done: int
    """Tracks dealt with so far."""
    total: int
    """Tracks of all datasets of the recipe."""


@dataclass(frozen=True)
class FeaturesReady:
    """The frozen trunk's features of one more track are in the cache."""

    done: int
    """Tracks dealt with so far."""
    total: int
    """Tracks whose audio could be read."""


@dataclass(frozen=True)
class TrainingWarning:
    """The run goes on, but its result needs care."""

    message: str
    """One sentence for the user."""


@dataclass(frozen=True)
class MoodsRenamed:
    """Some moods are published under other names than the data give them, since names of moods are snake_case."""

    names: dict[str, str]
    """Name in the data, such as ``Gym ready``, to the name of the mood, ``gym_ready``."""


@dataclass(frozen=True)
class NetworkStarted:
    """The training of one network begins."""

    name: str
    """``final``, or ``fold-0`` and so on: the folder of its log and checkpoints."""
    tracks: int
    """Tracks it learns from."""
    heads: dict[str, int]
    """Number of outputs of each task's head."""
    number: int = 1
    """Its place among the networks of the run, from 1."""
    networks: int = 1
    """Number of the networks of the run."""


@dataclass(frozen=True)
class TrainingResumed:
    """A network was restored from the last checkpoint of an earlier run."""

    epoch: int
    """Epochs that were trained before."""


@dataclass(frozen=True)
class EpochFinished:
    """One more epoch of a network is trained; ``log.jsonl`` holds the same, one line per epoch."""

    epoch: int
    """Epochs trained so far."""
    epochs: int
    """Epochs of the whole run."""
    seconds: float
    """Time that the epoch took."""
    loss: dict[str, float]
    """Mean unweighted loss of each task over the steps of the epoch that had one."""
    weights: dict[str, float] | None = None
    """Current weight of each task where weights are learnt; None where they are fixed."""


TrainingEvent = (
    SpectrogramReady
    | FeaturesReady
    | TrainingWarning
    | MoodsRenamed
    | NetworkStarted
    | TrainingResumed
    | EpochFinished
)
OnEvent = Callable[[TrainingEvent], None]
"""Receives every event, in the thread that trains."""

_KINDS: Final[dict[str, type[TrainingEvent]]] = {
    "spectrogram": SpectrogramReady,
    "features": FeaturesReady,
    "warning": TrainingWarning,
    "renamed": MoodsRenamed,
    "network": NetworkStarted,
    "resumed": TrainingResumed,
    "epoch": EpochFinished,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def event_document(event: TrainingEvent) -> dict[str, Any]:
    """An event as a JSON object: ``{"event": "epoch", "epoch": 3, ...}``; fields that are None are left out."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    return {
        "event": _NAMES[type(event)],
        **{name: value for name, value in values.items() if value is not None},
    }


def event_from(document: Mapping[str, Any]) -> TrainingEvent:
    """The event that :func:`event_document` made a JSON object of.

    Raises:
        KeyError: the object is no event, or of an unknown kind.
        TypeError: a field is missing or unknown.
    """
    values = dict(document)
    kind = _KINDS[values.pop("event")]
    return kind(**values)
