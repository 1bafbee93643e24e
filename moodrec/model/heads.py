"""Heads: linear readings of the shared embedding, one a task.

They are linear on purpose: the mean of a track's window logits is then the head of its mean embedding, and what
a task learns has to show in the embedding that search uses.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from moodrec.config import Config

HeadKind = Literal["multi_label", "classes"]


class HeadSpec(Config):
    """One task's head."""

    kind: HeadKind
    """``multi_label``: a sigmoid each, soft targets allowed; ``classes``: one softmax."""
    labels: tuple[str, ...]
    """What each output stands for, in order."""


def build_heads(specs: dict[str, HeadSpec], embedding_dim: int) -> nn.ModuleDict:
    """One ``Linear(embedding_dim, len(labels))`` a task."""
    return nn.ModuleDict({task: nn.Linear(embedding_dim, len(spec.labels)) for task, spec in specs.items()})
