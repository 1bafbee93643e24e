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

    A network may take metadata besides: a linear map of it, without a bias, is added to the mood logits, so that
    without metadata they are those of the audio alone.
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

        self.metadata: nn.Linear | None = None
        if config.metadata and MOOD_TASK in heads:
            self.metadata = nn.Linear(len(config.metadata), len(heads[MOOD_TASK].labels), bias=False)
            nn.init.zeros_(self.metadata.weight)

    def embed(self, log_mel: Tensor) -> Tensor:
        """Map (batch, n_mels, frames) to embeddings (batch, embedding_dim), not normalised."""
        return self.summarize(self.backbone(log_mel))

    def summarize(self, features: Tensor) -> Tensor:
        """Map the backbone's (batch, features) to embeddings (batch, embedding_dim), not normalised."""
        embedding: Tensor = self.norm(self.projection(features))
        return embedding

    def forward(self, log_mel: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        """Map spectrograms to the embedding and the logits of all heads.

        Args:
            log_mel: (batch, n_mels, frames).
            metadata: as for :meth:`read`.
        """
        return self.read(self.backbone(log_mel), metadata)

    def read(self, features: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        """Map the backbone's features to the embedding and the logits of all heads.

        Args:
            features: (batch, features).
            metadata: (batch, columns) of what is known beside the audio, zero where unknown; None where nothing is.
                Networks without such an input ignore it.
        """
        embedding = self.summarize(features)
        shared = self.dropout(embedding)
        logits = {
            task: head(features if task in self.of_features else shared) for task, head in self.heads.items()
        }
        if metadata is not None and self.metadata is not None:
            logits[MOOD_TASK] = logits[MOOD_TASK] + self.metadata(metadata)
        return NetworkOutput(embedding, logits)
