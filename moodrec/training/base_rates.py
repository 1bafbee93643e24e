"""A mood head can start from how frequent each target is."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_RAREST = 0.01


def start_from_base_rates(head: nn.Module, targets: NDArray[np.number]) -> None:
    """Set a linear head's biases to the logits of the targets' means; where nothing is known, to zero.

    Args:
        head: with as many outputs as there are targets.
        targets: (tracks, targets) in [0, 1], NaN unknown; means are kept from 0.01 to 0.99.
    """
    known = ~np.isnan(targets)
    means = np.where(known, targets, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    rates = np.clip(means, _RAREST, 1 - _RAREST)
    logits = np.where(known.any(0), np.log(rates / (1 - rates)), 0.0)
    with torch.no_grad():
        head.get_parameter("bias").copy_(torch.from_numpy(logits))
