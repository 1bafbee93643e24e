"""A model's description says what its weights mean."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import (
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from moodrec.config import AudioConfig, Config, ModelConfig, WindowConfig, without_later
from moodrec.schema import is_mood_name

MOOD_TASK: Final = "mood"
"""Name of the task whose head predicts moods."""
_MOST_SAMPLES: Final = 1 << 24
_MOST_NUMBERS: Final = 1 << 28
"""Samples of a window, and numbers of its spectrum or of the first map of the network, at most."""


HeadKind = Literal["multi_label", "classes", "ordinal", "cosine"]


Targets = Annotated[tuple[str, ...], Field(min_length=1)]


class Odds(Config):
    """Exclusive targets whose odds tell another target (:mod:`moodrec.model.odds`)."""

    of: Targets
    """The target is there where one of these is."""
    against: Targets
    """It is not there where one of these is."""


class HeadSpec(Config):
    """The kind of one task's head, and its outputs."""

    kind: HeadKind
    """``multi_label``: one sigmoid per label, soft targets allowed. ``classes``: one softmax. ``ordinal``: a
    sigmoid for each edge of a scale, "above it?", edges rising. ``cosine``: the cosine to each class's direction.
    """
    labels: tuple[str, ...]
    """The meaning of each output, in order."""
    odds: dict[str, Odds] = Field(default={})
    """Labels that are told by the odds of others instead of by their own logit."""

    @model_validator(mode="after")
    def _odds_are_of_labels(self) -> HeadSpec:
        for name, odds in self.odds.items():
            if unknown := sorted({name, *odds.of, *odds.against} - set(self.labels)):
                raise ValueError(f"odds of {name}: there is no {', '.join(unknown)}")
            if told := sorted({*odds.of, *odds.against} & set(self.odds)):
                raise ValueError(f"odds of {name}: {', '.join(told)} is told by odds itself")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(self, written(self), ("odds",))


class PublishedMood(Config):
    """A mood that users see: an everyday name for one or more training targets."""

    description: str
    """One sentence: what a high score means and what it was learnt from."""
    targets: Targets
    """Namespaced training targets (``emotify:calmness``); their logits are averaged."""


class MoodScale(Config):
    """How a mood's logit becomes its probability and its score."""

    slope: FiniteFloat = 1.0
    """Factor of Platt scaling: ``probability = sigmoid(slope * logit + intercept)``."""
    intercept: FiniteFloat = 0.0
    """Offset of Platt scaling."""
    quantiles: Annotated[tuple[FiniteFloat, ...], Field(min_length=2)]
    """Evenly spaced quantiles, lowest to highest, of the probability over the reference set; the mood score is the
    percentile read from them.
    """

    @field_validator("quantiles")
    @classmethod
    def _never_fall(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if any(later < earlier for earlier, later in pairwise(quantiles)):
            raise ValueError("quantiles must not fall")
        return quantiles


class MoodQuality(Config):
    """How well a mood is told of tracks that the model was not trained on."""

    tracks: int
    """Tracks with a known label."""
    prevalence: float
    """Share of them that have the mood; of soft labels, the third with the highest counts as having it."""
    average_precision: float
    """Area under the precision-recall steps; a random order has about the prevalence."""
    low: float
    """Lower end of its 95 % interval, from a bootstrap over artists."""
    high: float
    """Upper end of its 95 % interval."""
    calibration_error: float
    """Mean distance between the probability and the share of tracks that have the mood, in ten bins."""


class ModelSpec(Config):
    """The JSON part of a checkpoint."""

    format: Literal[1] = 1
    name: str
    audio: AudioConfig
    windows: WindowConfig
    network: ModelConfig
    heads: dict[str, HeadSpec]
    moods: dict[str, PublishedMood]
    scales: dict[str, MoodScale]
    calibrated_on: str
    """A sentence on which predictions the scales were fitted on."""
    terms: str = ""
    """The terms under which the weights may be used, in one line."""
    quality: dict[str, MoodQuality] = Field(default_factory=dict)
    """How well each mood is told, where predictions out of fold say it."""
    provenance: dict[str, str] = Field(default_factory=dict)
    """Recipe, data, seed and versions that the model was made with."""

    @field_validator("moods")
    @classmethod
    def _names_are_usable(cls, moods: dict[str, PublishedMood]) -> dict[str, PublishedMood]:
        for name in moods:
            if not is_mood_name(name):
                raise ValueError(f"mood name {name!r} must be snake_case and not a track column")
        return moods

    @model_validator(mode="after")
    def _moods_have_targets_and_scales(self) -> ModelSpec:
        for name, mood in self.moods.items():
            if not set(mood.targets) <= set(self.targets):
                raise ValueError(f"mood {name} is made of targets that the mood head does not have")
            if self.scales and name not in self.scales:
                raise ValueError(f"mood {name} has no scale")
        return self

    @model_validator(mode="after")
    def _a_window_can_be_computed(self) -> ModelSpec:
        """Refuse sizes that each are possible, and together would take a machine's memory."""
        audio, samples = self.audio, round(self.windows.window_s * self.audio.sample_rate)
        frames = 1 + samples // audio.hop_length
        if audio.mel != "none" and samples <= audio.n_fft // 2:
            raise ValueError("a window is shorter than half of n_fft")
        spectrum = 0 if audio.mel == "none" else frames * (audio.n_fft // 2 + 1)
        if (
            samples > _MOST_SAMPLES
            or max(spectrum, frames * audio.n_mels * self.network.channels) > _MOST_NUMBERS
        ):
            raise ValueError("a window is too long to be analysed at once")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """Give the mood head's training targets, in order."""
        return self.heads[MOOD_TASK].labels if MOOD_TASK in self.heads else ()

    @property
    def window_samples(self) -> int:
        """Give the number of samples in a window."""
        return round(self.windows.window_s * self.audio.sample_rate)
