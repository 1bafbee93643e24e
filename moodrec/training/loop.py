"""One network is trained here: steps, schedule, moving average, log, checkpoints.

All randomness of a step is seeded from (seed, step), so that a killed run continues from its last checkpoint
exactly as if it had not been killed.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.errors import ConfigError
from moodrec.files.replacing import write_atomically
from moodrec.model.network import MoodNetwork, NetworkOutput, join_outputs
from moodrec.model.spec import MOOD_TASK
from moodrec.training.base_rates import start_from_base_rates
from moodrec.training.batch_norm import untouched_statistics
from moodrec.training.devices import Devices
from moodrec.training.events import EpochFinished, OnEvent, TrainingResumed, event_document
from moodrec.training.inputs import NetworkInputs
from moodrec.training.labels import TaskLabels
from moodrec.training.metadata_input import drawn_metadata
from moodrec.training.objective import Objective
from moodrec.training.optimizer import build_optimizer, schedule, set_learning_rates
from moodrec.training.recipe import Recipe
from moodrec.training.resume import RunState, load_state, save_state
from moodrec.training.sampling import Draws, Sampler, StepDraws
from moodrec.training.warm_start import copy_weights, freeze, train_mode
from moodrec.training.weighting import build_weighting
from moodrec.typing import Float32Array

LOG = "log.jsonl"
"""Name of the log in a network's folder: one line of JSON per epoch."""


@dataclass(frozen=True)
class TrainingSet:
    """What one network learns from: the inputs of the tracks, their labels, and the rows that take part."""

    inputs: NetworkInputs
    labels: TaskLabels
    rows: NDArray[np.int64]
    """Rows that training uses."""
    digest: str = ""
    """Changes with the data; a run is resumed only with the same digest."""
    metadata: Float32Array | None = None
    """(rows of the table, columns) of what is known beside the audio, where the recipe takes it as input."""


class Trainer:
    """Trains one network in ``folder``, from the last checkpoint found there if there is one.

    Where several processes train together, each makes a trainer of the same recipe and data; the first one writes.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: TrainingSet,
        folder: Path,
        on_event: OnEvent,
        devices: Devices | None = None,
    ) -> None:
        self.recipe, self.data, self.folder, self.on_event = recipe, data, folder, on_event
        self.devices = devices or Devices.alone()
        self.config = recipe.training
        self.device = self.devices.device
        self.sampler = Sampler.over(data.rows, data.labels, self.config, recipe.seed)
        self.epoch_steps = self.sampler.steps_per_epoch
        self.objective = Objective.of(recipe, data.labels, self.device)
        torch.manual_seed(recipe.seed)
        network = MoodNetwork(recipe.audio, recipe.shape, data.labels.heads).to(self.device)
        if self.config.channels_last:
            network = network.to(memory_format=torch.channels_last)
        if recipe.warm_start is not None:
            copy_weights(network, recipe.audio, recipe.warm_start, [recipe.network.backbone])
            freeze(network, recipe.warm_start.freeze)
        if recipe.tasks.mood.from_base_rates and MOOD_TASK in data.labels.heads:
            start_from_base_rates(network.heads[MOOD_TASK], data.labels.targets[MOOD_TASK][data.rows])
        weighting = build_weighting(recipe.tasks, tuple(data.labels.targets)).to(self.device)
        optimizer = build_optimizer(network, weighting, self.config, recipe.warm_start)
        self.state = RunState.fresh(network, weighting, optimizer, recipe.digest + data.digest)
        self._check()

    def _check(self) -> None:
        if self.config.metadata_first and set(self.data.labels.targets) <= {MOOD_TASK}:
            raise ConfigError("training.metadata_first: there are no metadata tasks to begin with")
        trained = self.state.network.projection.weight.requires_grad
        if self.recipe.tasks.weighting == "gradnorm" and not trained:
            raise ConfigError(
                "tasks.weighting: gradnorm needs the projection, which warm_start.freeze keeps still"
            )
        if self.recipe.tasks.weighting == "gradnorm" and self.devices.world > 1:
            raise ConfigError(
                "tasks.weighting: gradnorm reads gradients of the whole step, of which each of several processes "
                "has a share; train by one process, or weight tasks by uncertainty"
            )

    def run(self) -> MoodNetwork:
        """Train to the end and return the averaged network in evaluation mode.

        Raises:
            ConfigError: the checkpoint in the folder belongs to another recipe or to other data.
        """
        self._resume()
        if self.state.epoch and self.devices.first:
            self.on_event(TrainingResumed(self.state.epoch))
        while self.state.epoch < self.config.epochs:
            self._epoch()
        return self.state.average.eval()

    def _resume(self) -> None:
        """Let all processes begin with the checkpoint that the first one finds."""
        if self.devices.first:
            load_state(self.folder, self.state)
            self._trim_log()
        if self.devices.world > 1:
            held = self.state.tensors() if self.state.epoch else {}
            known = (self.state.epoch, {name: value.cpu() for name, value in held.items()})
            epoch, tensors = self.devices.tell(known if self.devices.first else None)
            if epoch and not self.devices.first:
                self.state.restore(tensors)
                self.state.epoch = epoch

    def _epoch(self) -> None:
        started, epoch = time.monotonic(), self.state.epoch
        losses: list[dict[str, float]] = []
        for number, draws in enumerate(self.sampler.epoch(epoch)):
            losses.append(self._step(draws, epoch * self.epoch_steps + number))
        self.state.epoch = epoch + 1
        if not self.devices.first:
            return
        self._report(losses, time.monotonic() - started)
        if self.state.epoch % self.config.checkpoint_every == 0 or self.state.epoch == self.config.epochs:
            save_state(self.folder, self.state)

    def _step(self, draws: StepDraws, step: int) -> dict[str, float]:
        # Seeded per step and not per run, so that a resumed run draws what an uninterrupted one would.
        torch.manual_seed(self.devices.seed((self.recipe.seed << 32) + step))
        set_learning_rates(self.state.optimizer, schedule(step, self.config.epochs * self.epoch_steps))
        losses = self.task_losses(draws, step)
        if step < self.config.metadata_first * self.config.epochs * self.epoch_steps:
            losses.pop(MOOD_TASK, None)
        if losses:
            self._descend(losses)
        # The decay rises from 0.1, so that the random weights of the start do not stay in the average.
        self.state.update_average(min(self.config.ema_decay, (1 + step) / (10 + step)))
        return {task: float(loss.detach()) for task, loss in losses.items()}

    def _descend(self, losses: dict[str, Tensor]) -> None:
        network = self.state.network
        total = self.state.weighting(losses, network.projection.weight)
        self.state.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.devices.average_gradients(network, self.state.weighting)
        # A single batch with a very large gradient must not undo many steps.
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        self.state.optimizer.step()
        self.devices.average_statistics(network)

    def task_losses(self, draws: StepDraws, step: int = 0) -> dict[str, Tensor]:
        """Compute the unweighted loss of each task on augmented excerpts of the tracks of a step.

        Tracks added to the mood-labelled ones are often other music, so they go through the network in a pass of
        their own: batch norms normalise them by their own statistics and keep running statistics of the
        mood-labelled tracks alone.

        Args:
            draws: the tracks of the step.
            step: number of the step, which decides whose metadata is hidden where it is an input.
        """
        start = self.recipe.warm_start
        train_mode(self.state.network, start.freeze if start else ())
        main = self._forward(draws.main, step)
        if len(draws.extra.rows) < 2:  # batch norm cannot normalise a single row
            return self.objective.losses(main, self._targets(draws.main, draws.extra.rows[:0]))
        with untouched_statistics(self.state.network):
            extra = self._forward(draws.extra, step)
        return self.objective.losses(join_outputs(main, extra), self._targets(draws.main, draws.extra.rows))

    def _forward(self, draws: Draws, step: int) -> NetworkOutput:
        mine = self.devices.share(draws)
        sample = self.data.inputs.sample(mine).to(self.device)
        metadata = drawn_metadata(self.data.metadata, mine, self.recipe, step)
        known = None if metadata is None else metadata.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            output = self.data.inputs.forward(self.state.network, sample, known)
        return self.devices.gather(output, len(draws.rows))

    def _targets(self, main: Draws, extra: NDArray[np.int64]) -> dict[str, Tensor]:
        targets = self.data.labels.rows(np.concatenate([main.rows, extra]).repeat(self.config.excerpts))
        if MOOD_TASK in targets:
            # Added tracks teach metadata alone, even where a partner track has a mood.
            targets[MOOD_TASK][len(main.rows) * self.config.excerpts :] = np.nan
        return {task: torch.from_numpy(values).to(self.device) for task, values in targets.items()}

    def _trim_log(self) -> None:
        """Drop the log lines of epochs after the checkpoint, which will be trained and logged again."""
        log = self.folder / LOG
        if log.exists():
            lines = log.read_bytes().splitlines(keepends=True)
            write_atomically(log, b"".join(lines[: self.state.epoch]))

    def _report(self, losses: list[dict[str, float]], seconds: float) -> None:
        active = [task for task in self.data.labels.targets if any(task in step for step in losses)]
        means = {task: float(np.mean([step[task] for step in losses if task in step])) for task in active}
        learnt = self.state.weighting.weights() if self.recipe.tasks.weighting != "fixed" else None
        event = EpochFinished(
            epoch=self.state.epoch,
            epochs=self.config.epochs,
            seconds=round(seconds, 3),
            loss={task: round(value, 5) for task, value in means.items()},
            weights=None if learnt is None else {task: round(value, 5) for task, value in learnt.items()},
        )
        log = self.folder / LOG
        earlier = log.read_bytes() if log.exists() else b""
        write_atomically(log, earlier + (json.dumps(event_document(event)) + "\n").encode())
        self.on_event(event)
