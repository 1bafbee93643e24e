"""MobileNetV3 for audio: its widths, and the converted weights against the original's outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from moodrec.model.backbones.mn import MN, to_eights
from moodrec.model.checkpoint import load_model
from moodrec.model.spec import MOOD_TASK

CONVERT = Path(__file__).parents[2] / "tools" / "convert_mn.py"


def convert(weights: Path, reference: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CONVERT), str(weights), "--reference", str(reference), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("width", "rounded"), [(1, 8), (6.4, 8), (9.6, 16), (44.8, 48), (28.8, 32), (64, 64)]
)
def test_widths_are_eights_and_not_much_less_than_asked_for(width: float, rounded: int) -> None:
    assert to_eights(width) == rounded


def test_widths_of_the_published_sizes() -> None:
    assert (MN(64).features, MN(160).features) == (512, 1280)
    assert MN(64)(torch.rand(1, 128, 100)).shape == (1, 512)


def test_any_number_of_bands() -> None:
    assert MN(8).eval()(torch.rand(2, 40, 50)).shape == (2, 64)


def test_the_converted_weights_compute_what_the_original_does(shared_data: Path, tmp_path: Path) -> None:
    models = shared_data / "models"
    done = convert(models / "mn04_as.safetensors", models / "mn04_reference.npz", tmp_path / "mn04")
    assert done.returncode == 0, done.stderr
    network = load_model(tmp_path / "mn04").network
    with np.load(models / "mn04_reference.npz") as reference, torch.inference_mode():
        log_mel = torch.from_numpy(reference["log_mel"])
        pooled = network.backbone.trunk(log_mel)
        np.testing.assert_allclose(pooled.numpy(), reference["pooled"], atol=1e-4)
        np.testing.assert_allclose(network.embed(log_mel).numpy(), reference["penultimate"], atol=1e-4)
        np.testing.assert_allclose(network(log_mel).logits[MOOD_TASK].numpy(), reference["logits"], atol=1e-4)


def test_other_weights_are_refused(shared_data: Path, tmp_path: Path) -> None:
    models = shared_data / "models"
    tensors = safetensors.torch.load_file(models / "mn04_as.safetensors")
    tensors["features.3.block.0.0.weight"] *= 1.01
    safetensors.torch.save_file(tensors, tmp_path / "other.safetensors")
    done = convert(tmp_path / "other.safetensors", models / "mn04_reference.npz", tmp_path / "out")
    assert done.returncode == 1
    assert "nothing written" in done.stderr
    assert not (tmp_path / "out").exists()
