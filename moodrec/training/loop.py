"""One network's training: steps, schedule, moving average, log, checkpoints.

All randomness of a step is seeded from (seed, step), so that a killed run continues from its last checkpoint
exactly as if it had not been killed.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.files import write_atomically
from moodrec.model.losses import masked_bce, masked_cross_entropy
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.augment import SpecAugment
from moodrec.training.cache import LoadLogMel
from moodrec.training.labels import TaskLabels
from moodrec.training.recipe import Recipe
from moodrec.training.resume import RunState, load_state, save_state
from moodrec.training.sampling import epoch_batches, excerpts, steps_per_epoch

LOG = "log.jsonl"

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class TrainingSet:
    """What one network learns from."""

    log_mels: Sequence[LoadLogMel]
    labels: TaskLabels
    rows: NDArray[np.int64]
    """Rows that take part."""
    digest: str = ""
    """Changes with the data; a run is resumed only with the same."""


class Trainer:
    """Trains one network in ``folder``, from the last checkpoint found there if there is one."""

    def __init__(self, recipe: Recipe, data: TrainingSet, folder: Path, on_event: OnEvent) -> None:
        self.recipe, self.data, self.folder, self.on_event = recipe, data, folder, on_event
        self.config = recipe.training
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.frames = math.ceil(recipe.windows.window_s * recipe.audio.sample_rate / recipe.audio.hop_length)
        self.epoch_steps = steps_per_epoch(len(data.rows), self.config.batch_size)
        self.target_weights = self._target_weights()
        self.augment = SpecAugment(recipe.augment)
        torch.manual_seed(recipe.seed)
        network = MoodNetwork(recipe.audio, recipe.network, data.labels.heads).to(self.device)
        if self.config.channels_last:
            network = network.to(memory_format=torch.channels_last)
        self.state = RunState.fresh(network, self._optimizer(network), recipe.digest + data.digest)

    def run(self) -> MoodNetwork:
        """Train to the end and return the averaged network in evaluation mode."""
        load_state(self.folder, self.state)
        self._trim_log()
        if self.state.epoch:
            self.on_event({"event": "resumed", "epoch": self.state.epoch})
        while self.state.epoch < self.config.epochs:
            self._epoch()
        return self.state.average.eval()

    def _epoch(self) -> None:
        started, epoch = time.monotonic(), self.state.epoch
        losses: list[dict[str, float]] = []
        batches = epoch_batches(self.data.rows, self.config.batch_size, self.recipe.seed, epoch)
        for number, batch in enumerate(batches):
            losses.append(self._step(batch, epoch * self.epoch_steps + number))
        self.state.epoch = epoch + 1
        self._report(losses, time.monotonic() - started)
        if self.state.epoch % self.config.checkpoint_every == 0 or self.state.epoch == self.config.epochs:
            save_state(self.folder, self.state)

    def _step(self, batch: NDArray[np.int64], step: int) -> dict[str, float]:
        torch.manual_seed((self.recipe.seed << 32) + step)
        for group in self.state.optimizer.param_groups:
            group["lr"] = self._learning_rate(step)
        losses = self.task_losses(batch, self.state.epoch)
        total = torch.stack([self._weight(task) * loss for task, loss in losses.items()]).sum()
        self.state.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.state.network.parameters(), 5.0)
        self.state.optimizer.step()
        self.state.update_average(min(self.config.ema_decay, (1 + step) / (10 + step)))
        return {task: float(loss.detach()) for task, loss in losses.items()}

    def task_losses(self, batch: NDArray[np.int64], epoch: int) -> dict[str, Tensor]:
        """Unweighted loss of each task on one augmented excerpt of each track of ``batch``."""
        self.state.network.train()
        sample = excerpts(self.data.log_mels, batch, self.frames, (self.recipe.seed, epoch))
        log_mel = self.augment(torch.from_numpy(sample)).to(self.device)
        half = self.config.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.state.network(log_mel).logits
        targets = {
            task: torch.from_numpy(values).to(self.device)
            for task, values in self.data.labels.rows(batch).items()
        }
        return {task: self._loss(task, logits[task], targets[task]) for task in logits}

    def _loss(self, task: str, logits: Tensor, targets: Tensor) -> Tensor:
        if self.data.labels.heads[task].kind == "classes":
            return masked_cross_entropy(logits, targets)
        if task == MOOD_TASK:
            smooth = self.recipe.label_smoothing
            return masked_bce(logits, targets * (1 - smooth) + smooth / 2, self.target_weights)
        return masked_bce(logits, targets)

    def _weight(self, task: str) -> float:
        return float(getattr(self.recipe.tasks, task).weight)

    def _target_weights(self) -> Tensor:
        head = self.data.labels.heads.get(MOOD_TASK)
        prefixes = self.recipe.tasks.mood.target_weights
        names = head.labels if head else ()
        matches = [[p for p in prefixes if name.startswith(p)] for name in names]
        weights = [prefixes[max(found, key=len)] if found else 1.0 for found in matches]
        return torch.tensor(weights, device=self.device)

    def _optimizer(self, network: MoodNetwork) -> torch.optim.AdamW:
        decayed = [p for p in network.parameters() if p.ndim > 1]
        plain = [p for p in network.parameters() if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": self.config.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.config.learning_rate)

    def _learning_rate(self, step: int) -> float:
        total = self.config.epochs * self.epoch_steps
        warm = max(1, total // 10)
        if step < warm:
            return self.config.learning_rate * (step + 1) / warm
        return (
            self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
        )

    def _trim_log(self) -> None:
        """Drop the lines of epochs after the checkpoint: they will be trained, and told, again."""
        log = self.folder / LOG
        if log.exists():
            lines = log.read_bytes().splitlines(keepends=True)
            write_atomically(log, b"".join(lines[: self.state.epoch]))

    def _report(self, losses: list[dict[str, float]], seconds: float) -> None:
        means = {task: float(np.mean([loss[task] for loss in losses])) for task in losses[0]}
        event: Event = {
            "event": "epoch",
            "epoch": self.state.epoch,
            "epochs": self.config.epochs,
            "seconds": round(seconds, 3),
            "loss": {task: round(value, 5) for task, value in means.items()},
        }
        with (self.folder / LOG).open("a") as log:
            log.write(json.dumps(event) + "\n")
        self.on_event(event)
