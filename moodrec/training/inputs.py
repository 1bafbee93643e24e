"""What a network is given of a track: excerpts of its spectrogram, or the features of a frozen trunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.model.network import MoodNetwork, NetworkOutput
from moodrec.model.stored_mel import log_mel_windows, window_frames
from moodrec.training.augment import SpecAugment
from moodrec.training.cache import LoadLogMel
from moodrec.training.recipe import Recipe
from moodrec.training.sampling import Draws, drawn_places, excerpts

LoadFeatures = Callable[[], NDArray[np.float32]]
"""Gives the features of a track's windows, (windows, features) float32."""


class NetworkInputs(Protocol):
    """Feeds a network with tracks, by their rows."""

    def __len__(self) -> int:
        """Number of tracks."""

    def sample(self, draws: Draws) -> Tensor:
        """Random parts of some tracks, augmented: ``training.excerpts`` of each, next to each other."""

    def whole(self, row: int) -> Tensor:
        """All windows of a track, by the rule that the model uses on files."""

    def forward(self, network: MoodNetwork, inputs: Tensor) -> NetworkOutput:
        """What the network makes of ``sample``."""

    def embed(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        """(n, embedding_dim), not normalised, of ``sample`` or ``whole``."""


@dataclass(frozen=True)
class Spectrograms:
    """The network hears log-mel spectrograms; training masks stretches and bands of them (SpecAugment)."""

    log_mels: Sequence[LoadLogMel]
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.log_mels)

    def sample(self, draws: Draws) -> Tensor:
        count, seed = self.recipe.training.excerpts, self.recipe.seed
        frames = window_frames(self.recipe.audio, self.recipe.windows)
        parts = excerpts(self.log_mels, draws, frames, count, seed)
        log_mel: Tensor = SpecAugment(self.recipe.augment)(torch.from_numpy(parts))
        return log_mel

    def whole(self, row: int) -> Tensor:
        return whole_track(self.log_mels[row](), self.recipe)

    def forward(self, network: MoodNetwork, inputs: Tensor) -> NetworkOutput:
        output: NetworkOutput = network(inputs)
        return output

    def embed(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        return network.embed(inputs)


@dataclass(frozen=True)
class FrozenFeatures:
    """The trunk is not trained, so its features of every window are computed once; nothing is augmented."""

    features: Sequence[LoadFeatures]
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.features)

    def sample(self, draws: Draws) -> Tensor:
        count, seed = self.recipe.training.excerpts, self.recipe.seed
        parts = []
        for row, own in zip(draws.rows, draws.seeds, strict=True):
            windows = self.features[row]()
            parts += [windows[int(place * len(windows))] for place in drawn_places(seed, own, count)]
        return torch.from_numpy(np.stack(parts))

    def whole(self, row: int) -> Tensor:
        return torch.from_numpy(self.features[row]())

    def forward(self, network: MoodNetwork, inputs: Tensor) -> NetworkOutput:
        return network.read(network.backbone.neck(inputs))

    def embed(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        return network.summarize(network.backbone.neck(inputs))


def whole_track(log_mel: NDArray[np.float16], recipe: Recipe) -> Tensor:
    """(windows, n_mels, frames) float32 spread over a whole track."""
    return torch.from_numpy(log_mel_windows(log_mel, recipe.audio, recipe.windows))
