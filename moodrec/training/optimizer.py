"""AdamW has several groups of parameters, which all follow one one-cycle schedule."""

from __future__ import annotations

import math

import torch

from moodrec.model.network import MoodNetwork
from moodrec.training.recipe import OptimizerConfig, WarmStartConfig
from moodrec.training.warm_start import under
from moodrec.training.weighting import WEIGHTING_RATE, TaskWeighting


def build_optimizer(
    network: MoodNetwork, weighting: TaskWeighting, config: OptimizerConfig, start: WarmStartConfig | None
) -> torch.optim.AdamW:
    """Group the parameters by learning rate (copied ones may learn more slowly) and by weight decay (matrices
    only).

    Frozen parameters are in no group; learnt task weights have their own. ``group["peak"]`` is the group's learning
    rate at the peak of the schedule.

    Args:
        network: the network to train.
        weighting: the task weights, learnt or fixed.
        config: learning rate and weight decay.
        start: which parts were copied from another model, if any.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            copied = start is not None and under(name, start.modules)
            peak = config.learning_rate * (start.learning_rate_scale if start and copied else 1.0)
            # Biases and the factors of norms are not decayed: zero is no natural value for them.
            decay = config.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((peak, decay), []).append(parameter)
    groups.setdefault((WEIGHTING_RATE, 0.0), []).extend(weighting.parameters())
    return torch.optim.AdamW(
        [
            {"params": parameters, "peak": peak, "lr": peak, "weight_decay": decay}
            for (peak, decay), parameters in groups.items()
            if parameters
        ]
    )


def schedule(step: int, steps: int) -> float:
    """Compute the share of the peak learning rate at a step: linear warm-up over a tenth, then cosine down to zero.

    Args:
        step: number of the step, from 0.
        steps: number of all steps.

    Returns:
        A share in [0, 1].
    """
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def set_learning_rates(optimizer: torch.optim.AdamW, share: float) -> None:
    """Set the learning rate of every group to a share of its peak.

    Args:
        optimizer: as from :func:`build_optimizer`.
        share: in [0, 1].
    """
    for group in optimizer.param_groups:
        group["lr"] = share * group["peak"]
