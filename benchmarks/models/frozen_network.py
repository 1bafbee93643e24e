"""Trains a candidate: a projection and linear heads on cached features of frozen networks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.models.candidates import Candidate, recipe_of
from benchmarks.models.figures import Said
from benchmarks.models.music import Floats, Music
from moodrec.model.backbones.base import Backbone
from moodrec.model.network import MoodNetwork, NetworkOutput
from moodrec.model.spec import MOOD_TASK
from moodrec.training.base_rates import start_from_base_rates
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.optimizer import build_optimizer
from moodrec.training.predict import predict
from moodrec.training.resume import RunState
from moodrec.training.sampling import Draws
from moodrec.training.weighting import build_weighting


class Given(Backbone):
    """What the frozen networks make of a window, given as it is but for dropout while training."""

    neck_modules = ("dropout",)

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)

    def trunk(self, log_mel: Tensor) -> Tensor:
        """The same."""
        return log_mel

    def neck(self, pooled: Tensor) -> Tensor:
        """The same, or a part of it."""
        dropped: Tensor = self.dropout(pooled)
        return dropped


@dataclass(frozen=True)
class Windows:
    """Feeds a network with the features of tracks' windows, all in memory."""

    flat: Tensor
    """(windows of all tracks, features)."""
    starts: NDArray[np.int64]
    """(tracks + 1,) where each track's windows begin."""
    excerpts: int

    @staticmethod
    def of(features: Sequence[Floats], excerpts: int) -> Windows:
        """Of each track's (windows, features)."""
        counts = [len(own) for own in features]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Windows(torch.from_numpy(np.concatenate(features)), starts, excerpts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def sample(self, draws: Draws) -> Tensor:
        """Some windows of each track, one in each of ``excerpts`` equal stretches of it."""
        rng = np.random.default_rng(draws.seeds.sum(0))
        places = (np.arange(self.excerpts) + rng.random((len(draws.rows), self.excerpts))) / self.excerpts
        starts, ends = self.starts[draws.rows, None], self.starts[draws.rows + 1, None]
        return self.flat[torch.from_numpy((starts + places * (ends - starts)).astype(np.int64).ravel())]

    def whole(self, row: int) -> Tensor:
        """All windows of a track."""
        return self.flat[self.starts[row] : self.starts[row + 1]]

    def forward(self, network: MoodNetwork, inputs: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        """What the heads say of ``sample``."""
        return network.read(network.backbone.neck(inputs))

    def of_backbone(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        """(n, features)."""
        return network.backbone.neck(inputs)


def said_by(
    candidate: Candidate,
    music: Music,
    features: Sequence[Floats],
    seen: NDArray[np.bool_],
    asked: NDArray[np.bool_],
) -> Said:
    """Train on the tracks ``seen`` and say what the network makes of those ``asked``."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(candidate, music, features, seen, Path(folder))
        found = predict(trainer.run(), trainer.data.inputs, np.flatnonzero(asked))
    logits = found.logits[MOOD_TASK].astype(np.float64)
    logits[:, music.table.targets[seen].isna().all().to_numpy()] = np.nan
    return Said(found.rows, logits, found.embeddings.astype(np.float64))


def trainer_of(
    candidate: Candidate, music: Music, features: Sequence[Floats], seen: NDArray[np.bool_], folder: Path
) -> Trainer:
    """A trainer whose network reads features of frozen trunks."""
    recipe = recipe_of(candidate, int(seen.sum()))
    labels = encode_labels(music.table, recipe.tasks, seen)
    windows = Windows.of(features, candidate.excerpts)
    trainer = Trainer(recipe, TrainingSet(windows, labels, np.flatnonzero(seen)), folder, lambda event: None)
    torch.manual_seed(recipe.seed)
    network = MoodNetwork(recipe.audio, recipe.network, labels.heads)
    network.backbone = Given(windows.flat.shape[1], candidate.input_dropout)
    network.projection = nn.Linear(windows.flat.shape[1], candidate.embedding_dim, bias=False)
    if candidate.priors:
        start_from_base_rates(network.heads[MOOD_TASK], music.table.targets[seen].to_numpy(np.float64))
    weighting = build_weighting(recipe.tasks, tuple(labels.targets))
    optimizer = build_optimizer(network, weighting, recipe.training, None)
    trainer.state = RunState.fresh(network, weighting, optimizer, recipe.digest)
    return trainer
