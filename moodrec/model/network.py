"""The multi-task network: backbone, embedding, heads (hard parameter sharing, arXiv 2110.04765)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from moodrec.config import AudioConfig, ModelConfig
from moodrec.model.backbones import build_backbone
from moodrec.model.heads import HeadSpec, build_heads


@dataclass(frozen=True)
class NetworkOutput:
    """What one forward pass gives."""

    embedding: Tensor
    """(batch, embedding_dim), not normalised."""
    logits: dict[str, Tensor]
    """Task name to (batch, outputs of its head), before sigmoid or softmax."""


def join_outputs(first: NetworkOutput, second: NetworkOutput) -> NetworkOutput:
    """The rows of ``first``, then those of ``second``."""
    logits = {task: torch.cat([first.logits[task], second.logits[task]]) for task in first.logits}
    return NetworkOutput(torch.cat([first.embedding, second.embedding]), logits)


class MoodNetwork(nn.Module):
    """Log-mel to embedding to the logits of every task."""

    def __init__(self, audio: AudioConfig, config: ModelConfig, heads: dict[str, HeadSpec]) -> None:
        super().__init__()
        self.backbone = build_backbone(config.backbone, audio.n_mels, config.channels)
        self.projection = nn.Linear(self.backbone.features, config.embedding_dim, bias=False)
        self.norm = nn.BatchNorm1d(config.embedding_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = build_heads(heads, config.embedding_dim)

    def embed(self, log_mel: Tensor) -> Tensor:
        """(batch, n_mels, frames) to (batch, embedding_dim), not normalised."""
        return self.summarize(self.backbone(log_mel))

    def summarize(self, features: Tensor) -> Tensor:
        """(batch, features) of the backbone to (batch, embedding_dim), not normalised."""
        embedding: Tensor = self.norm(self.projection(features))
        return embedding

    def forward(self, log_mel: Tensor) -> NetworkOutput:
        """(batch, n_mels, frames) to the embedding and the logits of all heads."""
        return self.read(self.backbone(log_mel))

    def read(self, features: Tensor) -> NetworkOutput:
        """(batch, features) of the backbone to the embedding and the logits of all heads."""
        embedding = self.summarize(features)
        shared = self.dropout(embedding)
        return NetworkOutput(embedding, {task: head(shared) for task, head in self.heads.items()})
