"""The losses of the tasks are joined into the one loss that training minimises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from moodrec.training.tasks import TasksConfig

WEIGHTING_RATE = 0.025
"""Peak learning rate of learnt weights (that of GradNorm's authors)."""


class TaskWeighting(nn.Module, ABC):
    """Joins the losses of a step into one; learnt weights are its parameters and follow the gradient of that loss.

    A step may lack the loss of a task for which it has no known target.
    """

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.tasks = tuple(initial)

    @abstractmethod
    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        """Join the losses of a step.

        Args:
            losses: task to its scalar loss.
            shared: weight matrix of the last layer that all tasks share.

        Returns:
            A scalar loss.
        """

    @abstractmethod
    def factors(self) -> Tensor:
        """Give the (tasks,) current weights."""

    def weights(self) -> dict[str, float]:
        """Give the current weight of each task, by name."""
        return dict(zip(self.tasks, self.factors().tolist(), strict=True))

    def _pick(self, values: Tensor, losses: Mapping[str, Tensor]) -> Tensor:
        return values[[self.tasks.index(task) for task in losses]]


class FixedWeights(TaskWeighting):
    """Weights that stay as they are: ``sum of w_i L_i``."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__(initial)
        self.register_buffer("fixed", torch.tensor(list(initial.values())), persistent=False)

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        return (self._pick(self.factors(), losses) * torch.stack(list(losses.values()))).sum()

    def factors(self) -> Tensor:
        return self.get_buffer("fixed")


class UncertaintyWeights(TaskWeighting):
    """Weights learnt from each task's uncertainty: ``sum of e^{-s_i} L_i + s_i`` with ``s_i`` the log of its noise
    variance.

    Kendall, Gal & Cipolla 2018, arXiv 1705.07115, equation 7 times two. Where L_i stays constant, s_i tends to log
    L_i, so that losses count relative to their size.
    """

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__(initial)
        self.log_variances = nn.Parameter(-torch.tensor(list(initial.values())).log())

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        noise = self._pick(self.log_variances, losses)
        return (torch.exp(-noise) * torch.stack(list(losses.values())) + noise).sum()

    def factors(self) -> Tensor:
        return torch.exp(-self.log_variances.detach())


class GradNormWeights(TaskWeighting):
    """Weights under which every task has an equally large gradient at the shared layer, a larger one where it
    learns slowly.

    Chen et al. 2018, arXiv 1711.02257: the gradient norm ``G_i = |gradient of w_i L_i|`` is drawn to ``mean(G) *
    r_i^alpha``, r_i being the task's loss over its first one, relative to the mean of the tasks. The weights sum to
    the number of tasks; here they are a softmax, which keeps them positive, and distances between norms are
    relative to the mean norm, so that the size of the losses does not change how fast the weights are learnt.
    """

    def __init__(self, initial: Mapping[str, float], alpha: float) -> None:
        super().__init__(initial)
        self.alpha = alpha
        self.log_weights = nn.Parameter(torch.tensor(list(initial.values())).log())
        self.first = nn.Buffer(torch.full((len(initial),), torch.nan))

    def forward(self, losses: Mapping[str, Tensor], shared: nn.Parameter) -> Tensor:
        values = torch.stack(list(losses.values()))
        weights = self._pick(self._softmax(), losses)
        pulls = weights * torch.stack([_gradient_norm(loss, shared) for loss in losses.values()])
        relative = pulls / pulls.detach().mean().clamp_min(1e-12)
        target = self._pace(losses, values.detach()) ** self.alpha
        return (weights.detach() * values).sum() + (relative - target).abs().sum()

    def factors(self) -> Tensor:
        return self._softmax().detach()

    def _softmax(self) -> Tensor:
        return len(self.tasks) * torch.softmax(self.log_weights, 0)

    def _pace(self, losses: Mapping[str, Tensor], values: Tensor) -> Tensor:
        places = [self.tasks.index(task) for task in losses]
        self.first[places] = torch.where(self.first[places].isnan(), values, self.first[places])
        left = values / self.first[places].clamp_min(1e-8)
        return left / left.mean().clamp_min(1e-8)


def build_weighting(config: TasksConfig, tasks: tuple[str, ...]) -> TaskWeighting:
    """Make the recipe's weighting of the tasks that have labels.

    Args:
        config: settings of the tasks.
        tasks: names of the tasks that have labels.
    """
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
