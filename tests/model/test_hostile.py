"""A model folder of a stranger: sizes, settings and weights that would hang, or take all memory, are refused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import CorruptStoreError
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.describe import SPEC, describe_model
from moodrec.model.folder import WEIGHTS
from tests.small_model import small_network, small_spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", small_network(), small_spec(), graph=False)
    return tmp_path / "model"


def described(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the description, and make its checksum right."""
    document = json.loads((folder / SPEC).read_text())
    change(document)
    document["weights_sha256"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / SPEC).write_text(json.dumps(document))


def weighted(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the weights."""
    state = safetensors.torch.load((folder / WEIGHTS).read_bytes())
    change(state)
    (folder / WEIGHTS).write_bytes(safetensors.torch.save(state))
    described(folder, lambda document: None)


def fill(tensor: torch.Tensor, value: float) -> None:
    tensor.fill_(value)


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("network", "channels", 10**6),
        ("network", "channels", 4096),
        ("network", "embedding_dim", 65_536),
        ("network", "embedding_dim", 10**9),
        ("windows", "window_s", 1e9),
        ("windows", "window_s", 3600),
        ("windows", "window_s", 0.001),
        ("windows", "max_windows", 1 << 40),
        ("windows", "silence_dbfs", float("nan")),
        ("audio", "n_fft", 1 << 30),
        ("audio", "n_mels", 10**9),
        ("audio", "n_mels", 1000),
        ("audio", "hop_length", 1 << 62),
        ("audio", "sample_rate", 10**9),
        ("audio", "win_length", 2048),
        ("audio", "f_min", 9000.0),
        ("audio", "f_max", float("inf")),
        ("audio", "quiet_lu", float("inf")),
    ],
)
def test_sizes(folder: Path, part: str, field: str, value: float) -> None:
    described(folder, lambda document: document[part].update({field: value}))
    with pytest.raises(CorruptStoreError, match=f"{field}|window|fit the description"):
        load_model(folder)


def test_sizes_that_are_possible_one_by_one(folder: Path) -> None:
    described(folder, lambda document: document["audio"].update(n_fft=32_768, hop_length=1))
    with pytest.raises(CorruptStoreError, match="too long to be analysed"):
        load_model(folder)


@pytest.mark.parametrize(
    "scale",
    [
        {"quantiles": []},
        {"quantiles": [0.5, 0.1]},
        {"quantiles": [0.1, float("nan")]},
        {"quantiles": [0.1, 0.2], "slope": float("inf")},
        {"quantiles": [0.1, 0.2], "intercept": float("nan")},
    ],
)
def test_scales(folder: Path, scale: dict[str, Any]) -> None:
    described(folder, lambda document: document["scales"].update(calm=scale))
    with pytest.raises(CorruptStoreError, match=r"scales\.calm"):
        load_model(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite(folder: Path, value: float) -> None:
    weighted(folder, lambda state: fill(state["projection.weight"].view(-1)[5:6], value))
    with pytest.raises(CorruptStoreError, match=r"projection\.weight hold numbers that are not finite"):
        load_model(folder)


def test_variances_below_zero(folder: Path) -> None:
    weighted(folder, lambda state: fill(state["norm.running_var"], -1.0))
    with pytest.raises(CorruptStoreError, match="below zero"):
        load_model(folder)


def test_weights_so_large_that_sums_are_not_finite(folder: Path) -> None:
    def enlarge(state: dict[str, torch.Tensor]) -> None:
        state["projection.weight"].fill_(3e38)
        state["norm.weight"].fill_(3e38)

    weighted(folder, enlarge)
    model = MoodModel.load(folder, "cpu", engine="torch")
    noise = np.random.default_rng(1).standard_normal(64_000).astype(np.float32)
    with pytest.raises(CorruptStoreError, match="not finite"):
        model.analyze_waveform(noise, 16_000)


def test_more_labels_than_weights(folder: Path) -> None:
    described(folder, lambda document: document["heads"]["artist"].update(labels=["x"] * 200_000))
    with pytest.raises(CorruptStoreError, match="fit the description"):
        load_model(folder)


def test_json_without_end(folder: Path) -> None:
    (folder / SPEC).write_text('{"a":' * 100_000)
    for read in (load_model, describe_model):
        with pytest.raises(CorruptStoreError, match="not a model description"):
            read(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", [SPEC, WEIGHTS])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_files_that_are_none(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    with pytest.raises(CorruptStoreError, match="no regular file"):
        load_model(folder)


def test_a_link_to_a_file_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / WEIGHTS).rename(tmp_path / "blob")
    (folder / WEIGHTS).symlink_to(tmp_path / "blob")
    assert load_model(folder).spec.name == "small"
