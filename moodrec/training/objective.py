"""Each task has one loss on the network's output."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from moodrec.model.losses import (
    UNKNOWN_CLASS,
    exclusive_cross_entropy,
    masked_bce,
    masked_cosface,
    masked_cross_entropy,
    supervised_contrastive,
)
from moodrec.model.network import NetworkOutput
from moodrec.model.spec import MOOD_TASK
from moodrec.training.labels import TaskLabels, exclusive_columns
from moodrec.training.prefixes import by_prefix
from moodrec.training.recipe import Recipe


@dataclass(frozen=True)
class Objective:
    """The losses of a recipe's tasks."""

    recipe: Recipe
    labels: TaskLabels
    target_weights: Tensor
    """(mood targets,) relative weights of the targets in the mood loss."""
    exclusive: tuple[tuple[int, ...], ...] = ()
    """Groups of columns of the mood targets of which a track has one."""

    @staticmethod
    def of(recipe: Recipe, labels: TaskLabels, device: torch.device) -> Objective:
        """Make the losses of a recipe.

        Args:
            recipe: has the settings of the tasks.
            labels: the heads and targets of the tasks.
            device: where the losses are computed.

        Raises:
            ConfigError: an exclusive group names a target that there is not.
        """
        head = labels.heads.get(MOOD_TASK)
        weights = by_prefix(head.labels if head else (), recipe.tasks.mood.target_weights, otherwise=1.0)
        exclusive = exclusive_columns(recipe.tasks.mood, head.labels) if head else ()
        return Objective(recipe, labels, torch.tensor(weights, dtype=torch.float32, device=device), exclusive)

    def losses(self, output: NetworkOutput, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compute the unweighted loss of each task for which the batch has a known target.

        Args:
            output: the network's output for a batch.
            targets: task to the targets of the same rows.

        Returns:
            Task to its scalar loss.
        """
        return {
            task: self._loss(task, output, known)
            for task, known in targets.items()
            if self._teaches(task, known)
        }

    def _loss(self, task: str, output: NetworkOutput, targets: Tensor) -> Tensor:
        tasks = self.recipe.tasks
        if task in self.labels.paired:
            return supervised_contrastive(output.embedding, targets, tasks.class_task(task).temperature)
        kind, logits = self.labels.heads[task].kind, output.logits[task]
        if kind == "classes":
            return masked_cross_entropy(logits, targets)
        if kind == "cosine":
            settings = tasks.class_task(task)
            return masked_cosface(logits, targets, settings.scale, settings.margin)
        if task == MOOD_TASK:
            smooth = self.recipe.label_smoothing
            loss = masked_bce(logits, targets * (1 - smooth) + smooth / 2, self.target_weights)
            for group in self.exclusive:
                loss = loss + tasks.mood.exclusive_weight * exclusive_cross_entropy(
                    logits[:, group], targets[:, group]
                )
            return loss
        return masked_bce(logits, targets)

    def _teaches(self, task: str, targets: Tensor) -> bool:
        if targets.is_floating_point():
            return not bool(targets.isnan().all())
        known = targets[targets != UNKNOWN_CLASS]
        if task in self.labels.paired:
            return len(set(known.tolist())) < len(known)
        return len(known) > 0
