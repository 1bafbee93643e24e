"""Learnt task weights on problems whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from moodrec.training.tasks import TasksConfig
from moodrec.training.weighting import (
    FixedWeights,
    GradNormWeights,
    TaskWeighting,
    UncertaintyWeights,
    build_weighting,
)


def descend(weighting: TaskWeighting, losses: dict[str, Tensor], shared: nn.Parameter, steps: int) -> None:
    """Learn the weights alone, of losses that stand still."""
    optimizer = torch.optim.Adam(weighting.parameters(), lr=0.025)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.025 * (1 - step / steps)
        optimizer.zero_grad()
        weighting(losses, shared).backward(inputs=list(weighting.parameters()), retain_graph=True)
        optimizer.step()


def two_scales() -> tuple[dict[str, Tensor], nn.Parameter]:
    """Two losses of one matrix whose gradients at it have the norms 100 and 1."""
    shared = nn.Parameter(torch.zeros(2, 2))
    large = 100 * shared[0, 0] + 7
    small = 0.6 * shared[0, 1] + 0.8 * shared[1, 0] + 3
    return {"mood": large, "artist": small}, shared


def test_uncertainty_of_two_quadratic_losses() -> None:
    """The least of (x - 1)^2 + 4 is 4, of (y + 2)^2 + 0.25 is 0.25: s is the log of each."""
    place, shared = nn.Parameter(torch.tensor([5.0, 5.0])), nn.Parameter(torch.zeros(1))
    weighting = UncertaintyWeights({"mood": 1.0, "artist": 1.0})
    optimizer = torch.optim.Adam([place, *weighting.parameters()], lr=0.05)
    for _ in range(1500):
        losses = {"mood": (place[0] - 1) ** 2 + 4, "artist": (place[1] + 2) ** 2 + 0.25}
        optimizer.zero_grad()
        weighting(losses, shared).backward()
        optimizer.step()
    torch.testing.assert_close(place.detach(), torch.tensor([1.0, -2.0]), atol=1e-3, rtol=0)
    expected = torch.tensor([math.log(4), math.log(0.25)])
    torch.testing.assert_close(weighting.log_variances.detach(), expected, atol=1e-3, rtol=0)
    assert weighting.weights() == pytest.approx({"mood": 0.25, "artist": 4.0}, rel=1e-3)


def test_gradnorm_equalises_pulls_whose_scales_differ_by_100() -> None:
    losses, shared = two_scales()
    weighting = GradNormWeights({"mood": 1.0, "artist": 1.0}, alpha=1.5)
    descend(weighting, losses, shared, 600)
    weights = weighting.weights()
    assert 100 * weights["mood"] == pytest.approx(1 * weights["artist"], rel=0.02)
    assert sum(weights.values()) == pytest.approx(2)


def test_gradnorm_pulls_more_at_the_task_that_learns_slowly() -> None:
    """One loss has halved, the other not: relative to their mean 2/3 and 4/3, so with alpha 1 the second pulls twice
    as much."""
    losses, shared = two_scales()
    weighting = GradNormWeights({"mood": 1.0, "artist": 1.0}, alpha=1.0)
    descend(weighting, losses, shared, 1)
    descend(weighting, {"mood": losses["mood"] - 3.5, "artist": losses["artist"]}, shared, 600)
    weights = weighting.weights()
    assert weights["artist"] == pytest.approx(2 * 100 * weights["mood"], rel=0.02)


def test_gradnorm_leaves_the_tasks_gradients_their_weights() -> None:
    losses, shared = two_scales()
    weighting = GradNormWeights({"mood": 3.0, "artist": 1.0}, alpha=1.5)
    weighting(losses, shared).backward()
    assert shared.grad is not None
    torch.testing.assert_close(shared.grad, torch.tensor([[150.0, 0.3], [0.4, 0.0]]))


def test_fixed_weights_are_a_weighted_sum() -> None:
    losses, shared = two_scales()
    weighting = FixedWeights({"mood": 2.0, "genre": 5.0, "artist": 0.5})
    assert weighting(losses, shared).item() == pytest.approx(2 * 7 + 0.5 * 3)
    assert not list(weighting.parameters())
    assert weighting.state_dict() == {}


@pytest.mark.parametrize("kind", ["fixed", "uncertainty", "gradnorm"])
def test_a_task_that_a_step_lacks_is_not_touched(kind: str) -> None:
    losses, shared = two_scales()
    tasks = TasksConfig.model_validate({"weighting": kind, "genre": {"weight": 0.3}})
    weighting = build_weighting(tasks, ("genre", "mood"))
    before = weighting.weights()
    weighting({"mood": losses["mood"]}, shared).backward()
    assert weighting.weights() == before
    for parameter in weighting.parameters():
        assert parameter.grad is not None
        if kind == "uncertainty":
            assert parameter.grad[0] == 0
    assert before["genre"] / before["mood"] == pytest.approx(0.3), "learnt weights start from the fixed ones"
