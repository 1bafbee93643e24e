"""Task losses that skip unknown labels, so that partly labelled tracks and datasets take part."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

UNKNOWN_CLASS = -1


def masked_bce(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Binary cross-entropy over the known entries of ``targets``.

    Args:
        logits: (batch, labels).
        targets: (batch, labels) in [0, 1]; soft values are meant as probabilities, NaN is unknown.
        weights: (labels,) relative weights of the labels; equal by default.

    Returns:
        The weighted mean over known entries; 0 (with a gradient of 0) where nothing is known.
    """
    known = ~torch.isnan(targets)
    loss = F.binary_cross_entropy_with_logits(
        logits.float(), torch.nan_to_num(targets).float(), reduction="none"
    )
    weight = known.float() if weights is None else known * weights
    return (loss * weight).sum() / weight.sum().clamp_min(1e-8)


def masked_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Softmax cross-entropy over the rows whose class is known.

    Args:
        logits: (batch, n_classes).
        classes: (batch,) int64, ``UNKNOWN_CLASS`` (-1) where unknown.

    Returns:
        The mean over known rows; 0 (with a gradient of 0) where none is known.
    """
    total = F.cross_entropy(logits.float(), classes, ignore_index=UNKNOWN_CLASS, reduction="sum")
    return total / (classes != UNKNOWN_CLASS).sum().clamp_min(1)
