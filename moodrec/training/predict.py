"""A network predicts the tracks of a training run by the window rule that the model uses on files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from moodrec.model.inference import read_features
from moodrec.model.network import MoodNetwork
from moodrec.model.odds import all_with_odds
from moodrec.model.spec import HeadSpec
from moodrec.training.inputs import NetworkInputs
from moodrec.typing import Float32Array


@dataclass(frozen=True)
class RowPredictions:
    """The embeddings and logits that a network computes for some rows."""

    rows: NDArray[np.int64]
    """(n,) rows of the joined table."""
    embeddings: Float32Array
    """(n, embedding_dim), not normalised."""
    logits: dict[str, Float32Array]
    """Task to (n, labels)."""


def predict(
    network: MoodNetwork,
    inputs: NetworkInputs,
    rows: NDArray[np.int64],
    metadata: Float32Array | None = None,
    heads: Mapping[str, HeadSpec] | None = None,
) -> RowPredictions:
    """Compute the embedding and the logits of each row, over windows spread across the whole track.

    Args:
        network: in evaluation mode.
        inputs: the inputs of all tracks.
        rows: (n,) the rows to predict.
        metadata: (rows of the table, columns) of what is known beside the audio; None predicts from the audio alone.
        heads: the network's heads by task, which say what targets are told by the odds of others; None leaves each
            target its own logit.
    """
    device = next(network.parameters()).device
    known = None if metadata is None else torch.from_numpy(metadata).to(device)
    found = [
        read_features(network, mean_features(network, inputs, row), None if known is None else known[row])
        for row in rows.tolist()
    ]
    logits = {task: np.stack([own.logits[task] for own in found]) for task in network.heads}
    return RowPredictions(
        rows, np.stack([own.embedding for own in found]), all_with_odds(heads or {}, logits)
    )


@torch.inference_mode()
def mean_features(network: MoodNetwork, inputs: NetworkInputs, row: int) -> torch.Tensor:
    """Compute the mean of the backbone's features over all windows of a track.

    Args:
        network: in evaluation mode.
        inputs: the inputs of all tracks.
        row: the track.

    Returns:
        (features,) float32.
    """
    device = next(network.parameters()).device
    return inputs.of_backbone(network, inputs.whole(row).to(device)).float().mean(0)
