"""The candidates for the next default model: what each is given, learns and weighs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moodrec.config import ModelConfig
from moodrec.training.recipe import DataEntry, OptimizerConfig, Recipe
from moodrec.training.tasks import ClassTask, GenreTask, MoodTask, TasksConfig, YearTask

STEPS = 800
"""Of training, about: for the default model's recipe half its epochs were as good as all."""
BATCH = 64
METADATA = 0.003
"""Weight of each metadata task, as in the default model's recipe."""


@dataclass(frozen=True)
class Candidate:
    """A projection and linear heads on frozen trunks."""

    name: str
    trunks: tuple[str, ...]
    level: str = "one"
    data: tuple[str, ...] = ("mood4q", "emotify")
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


@dataclass(frozen=True)
class Baseline:
    """Logistic and ridge regression on the frozen features themselves, a target at a time."""

    name: str
    trunks: tuple[str, ...]
    level: str = "one"
    data: tuple[str, ...] = ("mood4q", "emotify")


ALL = ("mood4q", "emotify", "mirex_mood")
EVERYTHING = (*ALL, "emopia")
BOTH = ("musicnn", "mn")

_MN = Candidate("mn", ("mn",))
_MUSICNN = Candidate("MusiCNN", ("musicnn",))
_BOTH = Candidate("both", BOTH, embedding_dim=256)

CANDIDATES = (
    _MN,
    replace(_MN, name="mn, MIREX too", data=ALL),
    replace(_MN, name="mn, MIREX too, softmax", data=ALL, softmax=1.0),
    replace(_MN, name="mn, MIREX too, softmax, no metadata", data=ALL, softmax=1.0, metadata=False),
    _MUSICNN,
    replace(_MUSICNN, name="MusiCNN, MIREX too, softmax", data=ALL, softmax=1.0),
    _BOTH,
    replace(_BOTH, name="both, MIREX too", data=ALL),
    replace(_BOTH, name="both, MIREX too, softmax", data=ALL, softmax=1.0),
    replace(_BOTH, name="both, MIREX too, softmax, no metadata", data=ALL, softmax=1.0, metadata=False),
    replace(_BOTH, name="both, softmax", softmax=1.0),
    replace(_BOTH, name="both, MIREX and EMOPIA too, softmax", data=EVERYTHING, softmax=1.0),
    replace(_MN, name="mn, MIREX and EMOPIA too, softmax", data=EVERYTHING, softmax=1.0),
)
BASELINES = (
    Baseline("regression on mn", ("mn",), data=ALL),
    Baseline("regression on MusiCNN", ("musicnn",), data=ALL),
    Baseline("regression on both", BOTH, data=ALL),
    Baseline("regression on MusiCNN as it is", ("musicnn",), "as-it-is", ALL),
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
            mood=MoodTask(target_weights=_weights(candidate)),
            artist=ClassTask(weight=weight),
            album=ClassTask(weight=weight),
            year=YearTask(weight=weight),
            genre=GenreTask(weight=weight),
        ),
        training=OptimizerConfig(
            epochs=max(1, round(STEPS / -(-tracks // BATCH))),
            batch_size=BATCH,
            excerpts=candidate.excerpts,
            learning_rate=3e-3,
            weight_decay=candidate.weight_decay,
            precision="float32",
            threads=1,
        ),
        data=(DataEntry(source="table", root="."),),
    )


def _weights(candidate: Candidate) -> dict[str, float]:
    axes = {"mood4q:": candidate.axes, "emopia:": candidate.axes, "mirex_mood:cluster": candidate.axes}
    return axes | {"allmusic:word:": candidate.words, "mood4q:word:": candidate.words}
