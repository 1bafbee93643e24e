"""Convert the openly licensed MusiCNN of the package ``musicnn`` (ISC licence) into a moodrec model folder.

    python tools/convert_musicnn.py --tensorflow-python TF/bin/python --out weights/musicnn-msd

The weights are a TensorFlow checkpoint, so a Python that has TensorFlow reads them and runs the original beside
them; that may be an environment of its own::

    python -m venv TF && TF/bin/pip install tensorflow-cpu tf_keras && TF/bin/pip install --no-deps musicnn

The model folder holds the whole tagger: backbone (with its 200 penultimate features), and the head of the 50 tags
of the Million Song Dataset that it was trained on. The outputs of both are compared on the same input before
anything is written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from moodrec.config import AudioConfig, ModelConfig, WindowConfig
from moodrec.model.backbones.musicnn import MusiCNN
from moodrec.model.checkpoint import save_model
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK, ModelSpec

AUDIO = AudioConfig(sample_rate=16_000, n_fft=512, hop_length=256, n_mels=96, f_min=0.0, f_max=8_000.0)
WINDOWS = WindowConfig(window_s=2.992, max_windows=40)
FEATURES = 200
FRAMES = 187
TOLERANCE = 1e-4

# Runs where TensorFlow is; knows nothing of moodrec.
READ_ORIGINAL = """
import os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import musicnn, numpy as np, tensorflow as tf
from pathlib import Path
from musicnn import configuration, models
folder = str(Path(musicnn.__file__).parent / sys.argv[3]) + "/"
reader = tf.compat.v1.train.NewCheckpointReader(folder)
weights = {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map() if "Adam" not in n}
tf.compat.v1.disable_eager_execution()
mels = tf.compat.v1.placeholder(tf.float32, [None, 187, 96])
training = tf.compat.v1.placeholder(tf.bool)
with tf.compat.v1.name_scope("model"):
    outputs = models.define_model(mels, training, sys.argv[3], 50)
session = tf.compat.v1.Session()
tf.compat.v1.train.Saver().restore(session, folder)
logits, *_, penultimate = session.run(outputs, {mels: np.load(sys.argv[1]), training: False})
np.savez(sys.argv[2], **weights, logits=logits, penultimate=penultimate, tags=np.array(configuration.MSD_LABELS))
"""

Arrays = dict[str, NDArray[np.float32]]


def main() -> None:
    """Read, convert, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--tensorflow-python", default=sys.executable, help="a Python with tensorflow and musicnn"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    options = parser.parse_args()
    mels = np.random.default_rng(0).uniform(0, 3, (8, FRAMES, AUDIO.n_mels)).astype(np.float32)
    original = read_original(options.tensorflow_python, mels)
    network = convert(original)
    difference = compare(network, mels, original)
    print(f"largest difference to the original: {difference:.1e}")
    if difference > TOLERANCE:
        sys.exit(f"more than {TOLERANCE:g}: nothing written")
    print(f"{options.out}: fingerprint {save_model(options.out, network, describe(original))}")


def read_original(python: str, mels: NDArray[np.float32]) -> Arrays:
    """The original's weights, and its outputs for ``mels`` (n, frames, n_mels)."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "mels.npy", Path(folder) / "original.npz"
        np.save(given, mels)
        command = [python, "-c", READ_ORIGINAL, str(given), str(made), "MSD_musicnn"]
        subprocess.run(command, check=True)
        with np.load(made) as arrays:
            return dict(arrays)


def convert(original: Arrays) -> MoodNetwork:
    """The same function as the original, as a network of ours."""
    network = MoodNetwork(AUDIO, shape(), heads(original))
    fill_backbone(network.backbone, original)
    nn.init.eye_(network.projection.weight)
    network.norm.running_var.fill_(1 - network.norm.eps)
    head = network.heads[MOOD_TASK]
    copy(head.weight, original["dense_1/kernel"].T)
    copy(head.bias, original["dense_1/bias"])
    return network.eval()


def shape() -> ModelConfig:
    """The published size."""
    return ModelConfig(backbone="musicnn", channels=128, embedding_dim=FEATURES)


def heads(original: Arrays) -> dict[str, HeadSpec]:
    """One sigmoid a tag."""
    return {MOOD_TASK: HeadSpec(kind="multi_label", labels=tuple(f"msd:{tag}" for tag in original["tags"]))}


def fill_backbone(backbone: nn.Module, original: Arrays) -> None:
    """Copy the convolutions (transposed to our order of axes), the dense layer and the batch norms."""
    if not isinstance(backbone, MusiCNN):
        raise TypeError("not a MusiCNN")
    convolutions = [unit.conv for unit in [*backbone.filters, *backbone.layers]]
    norms = [backbone.norm, *(unit.norm for unit in [*backbone.filters, *backbone.layers])]
    for number, convolution in enumerate(convolutions):
        name = numbered("conv2d", number)
        kernel = original[f"{name}/kernel"]
        copy(
            convolution.weight,
            kernel.transpose(3, 2, 1, 0) if number < 5 else kernel[:, :, 0].transpose(2, 1, 0),
        )
        copy(convolution.bias, original[f"{name}/bias"])
    for number, norm in enumerate(norms):
        fill_norm(norm, original, number, None)
    # The original lists maximum and mean of each map side by side; we list all maxima, then all means.
    pooled = original["dense/kernel"].shape[0]
    order = np.arange(pooled).reshape(-1, 2).T.ravel()
    fill_norm(backbone.pooled_norm, original, 9, order)
    copy(backbone.dense.weight, original["dense/kernel"][order].T)
    copy(backbone.dense.bias, original["dense/bias"])
    fill_norm(backbone.dense_norm, original, 10, None)


def fill_norm(norm: nn.Module, original: Arrays, number: int, order: NDArray[np.int64] | None) -> None:
    """Copy a batch norm's scale, shift and statistics."""
    name = numbered("batch_normalization", number)
    pairs = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    for ours, theirs in pairs.items():
        values = original[f"{name}/{theirs}"]
        copy(getattr(norm, ours), values if order is None else values[order])


def numbered(name: str, number: int) -> str:
    """TensorFlow's names: ``dense``, ``dense_1``, ..."""
    return f"{name}_{number}" if number else name


def copy(target: torch.Tensor, values: NDArray[np.float32]) -> None:
    """Fill a parameter or a buffer; the shapes must agree."""
    if target.shape != values.shape:
        raise ValueError(f"{tuple(target.shape)} differs from {values.shape}")
    with torch.no_grad():
        target.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def compare(network: MoodNetwork, mels: NDArray[np.float32], original: Arrays) -> float:
    """Largest absolute difference of penultimate features and of logits."""
    with torch.inference_mode():
        output = network(torch.from_numpy(mels).transpose(1, 2))
    pairs = [(output.embedding, original["penultimate"]), (output.logits[MOOD_TASK], original["logits"])]
    return max(float(np.abs(ours.numpy() - theirs).max()) for ours, theirs in pairs)


def describe(original: Arrays) -> ModelSpec:
    """What the model file says of it; it publishes no moods of ours."""
    return ModelSpec(
        name="musicnn-msd",
        audio=AUDIO,
        windows=WINDOWS,
        network=shape(),
        heads=heads(original),
        moods={},
        scales={},
        calibrated_on="nothing: a model to start from",
        terms="ISC licence, Copyright 2019 Music Technology Group, Universitat Pompeu Fabra",
        provenance={
            "source": "PyPI package musicnn 0.1.0, MSD_musicnn (Pons & Serra 2019, arXiv 1909.06654)"
        },
    )


if __name__ == "__main__":
    main()
