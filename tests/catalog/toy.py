"""A small model that really computes: the spectrum of each window through a fixed random projection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.config import AudioConfig, WindowConfig
from moodrec.errors import SilentAudioError

Floats = NDArray[np.float32]
WINDOWS = WindowConfig(window_s=0.5, max_windows=4)


@dataclass(frozen=True)
class ToyMoods:
    embedding: Floats
    mood_scores: Floats
    probabilities: Floats


@dataclass(frozen=True)
class ToyModel:
    """Equal sounds get equal vectors; ``journal`` gets a line for each track that was analysed."""

    name: str = "toy"
    seed: int = 0
    moods: tuple[str, ...] = ("calm", "happy", "tense")
    embedding_dim: int = 16
    sample_rate: int = 8_000
    windows: WindowConfig = WINDOWS
    journal: Path | None = None

    @property
    def audio(self) -> AudioConfig:
        return AudioConfig(sample_rate=self.sample_rate)

    @property
    def fingerprint(self) -> str:
        return f"{self.name}{self.seed:012x}"

    @property
    def window_samples(self) -> int:
        return round(self.windows.window_s * self.sample_rate)

    def analyze_windows(self, windows: Floats) -> ToyMoods:
        if self.journal is not None:
            with self.journal.open("a") as file:
                file.write("analysed\n")
        if np.sqrt(np.mean(windows**2)) < 10 ** (self.windows.silence_dbfs / 20):
            raise SilentAudioError
        spectrum = np.log1p(np.abs(np.fft.rfft(windows, axis=1)).mean(axis=0))
        weights = np.random.default_rng(self.seed).standard_normal(
            (len(spectrum), self.embedding_dim + len(self.moods))
        )
        values = (spectrum @ weights).astype(np.float32)
        embedding, logits = values[: self.embedding_dim], values[self.embedding_dim :]
        scores = (1 / (1 + np.exp(-logits / 100))).astype(np.float32)
        return ToyMoods(embedding / np.linalg.norm(embedding), scores, scores**2)
