"""AdamW in groups of parameters, all under one one-cycle schedule."""

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
    """Groups by learning rate (copied parameters may learn more slowly) and by decay (matrices only).

    Frozen parameters are in none; learnt task weights have their own. ``group["peak"]`` is the group's learning rate
    at the top of the schedule.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            copied = start is not None and under(name, start.modules)
            peak = config.learning_rate * (start.learning_rate_scale if start and copied else 1.0)
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
    """Share of the peak learning rate: linear warm-up over a tenth of the steps, cosine down to zero."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def set_learning_rates(optimizer: torch.optim.AdamW, share: float) -> None:
    """Set every group to its share of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = share * group["peak"]
