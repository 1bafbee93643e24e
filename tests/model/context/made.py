"""Made-up libraries whose moods follow genres, artists and albums as far as a test says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.model.context.fit import FitData
from moodrec.model.context.tracks import TrackContext

Floats = NDArray[np.float64]
GENRES = ("rock", "jazz", "ambient", "hip_hop")


@dataclass(frozen=True)
class Made:
    """A library."""

    logits: Floats
    labels: Floats
    artists: list[str]
    albums: list[str]
    genres: list[list[str]]
    years: Floats
    folds: NDArray[np.int64]

    @property
    def tracks(self) -> TrackContext:
        return TrackContext.of(self.artists, self.albums, self.genres, self.years)

    @property
    def data(self) -> FitData:
        return FitData(self.logits, self.labels, self.tracks)


def library(
    seed: int = 0,
    artists: int = 60,
    moods: int = 3,
    genre: float = 0.0,
    artist: float = 0.0,
    noise: float = 1.5,
) -> Made:
    """Two albums of three tracks an artist; ``genre`` and ``artist`` are the spreads of their effects on moods."""
    rng = np.random.default_rng(seed)
    genre_of = rng.integers(len(GENRES), size=artists)
    effects = genre * rng.standard_normal((len(GENRES), moods))
    artist_effects = effects[genre_of] + artist * rng.standard_normal((artists, moods))
    owner = np.repeat(np.arange(artists), 6)
    truth = rng.standard_normal((len(owner), moods)) + artist_effects[owner]
    labels = (rng.random(truth.shape) < 1 / (1 + np.exp(-(2 * truth - 1)))).astype(np.float64)
    logits = truth + noise * rng.standard_normal(truth.shape)
    return Made(
        logits,
        labels,
        [f"artist {i}" for i in owner],
        [f"album {i % 6 // 3}" for i in range(len(owner))],
        [[GENRES[genre_of[i]]] for i in owner],
        rng.integers(1960, 2020, len(owner)).astype(np.float64),
        owner % 5,
    )
