"""Masked losses against torch's own on the known entries."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from moodrec.model.losses import (
    UNKNOWN_CLASS,
    masked_bce,
    masked_cosface,
    masked_cross_entropy,
    supervised_contrastive,
)


@given(st.integers(0, 2**32 - 1))
def test_bce_is_the_mean_over_known_entries(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 4, generator=generator)
    targets = torch.rand(6, 4, generator=generator)
    known = torch.rand(6, 4, generator=generator) < 0.6
    known[0, 0] = True
    expected = F.binary_cross_entropy_with_logits(logits[known], targets[known])
    torch.testing.assert_close(masked_bce(logits, targets.masked_fill(~known, torch.nan)), expected)


def test_bce_weights_are_relative() -> None:
    logits, targets = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 1.0]])
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")[0]
    weighted = masked_bce(logits, targets, torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(weighted, (3 * each[0] + each[1]) / 4)


def test_unknown_labels_have_no_gradient() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    masked_bce(logits, torch.tensor([[1.0, torch.nan, 0.0], [torch.nan] * 3])).backward()
    assert logits.grad is not None
    assert (logits.grad != 0).tolist() == [[True, False, True], [False, False, False]]


def test_cross_entropy_skips_unknown_rows() -> None:
    logits = torch.randn(5, 3)
    classes = torch.tensor([0, UNKNOWN_CLASS, 2, UNKNOWN_CLASS, 1])
    expected = F.cross_entropy(logits[classes >= 0], classes[classes >= 0])
    torch.testing.assert_close(masked_cross_entropy(logits, classes), expected)


def test_nothing_known_is_zero_and_finite() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    loss = masked_bce(logits, torch.full((2, 3), torch.nan)) + masked_cross_entropy(
        logits, torch.tensor([-1, -1])
    )
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_cosface_of_two_classes_is_its_formula() -> None:
    cosines, scale, margin = torch.tensor([[0.6, 0.1], [-0.2, 0.5]]), 10.0, 0.3
    # log(1 + e^(s (other - (right - m)))) for each row.
    expected = [math.log1p(math.exp(10 * (0.1 - 0.3))), math.log1p(math.exp(10 * (0.5 + 0.2 + 0.3)))]
    found = masked_cosface(cosines, torch.tensor([0, 0]), scale, margin)
    assert found.item() == pytest.approx(sum(expected) / 2, rel=1e-6)


def test_cosface_without_margin_is_cross_entropy_and_skips_unknown_rows() -> None:
    cosines = torch.rand(5, 4) * 2 - 1
    classes = torch.tensor([0, UNKNOWN_CLASS, 3, 1, UNKNOWN_CLASS])
    expected = masked_cross_entropy(16 * cosines, classes)
    torch.testing.assert_close(masked_cosface(cosines, classes, 16, 0), expected)
    assert masked_cosface(cosines, classes, 16, 0.2) > expected


def plain_contrastive(embedding: torch.Tensor, classes: list[int], temperature: float) -> float:
    """Equation 2 of arXiv 2004.11362, sum by sum."""
    units = [row / row.norm() for row in embedding.double()]
    shares = []
    for i, own in enumerate(classes):
        others = [a for a in range(len(classes)) if a != i and classes[a] != UNKNOWN_CLASS]
        positives = [p for p in others if classes[p] == own]
        if own == UNKNOWN_CLASS or not positives:
            continue
        total = sum(math.exp(units[i] @ units[a] / temperature) for a in others)
        each = [math.exp(units[i] @ units[p] / temperature) / total for p in positives]
        shares.append(-sum(map(math.log, each)) / len(each))
    return sum(shares) / len(shares)


@given(st.lists(st.integers(-1, 3), min_size=6, max_size=10), st.integers(0, 2**32 - 1))
def test_contrastive_is_its_equation(classes: list[int], seed: int) -> None:
    classes = [2, 2, *classes]
    embedding = torch.randn(len(classes), 5, generator=torch.Generator().manual_seed(seed))
    found = supervised_contrastive(embedding, torch.tensor(classes), 0.3)
    assert found.item() == pytest.approx(plain_contrastive(embedding, classes, 0.3), rel=1e-4)


def test_contrastive_of_two_tight_orthogonal_classes() -> None:
    embedding = torch.tensor([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 1.0]])
    found = supervised_contrastive(embedding, torch.tensor([5, 5, 7, 7]), 0.5)
    assert found.item() == pytest.approx(math.log1p(2 * math.exp(-2)), rel=1e-5)


@pytest.mark.parametrize("classes", [[0, 1, 2], [0, UNKNOWN_CLASS, UNKNOWN_CLASS], [UNKNOWN_CLASS] * 3])
def test_contrastive_without_positives_is_zero_and_finite(classes: list[int]) -> None:
    embedding = torch.randn(3, 4, requires_grad=True)
    loss = supervised_contrastive(embedding, torch.tensor(classes), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert embedding.grad is not None
    assert not embedding.grad.any()


def test_contrastive_has_a_finite_gradient() -> None:
    embedding = torch.randn(4, 4, requires_grad=True)
    supervised_contrastive(embedding, torch.tensor([0, 0, 1, UNKNOWN_CLASS]), 0.1).backward()
    assert embedding.grad is not None
    assert embedding.grad.isfinite().all()
    assert embedding.grad.any(dim=1).tolist() == [True, True, True, False]
