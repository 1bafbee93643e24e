"""Convert MobileNetV3 weights trained on AudioSet (EfficientAT, MIT licence) into a moodrec model folder.

    python tools/convert_mn.py $MOODREC_DATA/models/mn04_as.safetensors \
        --reference $MOODREC_DATA/models/mn04_reference.npz --out weights/mn04-audioset

The weights are a safetensors file with the names of the original project, https://github.com/fschmid56/EfficientAT.
The reference holds what the original code makes of one excerpt: ``log_mel`` (1, 128, frames), ``pooled`` (1, 384),
``penultimate`` (1, 512), ``logits`` (1, 527). Nothing is written unless the outputs agree.

The model folder holds the whole tagger: backbone (with its 512 penultimate features), and the head of AudioSet's 527
classes, which are numbered and not named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from moodrec.config import AudioConfig, ModelConfig, WindowConfig
from moodrec.model.backbones.mn import MN
from moodrec.model.checkpoint import save_model
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK, ModelSpec

AUDIO = AudioConfig(
    sample_rate=16_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=0.0,
    f_max=15_000.0,
    mel="kaldi",
)
WINDOWS = WindowConfig(window_s=10.0, max_windows=12)
TOLERANCE = 1e-4
TERMS = "MIT licence, Copyright (c) 2022 Florian Schmid"

Tensors = Mapping[str, Tensor]
Arrays = Mapping[str, NDArray[np.float32]]


def main() -> None:
    """Read, convert, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("weights", type=Path, help="safetensors file with the original's names")
    parser.add_argument("--reference", type=Path, required=True, help="npz file of the original's outputs")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    options = parser.parse_args()
    network = convert(safetensors.torch.load_file(options.weights))
    with np.load(options.reference) as reference:
        difference = compare(network, dict(reference))
    print(f"largest difference to the original: {difference:.1e}")
    if difference > TOLERANCE:
        sys.exit(f"more than {TOLERANCE:g}: nothing written")
    print(f"{options.out}: fingerprint {save_model(options.out, network, describe(network))}")


def convert(original: Tensors) -> MoodNetwork:
    """The same function as the original, as a network of ours.

    Raises:
        ValueError: a tensor is missing, has another shape, or would not be used.
    """
    dense, head = original["classifier.2.weight"], original["classifier.5.weight"]
    channels = original["features.16.0.weight"].shape[1]
    config = ModelConfig(backbone="mn", channels=channels, embedding_dim=dense.shape[0])
    labels = tuple(f"audioset:{number}" for number in range(head.shape[0]))
    heads = {MOOD_TASK: HeadSpec(kind="multi_label", labels=labels)}
    network = MoodNetwork(AUDIO, config, heads)
    nn.init.eye_(network.projection.weight)
    network.norm.running_var.fill_(1 - network.norm.eps)
    if not isinstance(network.backbone, MN):
        raise TypeError("not an MN")
    names = dict(backbone_names(network.backbone)) | {f"heads.{MOOD_TASK}": "classifier.5"}
    fill(network, original, names)
    return network.eval()


def backbone_names(backbone: MN) -> Iterator[tuple[str, str]]:
    """Our modules that hold tensors, and what the original calls them."""
    yield from _unit_names("backbone.first", "features.0")
    for number, block in enumerate(backbone.blocks):
        ours, theirs = f"backbone.blocks.{number}.layers", f"features.{number + 1}.block"
        for place, layer in enumerate(block.get_submodule("layers").children()):
            if isinstance(layer, nn.Sequential):
                yield from _unit_names(f"{ours}.{place}", f"{theirs}.{place}")
            else:
                gate = f"{theirs}.{place}.conc_se_layers.0"
                yield f"{ours}.{place}.squeeze", f"{gate}.fc1"
                yield f"{ours}.{place}.widen", f"{gate}.fc2"
    yield from _unit_names("backbone.last", "features.16")
    yield "backbone.dense.0", "classifier.2"


def _unit_names(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    yield f"{ours}.0", f"{theirs}.0"
    yield f"{ours}.1", f"{theirs}.1"


@torch.no_grad()
def fill(network: MoodNetwork, original: Tensors, names: Mapping[str, str]) -> None:
    """Copy every tensor of the original; the shapes must agree, and none may be left over."""
    known = network.state_dict()
    used = set()
    for ours, theirs in names.items():
        own = [name for name in known if name.rpartition(".")[0] == ours]
        for name in own:
            source = f"{theirs}.{name.rpartition('.')[2]}"
            if source not in original or known[name].shape != original[source].shape:
                raise ValueError(f"{source} is missing, or is not of shape {tuple(known[name].shape)}")
            known[name].copy_(original[source])
            used.add(source)
    if left := sorted({*original} - used):
        raise ValueError(f"tensors that would not be used: {', '.join(left[:5])}")


def compare(network: MoodNetwork, reference: Arrays) -> float:
    """Largest absolute difference of pooled maps, penultimate features and logits."""
    with torch.inference_mode():
        pooled = network.backbone.trunk(torch.from_numpy(reference["log_mel"]))
        penultimate = network.backbone.neck(pooled)
        logits = network.read(penultimate).logits[MOOD_TASK]
    pairs = {"pooled": pooled, "penultimate": penultimate, "logits": logits}
    return max(float(np.abs(ours.numpy() - reference[name]).max()) for name, ours in pairs.items())


def describe(network: MoodNetwork) -> ModelSpec:
    """What the model file says of it; it publishes no moods of ours."""
    head = network.heads[MOOD_TASK]
    last = network.backbone.get_submodule("last.0")
    labels = tuple(f"audioset:{number}" for number in range(int(head.weight.shape[0])))
    return ModelSpec(
        name="mn04-audioset",
        audio=AUDIO,
        windows=WINDOWS,
        network=ModelConfig(
            backbone="mn", channels=int(last.weight.shape[1]), embedding_dim=network.backbone.features
        ),
        heads={MOOD_TASK: HeadSpec(kind="multi_label", labels=labels)},
        moods={},
        scales={},
        calibrated_on="nothing: a model to start from",
        terms=TERMS,
        provenance={"source": "EfficientAT mn04_as (Schmid, Koutini & Widmer, arXiv 2211.04772)"},
    )


if __name__ == "__main__":
    main()
