"""Heads read the embedding as their kind says."""

from __future__ import annotations

import pytest
import torch

from moodrec.model.heads import HeadKind, HeadSpec, build_head


@pytest.mark.parametrize("kind", ["multi_label", "classes", "ordinal"])
def test_plain_heads_are_linear(kind: HeadKind) -> None:
    head = build_head(HeadSpec(kind=kind, labels=("a", "b", "c")), 5)
    windows = torch.randn(7, 5)
    torch.testing.assert_close(head(windows).mean(0), head(windows.mean(0)))
    assert head(windows).shape == (7, 3)


def test_a_cosine_head_gives_the_cosine_to_each_class() -> None:
    head = build_head(HeadSpec(kind="cosine", labels=("a", "b")), 2)
    head.load_state_dict({"weight": torch.tensor([[2.0, 0.0], [0.5, 0.5]])})
    expected = torch.tensor([[1.0, 0.5**0.5], [0.0, 0.5**0.5], [-1.0, -(0.5**0.5)]])
    embedding = torch.tensor([[3.0, 0.0], [0.0, 0.1], [-1.0, 0.0]])
    torch.testing.assert_close(head(embedding), expected)
    torch.testing.assert_close(head(embedding[0]), expected[0])
