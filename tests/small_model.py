"""A small untrained model for tests that need a real network but not its taste."""

from __future__ import annotations

import numpy as np
import torch

from moodrec.config import AudioConfig, ModelConfig, WindowConfig
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec, MoodScale, PublishedMood

HEADS = {
    "mood": HeadSpec(kind="multi_label", labels=("test:calm", "test:happy", "test:sad")),
    "artist": HeadSpec(kind="classes", labels=("a", "b")),
}


def small_spec() -> ModelSpec:
    quantiles = tuple(map(float, np.linspace(0.1, 0.9, 11)))
    return ModelSpec(
        name="small",
        audio=AudioConfig(n_mels=32),
        windows=WindowConfig(window_s=2.0, max_windows=4),
        network=ModelConfig(channels=4, embedding_dim=16),
        heads=HEADS,
        moods={
            "calm": PublishedMood(description="Calm.", targets=("test:calm",)),
            "blue": PublishedMood(description="Happy or sad.", targets=("test:happy", "test:sad")),
        },
        scales={
            "calm": MoodScale(slope=2.0, intercept=-0.5, quantiles=quantiles),
            "blue": MoodScale(quantiles=quantiles),
        },
        calibrated_on="nothing: a test",
    )


def small_network(seed: int = 0) -> MoodNetwork:
    spec = small_spec()
    torch.manual_seed(seed)
    return MoodNetwork(spec.audio, spec.network, spec.heads)
