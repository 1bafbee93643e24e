"""The multi-task network joins backbone, embedding and heads (hard parameter sharing, arXiv 2110.04765)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from moodrec.config import AudioConfig, ModelConfig
from moodrec.model.backbones import build_backbone
from moodrec.model.heads import HeadSpec, build_head
from moodrec.model.spec import MOOD_TASK


@dataclass(frozen=True)
class NetworkOutput:
    """The output of one forward pass."""

    embedding: Tensor
    """(batch, embedding_dim), not normalised."""
    logits: dict[str, Tensor]
    """Task name to (batch, outputs of its head), before sigmoid or softmax."""


def join_outputs(first: NetworkOutput, second: NetworkOutput) -> NetworkOutput:
    """Join the rows of two outputs.

    Args:
        first: output whose rows come first.
        second: output whose rows follow; it has the same tasks.
    """
    logits = {task: torch.cat([first.logits[task], second.logits[task]]) for task in first.logits}
    return NetworkOutput(torch.cat([first.embedding, second.embedding]), logits)


class MoodNetwork(nn.Module):
    """Maps a log-mel spectrogram to the features of the backbone, these to an embedding, and both to the logits of
    every task.

    In evaluation mode all behind the features is affine, cosine heads apart: the embedding and the logits of a track
    are those of the mean of its windows' features, which equal the means of the windows' embeddings and logits.
    """

    def __init__(self, audio: AudioConfig, config: ModelConfig, heads: dict[str, HeadSpec]) -> None:
        super().__init__()
        self.backbone = build_backbone(config.backbone, audio.n_mels, config.channels)
        self.projection = nn.Linear(self.backbone.features, config.embedding_dim, bias=False)
        self.norm = nn.BatchNorm1d(config.embedding_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.of_features = {MOOD_TASK} if config.mood_reads == "features" else set()
        self.heads = nn.ModuleDict(
            {
                task: build_head(
                    spec, self.backbone.features if task in self.of_features else config.embedding_dim
                )
                for task, spec in heads.items()
            }
        )

    def embed(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to embeddings (batch, embedding_dim), not normalised."""
        return self.summarize(self.backbone(log_mel))

    def summarize(self, features: Tensor) -> Tensor:
        """Map the backbone's (batch, features) to embeddings (batch, embedding_dim), not normalised."""
        embedding: Tensor = self.norm(self.projection(features))
        return embedding

    def forward(self, log_mel: Tensor) -> NetworkOutput:
        """Map (batch, n_mels, frames) to the embedding and the logits of all heads."""
        return self.read(self.backbone(log_mel))

    def read(self, features: Tensor) -> NetworkOutput:
        """Map the backbone's (batch, features) to the embedding and the logits of all heads."""
        embedding = self.summarize(features)
        shared = self.dropout(embedding)
        return NetworkOutput(
            embedding,
            {
                task: head(features if task in self.of_features else shared)
                for task, head in self.heads.items()
            },
        )
