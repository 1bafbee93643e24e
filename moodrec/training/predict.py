"""Predictions on cached spectrograms, by the window rule that the model uses on files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from moodrec.audio.windows import window_starts
from moodrec.model.inference import mean_embedding, task_logits
from moodrec.model.network import MoodNetwork
from moodrec.training.cache import LoadLogMel
from moodrec.training.recipe import Recipe

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """What a network says of some rows."""

    rows: NDArray[np.int64]
    embeddings: Floats
    """(rows, embedding_dim), not normalised."""
    logits: dict[str, Floats]
    """Task to (rows, labels)."""


def predict(
    network: MoodNetwork,
    log_mels: Sequence[LoadLogMel],
    rows: NDArray[np.int64],
    recipe: Recipe,
) -> Predictions:
    """Embedding and logits of each row, over windows spread across the whole track."""
    embeddings = [_embed(network, log_mels[row](), recipe) for row in rows]
    logits = {task: np.stack([task_logits(network, e, task) for e in embeddings]) for task in network.heads}
    return Predictions(rows, torch.stack(embeddings).cpu().numpy(), logits)


def _embed(network: MoodNetwork, log_mel: NDArray[np.float16], recipe: Recipe) -> torch.Tensor:
    frames = math.ceil(recipe.windows.window_s * recipe.audio.sample_rate / recipe.audio.hop_length)
    whole = np.tile(log_mel, -(-frames // log_mel.shape[1])) if log_mel.shape[1] < frames else log_mel
    starts = window_starts(whole.shape[1], frames, recipe.windows.max_windows)
    windows = np.stack([whole[:, start : start + frames] for start in starts]).astype(np.float32)
    device = next(network.parameters()).device
    return mean_embedding(network, torch.from_numpy(windows).to(device))
