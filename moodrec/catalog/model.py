"""These protocols state what an analysis needs of a model; :class:`moodrec.embedding.mood_model.MoodModel` has it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.catalog.decoding import DecodeSettings
from moodrec.config import AudioConfig, DecodeLimits, WindowConfig
from moodrec.library.records import ModelRecord
from moodrec.model.context.model import ContextModel


class Moods(Protocol):
    """What a model computes of one track."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """Give the embedding (embedding_dim,), of unit length."""

    @property
    def mood_scores(self) -> NDArray[np.float32]:
        """Give the mood scores (moods,) in [0, 1]."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Give the calibrated probabilities (moods,) in [0, 1]."""


class AnalysisModel(Protocol):
    """A model that analyses tracks window by window."""

    @property
    def fingerprint(self) -> str:
        """Give the identity of the weights and settings."""

    @property
    def name(self) -> str:
        """Give the model's name, for people."""

    @property
    def moods(self) -> tuple[str, ...]:
        """Give the names of the moods."""

    @property
    def embedding_dim(self) -> int:
        """Give the length of an embedding."""

    @property
    def audio(self) -> AudioConfig:
        """From a file's samples to the spectrogram."""

    @property
    def sample_rate(self) -> int:
        """Give the sample rate of the windows, in Hz."""

    @property
    def windows(self) -> WindowConfig:
        """Give the rule by which a track is cut into windows."""

    @property
    def window_samples(self) -> int:
        """Give the number of samples in a window."""

    def analyze_windows(self, windows: NDArray[np.float32], /) -> Moods:
        """Analyse one track, given as (n, window_samples).

        Raises:
            SilentAudioError: all windows are silent.
        """


def record_of(model: AnalysisModel) -> ModelRecord:
    """Make the record of a model that a library stores; a model without an attribute ``context`` has none."""
    context: ContextModel | None = getattr(model, "context", None)
    return ModelRecord(
        model.fingerprint,
        model.name,
        tuple(model.moods),
        model.embedding_dim,
        context=None if context is None else context.model_dump_json(),
    )


def settings_for(model: AnalysisModel, limits: DecodeLimits | None = None) -> DecodeSettings:
    """Make the settings by which files are decoded and cut for a model.

    Args:
        model: the model.
        limits: what decoding one file may cost; by default those of :class:`moodrec.config.DecodeLimits`.
    """
    return DecodeSettings(
        sample_rate=model.sample_rate,
        window_samples=model.window_samples,
        max_windows=model.windows.max_windows,
        loudness_lufs=model.audio.loudness_lufs,
        quiet_lu=model.audio.quiet_lu,
        limits=limits or DecodeLimits(),
    )
