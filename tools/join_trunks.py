"""Join two converted networks into one model folder: MusiCNN beside the MobileNetV3 trained on AudioSet.

    python tools/join_trunks.py --musicnn weights/musicnn-msd --mn weights/mn04-audioset \
        --out weights/musicnn-mn-tonal

The folders are those that ``convert_musicnn.py`` and ``convert_mn.py`` make. The result is a model to start from, as
``recipes/default.toml`` does: its backbone is ``musicnn_mn_tonal``, whose features of the notes need no
weights and whose last normalisation is left as it is made. It has no heads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from moodrec.config import AudioConfig, ModelConfig, WindowConfig
from moodrec.model.backbones.musicnn_mn import MN_AUDIO, MUSICNN_AUDIO, MusiCNNBesideMN
from moodrec.model.checkpoint import LoadedModel, load_model, save_model
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec

AUDIO = AudioConfig(sample_rate=16_000, mel="none", n_mels=1, hop_length=1)
CHANNELS = 128


def main() -> None:
    """Read both, copy, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--musicnn", type=Path, required=True)
    parser.add_argument("--mn", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    musicnn, mn = load_model(options.musicnn), load_model(options.mn)
    config = ModelConfig(backbone="musicnn_mn_tonal", channels=CHANNELS, embedding_dim=1)
    torch.manual_seed(0)  # the projection is not used, but counts for the fingerprint
    network = MoodNetwork(AUDIO, config, {})
    join(network, musicnn, mn)
    fingerprint = save_model(options.out, network, describe(config, musicnn, mn))
    print(f"{options.out}: fingerprint {fingerprint}")


def join(network: MoodNetwork, musicnn: LoadedModel, mn: LoadedModel) -> None:
    """Copy the weights of both backbones.

    Raises:
        ValueError: one of them takes other spectrograms than the joined backbone makes.
    """
    for found, needed in ((musicnn.spec.audio, MUSICNN_AUDIO), (mn.spec.audio, MN_AUDIO)):
        if found != needed:
            raise ValueError(f"takes spectrograms of {found}, not of {needed}")
    backbone = network.backbone
    assert isinstance(backbone, MusiCNNBesideMN)
    backbone.musicnn.network.load_state_dict(musicnn.network.backbone.state_dict())
    backbone.mn.network.load_state_dict(mn.network.backbone.state_dict())


def describe(config: ModelConfig, musicnn: LoadedModel, mn: LoadedModel) -> ModelSpec:
    """What the model file says of it; it publishes no moods."""
    return ModelSpec(
        name="musicnn-mn-tonal",
        audio=AUDIO,
        windows=WindowConfig(window_s=6.0, max_windows=10),
        network=config,
        heads={},
        moods={},
        scales={},
        calibrated_on="nothing: a model to start from",
        terms=f"{musicnn.spec.terms}; {mn.spec.terms}",
        provenance={"musicnn": musicnn.fingerprint, "mn": mn.fingerprint},
    )


if __name__ == "__main__":
    main()
