"""How the losses of the tasks are joined into the one that is descended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from moodrec.training.tasks import TasksConfig

WEIGHTING_RATE = 0.025
"""Peak learning rate of learnt weights (that of GradNorm's authors)."""


class TaskWeighting(nn.Module, ABC):
    """Turns the losses of a step into one; what it learns are its parameters, by the gradient of that one.

    A step may lack the loss of a task, of which nothing was known there.
    """

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.tasks = tuple(initial)

    @abstractmethod
    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        """Task to scalar loss, and the weight matrix of the last layer that all tasks share, to a scalar."""

    @abstractmethod
    def factors(self) -> Tensor:
        """(tasks,) current weights."""

    def weights(self) -> dict[str, float]:
        """The current weight of each task."""
        return dict(zip(self.tasks, self.factors().tolist(), strict=True))

    def _pick(self, values: Tensor, losses: Mapping[str, Tensor]) -> Tensor:
        return values[[self.tasks.index(task) for task in losses]]


class FixedWeights(TaskWeighting):
    """``sum of w_i L_i``."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__(initial)
        self.register_buffer("fixed", torch.tensor(list(initial.values())), persistent=False)

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        """See :class:`TaskWeighting`."""
        return (self._pick(self.factors(), losses) * torch.stack(list(losses.values()))).sum()

    def factors(self) -> Tensor:
        """(tasks,) current weights."""
        return self.get_buffer("fixed")


class UncertaintyWeights(TaskWeighting):
    """``sum of e^{-s_i} L_i + s_i`` with learnt ``s_i``, the log of the task's noise variance.

    Kendall, Gal & Cipolla 2018, arXiv 1705.07115, equation 7 times two. Where L_i stands still, s_i tends to log L_i:
    losses count relative to their size.
    """

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__(initial)
        self.log_variances = nn.Parameter(-torch.tensor(list(initial.values())).log())

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        """See :class:`TaskWeighting`."""
        noise = self._pick(self.log_variances, losses)
        return (torch.exp(-noise) * torch.stack(list(losses.values())) + noise).sum()

    def factors(self) -> Tensor:
        """(tasks,) current weights."""
        return torch.exp(-self.log_variances.detach())


class GradNormWeights(TaskWeighting):
    """Weights under which every task pulls equally at the shared layer, more where it learns slowly.

    Chen et al. 2018, arXiv 1711.02257: the pull ``G_i = |gradient of w_i L_i|`` is drawn to
    ``mean(G) * r_i^alpha``, r_i being the task's loss over its first one, relative to the mean of the tasks. The
    weights sum to the number of tasks; they are a softmax here, which keeps them positive, and distances between
    pulls are relative to the mean pull, so that the size of the losses does not matter to how fast they are learnt.
    """

    def __init__(self, initial: Mapping[str, float], alpha: float) -> None:
        super().__init__(initial)
        self.alpha = alpha
        self.log_weights = nn.Parameter(torch.tensor(list(initial.values())).log())
        self.first = nn.Buffer(torch.full((len(initial),), torch.nan))

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        """See :class:`TaskWeighting`."""
        values = torch.stack(list(losses.values()))
        weights = self._pick(self._softmax(), losses)
        pulls = weights * torch.stack([_gradient_norm(loss, shared) for loss in losses.values()])
        relative = pulls / pulls.detach().mean().clamp_min(1e-12)
        wanted = self._pace(losses, values.detach()) ** self.alpha
        return (weights.detach() * values).sum() + (relative - wanted).abs().sum()

    def factors(self) -> Tensor:
        """(tasks,) current weights."""
        return self._softmax().detach()

    def _softmax(self) -> Tensor:
        return len(self.tasks) * torch.softmax(self.log_weights, 0)

    def _pace(self, losses: Mapping[str, Tensor], values: Tensor) -> Tensor:
        places = [self.tasks.index(task) for task in losses]
        self.first[places] = torch.where(self.first[places].isnan(), values, self.first[places])
        left = values / self.first[places].clamp_min(1e-8)
        return left / left.mean().clamp_min(1e-8)


def build_weighting(config: TasksConfig, tasks: tuple[str, ...]) -> TaskWeighting:
    """The recipe's weighting of the tasks that have labels."""
    initial = {task: config.weight(task) for task in tasks}
    if config.weighting == "uncertainty":
        return UncertaintyWeights(initial)
    if config.weighting == "gradnorm":
        return GradNormWeights(initial, config.gradnorm_alpha)
    return FixedWeights(initial)


def _gradient_norm(loss: Tensor, shared: nn.Parameter) -> Tensor:
    (gradient,) = torch.autograd.grad(loss, shared, retain_graph=True)
    norm: Tensor = torch.linalg.vector_norm(gradient.float())
    return norm
