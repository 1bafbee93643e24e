"""Each task that the network learns has one table of settings."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from moodrec.config import Config, Fraction, Positive, without_later
from moodrec.model.spec import Odds

Weight = Annotated[float, Field(ge=0)]

_LATER_MOOD_FIELDS: Final = (
    "from_base_rates",
    "exclusive",
    "exclusive_weight",
    "odds",
    "regression",
    "neighbours",
)


class RegressionConfig(Config):
    """Logistic regressions on the backbone's features, which take their share in the mood head after training."""

    penalties: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]
    """Beginnings of target names to the penalty on the squared weights of the standardised features (the longest
    beginning wins); with a few hundred tracks, 100 to 1000 do well. Other targets are told by the network alone."""
    share: Fraction | dict[str, Fraction] = 0.5
    """Share of the regressions in the logits; the rest is the network's. One number, or beginnings of target names to
    one (the longest beginning wins; 0.5 where none fits)."""
    correlation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How much the weights of targets whose labels go together are drawn together; 0 fits each by itself. Rare words
    gain from frequent ones of the same mood (``moodrec.training.regression.fit_logistic``)."""

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(self, written(self), ("correlation",))


class NeighboursConfig(Config):
    """Neighbours are made more alike in some moods: the inner product of embeddings is that of the logits, to a part.

    It is done after training (``moodrec.training.mood_metric``); logits stay what they are.
    """

    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    """Targets whose logits count."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the logits in the mean squared distance between training tracks. With more, neighbours are more alike
    in these moods and less in everything else."""


class MoodTask(Config):
    """Settings of the mood head: multi-label, one sigmoid per target.

    Targets are tags (0 or 1) or soft rates in [0, 1], such as the share of listeners in whom a track induced a
    mood; both are learnt as probabilities, by cross-entropy.
    """

    weight: Weight = 1.0
    """Weight of its loss in the sum; 0 leaves the head out."""
    target_weights: dict[str, Weight] = Field(default_factory=dict)
    """Relative weight of the targets whose name starts with a prefix (longest prefix wins); 1 by default."""
    from_base_rates: bool = False
    """Whether the head's biases start from how frequent each target is. From zero, all targets of a dataset are too
    likely at first, and a network of several datasets learns to tell whose track it is, which spoils the order of its
    own."""
    exclusive: tuple[tuple[str, ...], ...] = ()
    """Groups of targets of which a track has one. Softmax cross-entropies over them are added to the mood loss."""
    exclusive_weight: Weight = 1.0
    """Weight of these cross-entropies."""
    odds: dict[str, Odds] = Field(default={})
    """Targets that are told by the odds of exclusive ones instead of by their own logit: valence by the quadrants.
    They are learnt all the same."""
    regression: RegressionConfig | None = None
    """Regressions that the mood head takes into account; it reads the backbone's features then."""
    neighbours: NeighboursConfig | None = None
    """Moods in which neighbours are to be more alike."""

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(self, written(self), _LATER_MOOD_FIELDS)


class ClassTask(Config):
    """Settings of the artist or album task, over the classes with enough tracks."""

    kind: Literal["softmax", "cosine", "contrastive"] = "softmax"
    """``softmax``: a linear classifier. ``cosine``: one direction per class, told apart with a margin (CosFace,
    Wang et al. 2018, arXiv 1801.09414). ``contrastive``: no head; tracks of one class are drawn together in the
    embedding and the others pushed away (Khosla et al. 2020, arXiv 2004.11362). For it, each track of the pass adds
    another one of its class to the step.
    """
    weight: Weight = 0.1
    """Weight of its loss in the sum; 0 leaves the task out."""
    min_count: Positive = 2
    """A class with fewer tracks than this is unknown."""
    scale: Annotated[float, Field(gt=0)] = 16.0
    """``cosine``: factor of the cosines before the softmax; more classes need a greater one."""
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """``cosine``: by how much, as a cosine, the right class must be nearer than any other."""
    temperature: Annotated[float, Field(gt=0)] = 0.1
    """``contrastive``: divisor of the cosines; a lower one makes the loss depend on the nearest tracks alone."""


class YearTask(Config):
    """Settings of the year head, over ranges that hold about equally many tracks."""

    kind: Literal["classes", "ordinal"] = "classes"
    """``classes``: a softmax over the ranges. ``ordinal``: one sigmoid for each edge between two ranges, "is it
    later than this?", so that a neighbouring range is a smaller mistake than a distant one (Frank & Hall 2001;
    CORAL, Cao et al. 2020, arXiv 1901.07884, shares the weights of the sigmoids, which is not done here).
    """
    weight: Weight = 0.1
    """Weight of its loss in the sum; 0 leaves the head out."""
    bins: Annotated[int, Field(ge=2)] = 5
    """Number of ranges."""


class GenreTask(Config):
    """Settings of the genre head: one sigmoid per genre; genres of a dataset are unknown, not absent, in the
    others.
    """

    weight: Weight = 0.1
    """Weight of its loss in the sum; 0 leaves the head out."""
    min_count: Positive = 5
    """Genres with fewer tracks than this are left out."""


class TasksConfig(Config):
    """Which tasks the network learns, and how their losses are joined."""

    weighting: Literal["fixed", "uncertainty", "gradnorm"] = "fixed"
    """``fixed``: the weights of the tasks. ``uncertainty`` (Kendall, Gal & Cipolla 2018, arXiv 1705.07115) and
    ``gradnorm`` (Chen et al. 2018, arXiv 1711.02257) start from these weights and learn better ones."""
    gradnorm_alpha: Annotated[float, Field(ge=0)] = 1.5
    """``gradnorm``: how strongly tasks that learn slowly are favoured; 0 gives all tasks equal gradients."""
    mood: MoodTask = MoodTask()
    artist: ClassTask = ClassTask()
    album: ClassTask = ClassTask()
    year: YearTask = YearTask()
    genre: GenreTask = GenreTask()

    def weight(self, task: str) -> float:
        """Give the fixed weight of a task."""
        return float(getattr(self, task).weight)

    def class_task(self, task: str) -> ClassTask:
        """Give the settings of ``artist`` or ``album``."""
        return {"artist": self.artist, "album": self.album}[task]
