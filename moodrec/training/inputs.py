"""A network is trained on excerpts of spectrograms, or on the features of a frozen trunk."""

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
"""Loads the features of a track's windows, (windows, features) float32."""


class NetworkInputs(Protocol):
    """Turns tracks, named by their rows, into inputs of a network."""

    def __len__(self) -> int:
        """Give the number of tracks."""

    def sample(self, draws: Draws) -> Tensor:
        """Draw random parts of some tracks, augmented: ``training.excerpts`` of each, next to each other."""

    def whole(self, row: int) -> Tensor:
        """Load all windows of a track, chosen by the rule that the model uses on files."""

    def forward(self, network: MoodNetwork, inputs: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        """Run the network on the result of ``sample``.

        Args:
            network: the network.
            inputs: what ``sample`` returned, on the network's device.
            metadata: what is known of the same tracks beside their audio; None where nothing is.
        """

    def of_backbone(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        """Compute the backbone's features, (n, features), of the result of ``sample`` or ``whole``.

        Args:
            network: the network.
            inputs: what ``sample`` or ``whole`` returned, on the network's device.
        """


@dataclass(frozen=True)
class Spectrograms:
    """The network's inputs are log-mel spectrograms; in training, stretches and bands of them are masked
    (SpecAugment).
    """

    log_mels: Sequence[LoadLogMel]
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.log_mels)

    def sample(self, draws: Draws) -> Tensor:
        count, seed = self.recipe.training.excerpts, self.recipe.seed
        frames = window_frames(self.recipe.audio, self.recipe.windows)
        parts = torch.from_numpy(excerpts(self.log_mels, draws, frames, count, seed))
        if self.recipe.audio.mel == "none":  # samples have no bands to mask
            return parts
        log_mel: Tensor = SpecAugment(self.recipe.augment)(parts)
        return log_mel

    def whole(self, row: int) -> Tensor:
        return whole_track(self.log_mels[row](), self.recipe)

    def forward(self, network: MoodNetwork, inputs: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        output: NetworkOutput = network(inputs, metadata)
        return output

    def of_backbone(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        found: Tensor = network.backbone(inputs)
        return found


@dataclass(frozen=True)
class FrozenFeatures:
    """The network's inputs are features of a frozen trunk, computed once for every window; nothing is augmented."""

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

    def forward(self, network: MoodNetwork, inputs: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        return network.read(network.backbone.neck(inputs), metadata)

    def of_backbone(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        return network.backbone.neck(inputs)


def whole_track(log_mel: NDArray[np.float16], recipe: Recipe) -> Tensor:
    """Cut a spectrogram (n_mels, frames) into windows spread over the whole track.

    Args:
        log_mel: the spectrogram of the track.
        recipe: has the settings of audio and windows.

    Returns:
        (windows, n_mels, window frames) float32.
    """
    return torch.from_numpy(log_mel_windows(log_mel, recipe.audio, recipe.windows))
