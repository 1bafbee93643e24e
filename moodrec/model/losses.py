"""Task losses skip unknown labels, so that partly labelled tracks and datasets can take part."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

UNKNOWN_CLASS = -1
"""Class number of a row whose class is unknown."""


def masked_bce(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Compute binary cross-entropy over the known entries of ``targets``.

    Args:
        logits: (batch, labels).
        targets: (batch, labels) in [0, 1]; soft values are probabilities, NaN is unknown.
        weights: (labels,) relative weights of the labels; equal by default.

    Returns:
        The weighted mean over known entries; 0 (with a gradient of 0) where nothing is known.
    """
    known = ~torch.isnan(targets)
    loss = F.binary_cross_entropy_with_logits(
        logits.float(), torch.nan_to_num(targets).float(), reduction="none"
    )
    weight = known.float() if weights is None else known * weights
    # The clamp makes the loss 0, not NaN, where a batch has no known label.
    return (loss * weight).sum() / weight.sum().clamp_min(1e-8)


def masked_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Compute softmax cross-entropy over the rows whose class is known.

    Args:
        logits: (batch, n_classes).
        classes: (batch,) int64, ``UNKNOWN_CLASS`` (-1) where unknown.

    Returns:
        The mean over known rows; 0 (with a gradient of 0) where none is known.
    """
    total = F.cross_entropy(logits.float(), classes, ignore_index=UNKNOWN_CLASS, reduction="sum")
    return total / (classes != UNKNOWN_CLASS).sum().clamp_min(1)


def exclusive_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Compute softmax cross-entropy over targets of which a row has one.

    Args:
        logits: (batch, targets).
        targets: (batch, targets), 1 for one target and 0 for the others; rows with NaN are unknown.

    Returns:
        The sum over known rows divided by the number of all rows, so that datasets without such targets do not raise
        the weight of those that have them.
    """
    known = ~targets.isnan().any(1)
    classes = torch.where(known, torch.nan_to_num(targets).argmax(1), UNKNOWN_CLASS)
    return masked_cross_entropy(logits, classes) * known.float().mean()


def masked_cosface(cosines: Tensor, classes: Tensor, scale: float, margin: float) -> Tensor:
    """Compute the large-margin cosine loss (CosFace, Wang et al. 2018, arXiv 1801.09414) over rows of known class.

    ``-log(e^{s (cos_y - m)} / (e^{s (cos_y - m)} + sum over c != y of e^{s cos_c}))``

    Args:
        cosines: (batch, n_classes), of a ``cosine`` head.
        classes: (batch,) int64, ``UNKNOWN_CLASS`` (-1) where unknown.
        scale: s, the factor of the cosines.
        margin: m, by how much the right class must be nearer.

    Returns:
        As :func:`masked_cross_entropy`.
    """
    right = F.one_hot(classes.clamp_min(0), cosines.shape[1])
    return masked_cross_entropy(scale * (cosines.float() - margin * right), classes)


def supervised_contrastive(embedding: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Compute the supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362, equation 2) of unit-length
    embeddings.

    For a row i with others of its class (its positives P), it is the mean over p in P of ``-log(e^{z_i z_p / t} /
    sum over a != i of e^{z_i z_a / t})``. Rows of unknown class take no part.

    Args:
        embedding: (batch, embedding_dim), of any length.
        classes: (batch,) int64, ``UNKNOWN_CLASS`` (-1) where unknown.
        temperature: t, the divisor of the similarities.

    Returns:
        The mean over rows that have positives; 0 (with a gradient of 0) where none has.
    """
    known = classes != UNKNOWN_CLASS
    unit, classes = F.normalize(embedding[known].float(), dim=1), classes[known]
    itself = torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    positive = (classes[:, None] == classes) & ~itself
    similarity = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf)
    log_share = similarity - torch.logsumexp(similarity, dim=1, keepdim=True)
    counts = positive.sum(1)
    rows = -log_share.where(positive, 0.0).sum(1) / counts.clamp_min(1)
    return rows.where(counts > 0, 0.0).sum() / (counts > 0).sum().clamp_min(1)
