"""What was tried for the default model: settings of its recipe, and things that no recipe can say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from moodrec.training.recipe import Recipe

Hears = Literal["all windows", "some windows", "some windows at one level"]


@dataclass(frozen=True)
class Trial:
    """One way to train the default model."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    """Dotted names of recipe fields to what they are here."""
    softmax: float = 0.0
    """Weight of a cross-entropy over the four quadrants, on top of the recipe's losses."""
    hears: Hears = "all windows"
    """Of a track: see benchmarks/models/trials/windows.py."""
    against: str = "as it is"
    """The trial that this one is compared with."""


@dataclass(frozen=True)
class Joint:
    """Several trials' networks side by side: embeddings one after another, logits averaged."""

    name: str
    members: tuple[str, ...]
    words_of: str | None = None
    """The member whose logits of the mood words count alone, the others' being left to the rest."""
    against: str = "as it is"


WEIGHTS = "tasks.mood.target_weights"
AXES = ("mood4q:q", "mood4q:valence", "mood4q:arousal")
METADATA = ("artist", "album", "year", "genre")


def quadrants_count(times: float, words: float) -> dict[str, Any]:
    """Quadrants and axes weigh so many times as much as they do, words so much."""
    return {WEIGHTS: {"mood4q:word:": words, **dict.fromkeys(AXES, times)}}


def metadata_weighs(weight: float) -> dict[str, Any]:
    """Every metadata task has this weight."""
    return {f"tasks.{task}.weight": weight for task in METADATA}


AS_IT_IS = "as it is"
AGAIN = "as it is, another seed"
SOFTMAX = "a softmax over the quadrants on top"
QUADRANTS = "quadrants and axes x 3, words x 1/3"

TRIALS = (
    Trial(AS_IT_IS),
    Trial(AGAIN, {"seed": 1}),
    Trial("half the windows", hears="some windows"),
    Trial(
        "half the windows, every track at one level",
        hears="some windows at one level",
        against="half the windows",
    ),
    Trial(QUADRANTS, quadrants_count(3.0, 0.1)),
    Trial("without metadata", metadata_weighs(0.0)),
    Trial("quadrants and axes x 2", quadrants_count(2.0, 0.3)),
    Trial("words x 3", {WEIGHTS: {"mood4q:word:": 1.0}}),
    Trial("metadata x 10", metadata_weighs(0.03)),
    Trial(SOFTMAX, softmax=1.0),
    Trial("dense layer at the full learning rate", {"warm_start.learning_rate_scale": 1.0}),
    Trial("half the epochs", {"training.epochs": 40}),
    Trial("dropout .5 on the embedding", {"network.dropout": 0.5}),
    Trial("weight decay x 10", {"training.weight_decay": 0.5}),
    Trial("label smoothing .1", {"label_smoothing": 0.1}),
)

JOINTS = (
    Joint("two seeds side by side", (AS_IT_IS, AGAIN)),
    Joint("two specialists: words; quadrants", (AS_IT_IS, QUADRANTS), words_of=AS_IT_IS),
    Joint("two specialists: words; quadrants by softmax", (AS_IT_IS, SOFTMAX), words_of=AS_IT_IS),
)


def changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """The recipe with other values of some fields, given by dotted names."""
    fields = recipe.model_dump()
    for path, value in changes.items():
        *tables, name = path.split(".")
        place = fields
        for table in tables:
            place = place[table]
        if name not in place:
            raise KeyError(path)
        place[name] = value
    return Recipe.model_validate(fields)
