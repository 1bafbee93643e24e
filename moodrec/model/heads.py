"""A head maps the shared embedding to the outputs of one task.

Heads are linear on purpose (cosine heads but for the lengths): the mean of a track's window logits is then the head
of its mean embedding, and what a task learns has to show in the embedding that search uses.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.model.spec import HeadKind, HeadSpec

__all__ = ["CosineHead", "HeadKind", "HeadSpec", "build_head"]


class CosineHead(nn.Module):
    """Computes ``cos(embedding, weight_c)`` for each class c: (batch, embedding_dim) to (batch, n_classes) in [-1,
    1].

    This is the classifier of CosFace (Wang et al. 2018, arXiv 1801.09414); scale and margin belong to the loss.
    """

    def __init__(self, embedding_dim: int, n_classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_classes, embedding_dim) / embedding_dim**0.5)

    def forward(self, embedding: Tensor) -> Tensor:
        """Compute the cosines of an embedding (batch, embedding_dim) or (embedding_dim,) to all classes."""
        return F.linear(F.normalize(embedding.float(), dim=-1), F.normalize(self.weight, dim=-1))


def build_head(spec: HeadSpec, inputs: int) -> nn.Module:
    """Make the head of one task, with as many outputs as labels.

    Args:
        spec: its kind and labels.
        inputs: length of the vectors that it reads.
    """
    if spec.kind == "cosine":
        return CosineHead(inputs, len(spec.labels))
    return nn.Linear(inputs, len(spec.labels))
