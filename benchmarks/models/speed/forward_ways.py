"""The forward pass of a network in several ways, timed, each with how far it moves the embedding."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from moodrec.model.network import MoodNetwork

Forward = Callable[[Tensor], Tensor]
Timer = Callable[[Callable[[], object]], float]


@dataclass(frozen=True)
class Way:
    """One way and what it brings."""

    name: str
    times_real_time: float
    error: float
    """One minus the cosine between the track's embedding and that of the plain way."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Embedder(nn.Module):
    """The part of a network that analysis needs, as a module by itself."""

    def __init__(self, network: MoodNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, log_mels: Tensor) -> Tensor:
        """(windows, n_mels, frames) to (windows, embedding_dim)."""
        return self.network.embed(log_mels)


@torch.no_grad()
def compare_ways(network: MoodNetwork, log_mels: Tensor, seconds: float, timer: Timer) -> list[Way]:
    """Every way on the same windows of a track of so many seconds."""
    embedder = Embedder(network).eval()
    reference = embedder(log_mels).mean(0)
    found = []
    for name, forward in ways(embedder, log_mels):
        embedding = forward(log_mels).float().mean(0)
        error = 1 - torch.cosine_similarity(embedding.double(), reference.double(), dim=0)
        spent = timer(partial(forward, log_mels))
        found.append(Way(name, seconds / spent, max(0.0, float(error))))
    return found


def ways(embedder: Embedder, log_mels: Tensor) -> Iterator[tuple[str, Forward]]:
    """Names and functions; those that need a C++ compiler only where there is one."""
    last = copy.deepcopy(embedder).to(memory_format=torch.channels_last)
    merged = merge_norms(copy.deepcopy(embedder))
    merged_last = copy.deepcopy(merged).to(memory_format=torch.channels_last)
    yield "float32", embedder
    yield "channels_last", last
    yield "bfloat16", in_bfloat16(embedder)
    yield "bfloat16, channels_last", in_bfloat16(last)
    yield "merged norms", merged
    yield "merged norms, channels_last", merged_last
    yield "merged norms, bfloat16, channels_last", in_bfloat16(merged_last)
    yield "merged norms, channels_last, 8 windows at a time", in_chunks(merged_last, 8)
    yield "torch.export", exported(merged, log_mels)
    if shutil.which("c++"):
        yield "torch.compile", torch.compile(embedder, dynamic=False)
        yield "torch.compile, merged norms, channels_last", torch.compile(merged_last, dynamic=False)


def in_bfloat16(forward: Forward) -> Forward:
    """Under autocast."""

    def half(log_mels: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return forward(log_mels)

    return half


def in_chunks(forward: Forward, size: int) -> Forward:
    """A few windows at a time, whose maps stay in the cache."""
    return lambda log_mels: torch.cat([forward(chunk) for chunk in log_mels.split(size)])


def exported(embedder: nn.Module, log_mels: Tensor) -> Forward:
    """The graph that torch.export makes, for any number of windows."""
    windows = torch.export.Dim("windows", min=2)
    program = torch.export.export(embedder, (log_mels,), dynamic_shapes=({0: windows},))
    forward: Forward = program.module()
    return forward


def merge_norms(module: nn.Module) -> nn.Module:
    """Every normalisation that follows a convolution inside a Sequential becomes part of it."""
    for child in module.modules():
        if isinstance(child, nn.Sequential):
            merge_pairs(child)
    return module


def merge_pairs(layers: nn.Sequential) -> None:
    """In place."""
    for place in range(len(layers) - 1):
        conv, norm = layers[place], layers[place + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            layers[place], layers[place + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
