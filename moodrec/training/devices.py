"""One network is trained by several processes, which ``torchrun`` starts: one for each GPU, or some on CPUs.

Each process runs the network over its share of a step's excerpts. The outputs of all are then gathered in the order
that one process would have them in, and every process computes the losses of the whole step. So masked means divide
by the known labels of the step and not of a share, and contrastive losses see all pairs. Gradients are averaged over
the processes; :class:`_Gathered` multiplies by their number, so that the sum over shares comes out.

With frozen batch norms and without dropout or masks, several processes take the steps of one, up to the order of
sums. A live batch norm normalises a share by the share's own statistics, and its running statistics are the mean of
those of the processes; dropout and SpecAugment draw other random numbers.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from moodrec.model.network import NetworkOutput
from moodrec.training.sampling import Draws

Value = TypeVar("Value")

_SEED_STEP: Final = 1 << 24
"""Distance between the seeds of two processes in a step; no run has as many steps."""


def rank_of_environment() -> int:
    """Give the number of this process among those that ``torchrun`` started; 0 for the first, or without it."""
    return int(os.environ.get("RANK", "0")) if "WORLD_SIZE" in os.environ else 0


@dataclass(frozen=True)
class Devices:
    """The processes that train together, of which this is one."""

    rank: int
    """The number of this process; the first, 0, writes everything."""
    world: int
    """The number of processes."""
    device: torch.device

    @classmethod
    @contextlib.contextmanager
    def joined(cls) -> Iterator[Devices]:
        """Meet the other processes, where ``torchrun`` started several; alone, take the GPU if there is one.

        A process group that was made here ends with the context, since the threads of one that is left at the end of
        a process may abort it. After an exception it stays: the others may be amid a collective, and to leave would
        wait for them.
        """
        gpu = torch.cuda.is_available()
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            yield cls.alone()
            return
        device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if gpu else "cpu")
        if gpu:
            torch.cuda.set_device(device)
        met_before = dist.is_initialized()
        if not met_before:
            # Its functions keep the group that there is when they are imported, which PyTorch's optimizers do.
            importlib.import_module("torch.distributed.nn.functional")
            dist.init_process_group("nccl" if gpu else "gloo")
        yield cls(rank_of_environment(), world, device)
        if not met_before:
            dist.destroy_process_group()

    @staticmethod
    def alone() -> Devices:
        """Give this process by itself."""
        return Devices(0, 1, torch.device("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def first(self) -> bool:
        """Say whether this is the process that writes."""
        return self.rank == 0

    @property
    def first_here(self) -> bool:
        """Say whether this is the first process of its machine."""
        return self.world == 1 or os.environ.get("LOCAL_RANK", "0") == "0"

    def seed(self, seed: int) -> int:
        """Make the seed of this process from one that all share, so that their dropout differs."""
        return seed + self.rank * _SEED_STEP

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            dist.barrier()

    def tell(self, value: Value | None) -> Value:
        """Give what the first process passes to all of them; the others pass None."""
        told: list[Any] = [value]
        if self.world > 1:
            dist.broadcast_object_list(told, device=self.device)
        found: Value = told[0]
        return found

    def share(self, draws: Draws) -> Draws:
        """Take this process's share of some tracks, which are consecutive; all where they are too few to share."""
        if not self._are_shared(len(draws.rows)):
            return draws
        rows, seeds = (np.array_split(part, self.world)[self.rank] for part in (draws.rows, draws.seeds))
        return Draws(rows, seeds)

    def gather(self, output: NetworkOutput, tracks: int) -> NetworkOutput:
        """Join the outputs of all processes.

        Args:
            output: of this process's share, some rows for each track.
            tracks: the number of tracks of all shares.

        Returns:
            The rows of all tracks, in their order.
        """
        if not self._are_shared(tracks):
            return output
        each = len(output.embedding) // len(np.array_split(np.arange(tracks), self.world)[self.rank])
        sizes = [each * len(part) for part in np.array_split(np.arange(tracks), self.world)]
        return NetworkOutput(
            _gathered(output.embedding, self.rank, sizes),
            {task: _gathered(logits, self.rank, sizes) for task, logits in output.logits.items()},
        )

    @torch.no_grad()
    def average_gradients(self, *modules: nn.Module) -> None:
        """Replace the gradients of all parameters by their means over the processes."""
        if self.world > 1:
            gradients = [p.grad for module in modules for p in module.parameters() if p.grad is not None]
            _average(gradients, self.world)

    @torch.no_grad()
    def average_statistics(self, network: nn.Module) -> None:
        """Replace the running statistics of batch norms by their means over the processes."""
        if self.world > 1:
            _average([buffer for buffer in network.buffers() if buffer.is_floating_point()], self.world)

    def _are_shared(self, tracks: int) -> bool:
        # Batch norm needs two rows in every process.
        return self.world > 1 and tracks >= 2 * self.world


class _Gathered(torch.autograd.Function):
    """Joins the rows of all processes; every process computes the same loss of them."""

    @staticmethod
    def forward(context: Any, rows: Tensor, rank: int, sizes: list[int]) -> Tensor:
        context.rank, context.sizes = rank, sizes
        # Collectives take tensors of one shape.
        padded = rows.new_zeros((max(sizes), *rows.shape[1:]))
        padded[: len(rows)] = rows
        found = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(found, padded)
        return torch.cat([part[:size] for part, size in zip(found, sizes, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        start = sum(context.sizes[: context.rank])
        own = gradient[start : start + context.sizes[context.rank]]
        # Gradients of parameters are averaged over the processes, and should be summed over the shares.
        return own * len(context.sizes), None, None


def _gathered(rows: Tensor, rank: int, sizes: list[int]) -> Tensor:
    found: Tensor = _Gathered.apply(rows.contiguous(), rank, sizes)
    return found


def _average(tensors: Iterable[Tensor], world: int) -> None:
    """Average tensors over the processes, in one exchange."""
    held = list(tensors)
    if not held:
        return
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in held])
    dist.all_reduce(flat)
    flat /= world
    start = 0
    for tensor in held:
        tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
        start += tensor.numel()
