"""A model folder has two files: ``model.safetensors`` (weights) and ``model.json`` (what they mean); never a
pickle.

The JSON holds the checksum of the weights and is written last, so a half-written model is never loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from pydantic import ValidationError

from moodrec.config import explain
from moodrec.errors import ConfigError, CorruptStoreError, NotFoundError
from moodrec.files import read_regular, write_atomically
from moodrec.model.describe import MOST_OF_SPEC, SPEC, fingerprint_of
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.model.stored_weights import no_larger_than, put_weights
from moodrec.plugins import check_trusted

WEIGHTS = "model.safetensors"
"""Name of the file of weights in a model folder."""
_MOST_OF_WEIGHTS: Final = 4 << 30


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode, with its description."""

    network: MoodNetwork
    spec: ModelSpec
    fingerprint: str
    """16 hex digits that change with the weights and with the meaning of the scores."""


def save_model(folder: Path, network: MoodNetwork, spec: ModelSpec) -> str:
    """Write a model folder.

    Args:
        folder: the folder, which is made if it does not exist.
        network: the network whose weights are stored.
        spec: its description.

    Returns:
        The model's fingerprint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().contiguous().cpu() for name, tensor in network.state_dict().items()}
    weights = safetensors.torch.save(state)
    document = {"weights_sha256": hashlib.sha256(weights).hexdigest(), **spec.model_dump(mode="json")}
    text = json.dumps(document, indent=1, ensure_ascii=False).encode()
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / SPEC, text)
    return fingerprint_of(document)


def load_model(folder: Path, trusted: Collection[str] = ()) -> LoadedModel:
    """Read a model folder.

    Args:
        folder: the folder.
        trusted: dotted paths of backbones (``package.module:Class``) that may be imported if the model names one;
            plug-ins that an installed package registers need not be listed.

    Raises:
        NotFoundError: the folder holds no model.
        UsageError: the model names a backbone by a dotted path that is not trusted.
        ConfigError: its backbone is a plug-in that is not installed or does not work.
        CorruptStoreError: a file is damaged, or the two files belong to different models.
    """
    text, weights = _read(folder / SPEC, MOST_OF_SPEC), _read(folder / WEIGHTS, _MOST_OF_WEIGHTS)
    spec, fingerprint = _parse(text, weights, folder)
    check_trusted("backbone", spec.network.backbone, trusted, str(folder / SPEC))
    try:
        # Weights are drawn at random before they are read.
        with torch.random.fork_rng(devices=[]), no_larger_than(weights, folder):
            network = MoodNetwork(spec.audio, spec.network, spec.heads)
    except ConfigError as error:
        raise ConfigError(f"{folder}: {error}") from error
    put_weights(network, weights, folder)
    return LoadedModel(network.eval(), spec, fingerprint)


def _parse(text: bytes, weights: bytes, folder: Path) -> tuple[ModelSpec, str]:
    try:
        document = json.loads(text)
        fingerprint = fingerprint_of(document)
        checksum = document.pop("weights_sha256")
        spec = ModelSpec.model_validate(document)
    except ValidationError as error:
        raise CorruptStoreError(f"{folder / SPEC}: {explain(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptStoreError(f"{folder / SPEC}: not a model description") from error
    if hashlib.sha256(weights).hexdigest() != checksum:
        raise CorruptStoreError(f"{folder / WEIGHTS}: checksum differs; copy the model again")
    return spec, fingerprint


def _read(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file; a model is a folder with {SPEC} and {WEIGHTS}") from None
