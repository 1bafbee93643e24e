"""Heads: simple readings of the shared embedding, one a task.

They are linear on purpose (cosine heads but for the lengths): the mean of a track's window logits is then the head of
its mean embedding, and what a task learns has to show in the embedding that search uses.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.config import Config

HeadKind = Literal["multi_label", "classes", "ordinal", "cosine"]


class HeadSpec(Config):
    """One task's head."""

    kind: HeadKind
    """``multi_label``: a sigmoid each, soft targets allowed; ``classes``: one softmax; ``ordinal``: a sigmoid for
    each edge of a scale, "above it?", edges rising; ``cosine``: the cosine to each class's direction."""
    labels: tuple[str, ...]
    """What each output stands for, in order."""


class CosineHead(nn.Module):
    """``cos(embedding, weight_c)`` for each class c: (batch, embedding_dim) to (batch, n_classes) in [-1, 1].

    The classifier of CosFace (Wang et al. 2018, arXiv 1801.09414); scale and margin belong to the loss.
    """

    def __init__(self, embedding_dim: int, n_classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_classes, embedding_dim) / embedding_dim**0.5)

    def forward(self, embedding: Tensor) -> Tensor:
        """(batch, embedding_dim) or (embedding_dim,) to cosines."""
        return F.linear(F.normalize(embedding.float(), dim=-1), F.normalize(self.weight, dim=-1))


def build_heads(specs: dict[str, HeadSpec], embedding_dim: int) -> nn.ModuleDict:
    """One head a task, with as many outputs as labels."""
    return nn.ModuleDict({task: _head(spec, embedding_dim) for task, spec in specs.items()})


def _head(spec: HeadSpec, embedding_dim: int) -> nn.Module:
    if spec.kind == "cosine":
        return CosineHead(embedding_dim, len(spec.labels))
    return nn.Linear(embedding_dim, len(spec.labels))
