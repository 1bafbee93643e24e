"""An engine runs a model's network: ONNX Runtime on the CPU, or PyTorch, which also runs on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from moodrec.typing import Float32Array

EngineName = Literal["auto", "onnxruntime", "torch"]


@dataclass(frozen=True, eq=False)
class WindowMeans:
    """What the network computes of a track, as the means over its windows."""

    embedding: Float32Array
    """(embedding_dim,), not of unit length."""
    logits: Float32Array
    """(targets,) the logits of the mood head."""


class Engine(Protocol):
    """Runs the network over the windows of one track at a time, by itself.

    What is analysed beside a track, and by how many processes, cannot change its last bits.
    """

    @property
    def description(self) -> str:
        """Name the library that computes, and where it runs."""

    def embed_windows(self, windows: Float32Array) -> WindowMeans:
        """Analyse windows of samples, (n, window_samples)."""


@runtime_checkable
class SpectrogramEngine(Engine, Protocol):
    """An engine that also takes spectrograms."""

    def embed_log_mels(self, log_mels: Float32Array) -> WindowMeans:
        """Analyse windows of log-mel spectrograms, (n, n_mels, frames)."""
