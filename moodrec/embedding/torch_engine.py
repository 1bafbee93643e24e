"""A model's network runs on PyTorch: on a GPU, on spectrograms, and where a model has no ONNX graph."""

from __future__ import annotations

import torch
from torch import Tensor

from moodrec.config import Device
from moodrec.embedding.engine import WindowMeans
from moodrec.errors import UsageError
from moodrec.model.checkpoint import LoadedModel
from moodrec.model.frontend import build_front_end
from moodrec.model.inference import mean_features, read_features
from moodrec.typing import Float32Array


class TorchEngine:
    """Runs a network over the windows of one track at a time."""

    def __init__(self, loaded: LoadedModel, device: Device) -> None:
        """Move the network to where it runs.

        Args:
            loaded: the network, in evaluation mode.
            device: ``auto`` takes a CUDA device if there is one.

        Raises:
            UsageError: there is no CUDA device.
        """
        self._device = _resolve_device(device)
        self._network = loaded.network.to(self._device)
        self._front = build_front_end(loaded.spec.audio).to(self._device)

    @property
    def description(self) -> str:
        """Name the library that computes, and where it runs."""
        place = torch.cuda.get_device_name() if self._device.type == "cuda" else "the CPU"
        return f"PyTorch {torch.__version__} on {place}"

    def embed_windows(self, windows: Float32Array) -> WindowMeans:
        """Analyse windows of samples, (n, window_samples)."""
        with torch.inference_mode():
            return self._means(self._front(torch.from_numpy(windows).to(self._device)))

    def embed_log_mels(self, log_mels: Float32Array) -> WindowMeans:
        """Analyse windows of log-mel spectrograms, (n, n_mels, frames)."""
        return self._means(torch.from_numpy(log_mels).to(self._device))

    def _means(self, log_mels: Tensor) -> WindowMeans:
        found = read_features(self._network, mean_features(self._network, log_mels))
        return WindowMeans(found.embedding, found.mood_logits)


def gpu_is_there() -> bool:
    """Say whether PyTorch finds a CUDA device."""
    return torch.cuda.is_available()


def _resolve_device(device: Device) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if gpu_is_there() else "cpu")
    if device == "cuda" and not gpu_is_there():
        raise UsageError("device 'cuda' was requested, but torch finds no CUDA device; take 'auto' or 'cpu'")
    return torch.device(device)
