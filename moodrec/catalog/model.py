"""What analysing needs of a model; :class:`moodrec.embedding.mood_model.MoodModel` has it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.catalog.listening import ListenSettings
from moodrec.config import AudioConfig, DecodeLimits, WindowConfig
from moodrec.library.records import ModelRecord


class Moods(Protocol):
    """What a model hears in one track."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """(embedding_dim,), unit length."""

    @property
    def mood_scores(self) -> NDArray[np.float32]:
        """(moods,) in [0, 1]."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(moods,) in [0, 1]."""


class ListeningModel(Protocol):
    """A model that hears tracks window by window."""

    @property
    def fingerprint(self) -> str:
        """Identity of the weights and settings."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def moods(self) -> tuple[str, ...]:
        """Names of the moods."""

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""

    @property
    def audio(self) -> AudioConfig:
        """From a file's samples to the spectrogram."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def windows(self) -> WindowConfig:
        """Which parts of a track are heard."""

    @property
    def window_samples(self) -> int:
        """Samples in a window."""

    def analyze_windows(self, windows: NDArray[np.float32], /) -> Moods:
        """Hear one track, ``(n, window_samples)``; raises SilentAudioError where there is nothing to hear."""


def record_of(model: ListeningModel) -> ModelRecord:
    """What a library remembers of a model."""
    return ModelRecord(model.fingerprint, model.name, tuple(model.moods), model.embedding_dim)


def settings_for(model: ListeningModel, limits: DecodeLimits | None = None) -> ListenSettings:
    """How files are decoded and cut for a model."""
    return ListenSettings(
        sample_rate=model.sample_rate,
        window_samples=model.window_samples,
        max_windows=model.windows.max_windows,
        loudness_lufs=model.audio.loudness_lufs,
        quiet_lu=model.audio.quiet_lu,
        limits=limits or DecodeLimits(),
    )
