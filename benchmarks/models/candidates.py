"""The candidates for the next default model: what each is given, learns and weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from moodrec.config import ModelConfig
from moodrec.training.recipe import DataEntry, OptimizerConfig, Recipe
from moodrec.training.tasks import ClassTask, GenreTask, MoodTask, TasksConfig, YearTask

BATCH = 64
ALL = ("mood4q", "emotify", "mirex_mood")
EVERYTHING = (*ALL, "emopia")
ALONE = ("mood4q",)
BOTH = ("musicnn", "mn")
AS_IT_IS = ("musicnn:as-it-is", "mn")
CLASSES = (
    tuple(f"mood4q:q{number}" for number in range(1, 5)),
    tuple(f"emopia:q{number}" for number in range(1, 5)),
    tuple(f"mirex_mood:cluster{number}" for number in range(1, 6)),
)
"""Targets of which a track has one."""
METADATA = 0.003
"""Weight of each metadata task, as in the default model's recipe."""


@dataclass(frozen=True)
class Candidate:
    """A projection and linear heads on frozen trunks."""

    name: str
    trunks: tuple[str, ...]
    """Names in features.py; ``trunk:level`` where it is given tracks at another level than ``level``."""
    level: str = "one"
    data: tuple[str, ...] = ("mood4q", "emotify")
    """What it learns from."""
    asked: tuple[str, ...] = ALL
    """What it is asked about."""
    metadata: bool = True
    softmax: float = 0.0
    """Weight of the cross-entropies over quadrants and over clusters, on top of the other losses."""
    embedding_dim: int = 128
    words: float = 0.3
    """Weight of each word beside a quadrant."""
    axes: float = 1.0
    """Weight of each quadrant and axis."""
    weight_decay: float = 0.05
    dropout: float = 0.3
    seed: int = 0
    excerpts: int = 4
    steps: int = 150
    """Of training, about. With 500, valence loses .015 of its AUC: so many linear weights overfit so few tracks."""
    input_dropout: float = 0.0
    """Dropout on the features of the frozen networks."""
    priors: bool = True
    """Whether heads start from how frequent each target is. Else all targets of a dataset are too likely at first,
    and a network of several datasets learns to tell whose track it is, which spoils the order of its own."""
    by_regression: bool = False
    """Whether moods are said by regressions on the same features, and the network gives the embedding alone."""


@dataclass(frozen=True)
class Baseline:
    """Logistic and ridge regression on the frozen features themselves, a target at a time."""

    name: str
    trunks: tuple[str, ...]
    level: str = "one"
    data: tuple[str, ...] = ALL
    """What it learns from."""
    asked: tuple[str, ...] = ALL
    """What it is asked about."""


_MN = Candidate("mn", ("mn",))
_MUSICNN = Candidate("MusiCNN", ("musicnn",))
_BOTH = Candidate("both", BOTH, embedding_dim=256)

_FOR_NEIGHBOURS: dict[str, Any] = {"data": ALONE, "asked": ALONE, "softmax": 1.0, "by_regression": True}

CANDIDATES = (
    replace(_MN, name="mn, 4Q alone", data=ALONE, asked=ALONE),
    replace(_MN, name="mn, 4Q alone, biases from zero", data=ALONE, asked=ALONE, priors=False),
    replace(_MN, name="mn, 4Q alone, 60 steps", data=ALONE, asked=ALONE, steps=60),
    replace(_MN, name="mn, 4Q alone, 500 steps", data=ALONE, asked=ALONE, steps=500),
    replace(_MN, name="mn, 4Q alone, softmax", data=ALONE, asked=ALONE, softmax=1.0),
    replace(_MN, name="mn, 4Q alone, softmax, 500 steps", data=ALONE, asked=ALONE, softmax=1.0, steps=500),
    replace(
        _MN,
        name="mn, 4Q alone, half the inputs dropped, 500 steps",
        data=ALONE,
        asked=ALONE,
        input_dropout=0.5,
        steps=500,
    ),
    replace(_MN, name="mn, 4Q alone, half the inputs dropped", data=ALONE, asked=ALONE, input_dropout=0.5),
    replace(
        _MN,
        name="mn, 4Q alone, half the inputs dropped, quadrants x 3",
        data=ALONE,
        asked=ALONE,
        input_dropout=0.5,
        axes=3.0,
    ),
    replace(_MN, name="mn, 4Q alone, without metadata", data=ALONE, asked=ALONE, metadata=False),
    replace(_MN, name="mn, 4Q alone, softmax, moods by regression", **_FOR_NEIGHBOURS),
    replace(_MUSICNN, name="MusiCNN, 4Q alone", data=ALONE, asked=ALONE),
    replace(_BOTH, name="both, 4Q alone", data=ALONE, asked=ALONE),
    replace(_BOTH, name="both, 4Q alone, softmax", data=ALONE, asked=ALONE, softmax=1.0),
    replace(
        _BOTH, name="both, 4Q alone, half the inputs dropped", data=ALONE, asked=ALONE, input_dropout=0.5
    ),
    replace(
        _BOTH,
        name="both, 4Q alone, softmax, half the inputs dropped",
        data=ALONE,
        asked=ALONE,
        softmax=1.0,
        input_dropout=0.5,
    ),
    replace(
        _BOTH,
        name="both, 4Q alone, softmax x 3, half the inputs dropped",
        data=ALONE,
        asked=ALONE,
        softmax=3.0,
        input_dropout=0.5,
    ),
    replace(_MUSICNN, name="MusiCNN as it is, 4Q alone", level="as-it-is", data=ALONE, asked=ALONE),
    replace(_BOTH, name="both, MusiCNN as it is, 4Q alone", trunks=AS_IT_IS, data=ALONE, asked=ALONE),
    replace(
        _BOTH,
        name="both, MusiCNN as it is, 4Q alone, softmax",
        trunks=AS_IT_IS,
        data=ALONE,
        asked=ALONE,
        softmax=1.0,
    ),
    replace(
        _BOTH,
        name="both, MusiCNN as it is, 4Q alone, half the inputs dropped",
        trunks=AS_IT_IS,
        data=ALONE,
        asked=ALONE,
        input_dropout=0.5,
    ),
    _MN,
    replace(_MN, name="mn, biases from zero", priors=False),
    replace(_MN, name="mn, half the inputs dropped", input_dropout=0.5),
    replace(_MN, name="mn, MIREX too, half the inputs dropped", data=ALL, input_dropout=0.5),
    replace(_MN, name="mn, MIREX too", data=ALL),
    replace(_MN, name="mn, MIREX too, softmax", data=ALL, softmax=1.0),
    replace(_MN, name="mn, MIREX too, without metadata", data=ALL, metadata=False),
    _MUSICNN,
    replace(_MUSICNN, name="MusiCNN, MIREX too", data=ALL),
    _BOTH,
    replace(_BOTH, name="both, MIREX too", data=ALL),
    replace(_BOTH, name="both, MIREX too, softmax", data=ALL, softmax=1.0),
    replace(_BOTH, name="both, MIREX too, without metadata", data=ALL, metadata=False),
    replace(_MN, name="mn, MIREX and EMOPIA too", data=EVERYTHING, asked=EVERYTHING),
    replace(_BOTH, name="both, MIREX and EMOPIA too", data=EVERYTHING, asked=EVERYTHING),
)
BASELINES = (
    Baseline("regression on mn, 4Q alone", ("mn",), data=ALONE, asked=ALONE),
    Baseline("regression on MusiCNN, 4Q alone", ("musicnn",), data=ALONE, asked=ALONE),
    Baseline("regression on both, 4Q alone", BOTH, data=ALONE, asked=ALONE),
    Baseline("regression on MusiCNN as it is, 4Q alone", ("musicnn",), "as-it-is", ALONE, ALONE),
    Baseline("regression on both, MusiCNN as it is, 4Q alone", AS_IT_IS, "one", ALONE, ALONE),
    Baseline("regression on mn", ("mn",)),
    Baseline("regression on MusiCNN", ("musicnn",)),
    Baseline("regression on both", BOTH),
    Baseline("regression on MusiCNN as it is", ("musicnn",), "as-it-is"),
)
SYSTEMS = {system.name: system for system in (*BASELINES, *CANDIDATES)}


def recipe_of(candidate: Candidate, tracks: int) -> Recipe:
    """How a candidate learns from so many tracks; the network that it names is not the one that is built."""
    weight = METADATA if candidate.metadata else 0.0
    return Recipe(
        name=candidate.name,
        seed=candidate.seed,
        network=ModelConfig(
            backbone="fcn", channels=1, embedding_dim=candidate.embedding_dim, dropout=candidate.dropout
        ),
        tasks=TasksConfig(
            mood=MoodTask(
                target_weights=_weights(candidate),
                exclusive=exclusive_of(candidate.data) if candidate.softmax else (),
                exclusive_weight=candidate.softmax,
            ),
            artist=ClassTask(weight=weight),
            album=ClassTask(weight=weight),
            year=YearTask(weight=weight),
            genre=GenreTask(weight=weight),
        ),
        training=OptimizerConfig(
            epochs=max(1, round(candidate.steps / -(-tracks // BATCH))),
            batch_size=BATCH,
            excerpts=candidate.excerpts,
            learning_rate=3e-3,
            weight_decay=candidate.weight_decay,
            precision="float32",
            threads=1,
        ),
        data=(DataEntry(source="table", root="."),),
    )


def exclusive_of(data: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The groups of targets of which a track has one, as far as a table has them."""
    return tuple(group for group in CLASSES if "emopia" in data or not group[0].startswith("emopia:"))


def _weights(candidate: Candidate) -> dict[str, float]:
    axes = {"mood4q:": candidate.axes, "emopia:": candidate.axes, "mirex_mood:cluster": candidate.axes}
    return axes | {"allmusic:word:": candidate.words, "mood4q:word:": candidate.words}
