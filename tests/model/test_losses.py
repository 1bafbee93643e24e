"""Masked losses against torch's own on the known entries."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from moodrec.model.losses import UNKNOWN_CLASS, masked_bce, masked_cross_entropy


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
