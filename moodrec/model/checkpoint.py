"""A model folder has two files: ``model.safetensors`` (weights) and ``model.json`` (what they mean); never a
pickle. A third, ``context.json``, says how metadata corrects the scores, where that is known.

``model.json`` holds the checksums of the others and is written last, so a half-written model is never loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import ValidationError
from safetensors import SafetensorError

from moodrec.config import explain
from moodrec.errors import ConfigError, CorruptStoreError, NotFoundError
from moodrec.files import write_atomically
from moodrec.model.context.model import ContextModel
from moodrec.model.describe import CONTEXT, CONTEXT_CHECKSUM, SPEC, fingerprint_of
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.plugins import check_trusted

WEIGHTS = "model.safetensors"
"""Name of the file of weights in a model folder."""


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode, with its description."""

    network: MoodNetwork
    spec: ModelSpec
    fingerprint: str
    """16 hex digits that change with the weights and with the meaning of the scores."""
    context: ContextModel | None = None
    """How metadata corrects the scores; None where the folder does not say."""


def save_model(
    folder: Path, network: MoodNetwork, spec: ModelSpec, context: ContextModel | None = None
) -> str:
    """Write a model folder.

    Args:
        folder: the folder, which is made if it does not exist.
        network: the network whose weights are stored.
        spec: its description.
        context: how metadata corrects its scores.

    Returns:
        The model's fingerprint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().contiguous().cpu() for name, tensor in network.state_dict().items()}
    weights = safetensors.torch.save(state)
    document = {"weights_sha256": _sha256(weights), **spec.model_dump(mode="json")}
    write_atomically(folder / WEIGHTS, weights)
    return _write_description(folder, document, context)


def add_context(folder: Path, context: ContextModel | None) -> str:
    """Give the model in a folder another context, or take its own away; weights and scales stay.

    Args:
        folder: the model folder.
        context: how metadata corrects its scores.

    Returns:
        The model's new fingerprint.

    Raises:
        NotFoundError: the folder holds no model.
        CorruptStoreError: one of its files is damaged.
    """
    text, weights = _read(folder / SPEC), _read(folder / WEIGHTS)
    _parse(text, weights, folder)
    document = json.loads(text)
    document.pop(CONTEXT_CHECKSUM, None)
    return _write_description(folder, document, context)


def _write_description(folder: Path, document: dict[str, Any], context: ContextModel | None) -> str:
    """Write the context, then the description with its checksum; a context that is not the model's any more goes."""
    if context is not None:
        context.save(folder / CONTEXT)
        document = document | {CONTEXT_CHECKSUM: _sha256((folder / CONTEXT).read_bytes())}
    write_atomically(folder / SPEC, json.dumps(document, indent=1, ensure_ascii=False).encode())
    if context is None:
        (folder / CONTEXT).unlink(missing_ok=True)
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
    text, weights = _read(folder / SPEC), _read(folder / WEIGHTS)
    spec, fingerprint, context_checksum = _parse(text, weights, folder)
    context = None if context_checksum is None else _context(folder, context_checksum, spec)
    check_trusted("backbone", spec.network.backbone, trusted, str(folder / SPEC))
    try:
        with torch.random.fork_rng(devices=[]):  # weights are drawn at random before they are read
            network = MoodNetwork(spec.audio, spec.network, spec.heads)
    except ConfigError as error:
        raise ConfigError(f"{folder}: {error}") from error
    try:
        network.load_state_dict(safetensors.torch.load(weights))
    except (SafetensorError, RuntimeError) as error:
        raise CorruptStoreError(f"{folder}: the weights do not fit the description: {error}") from error
    return LoadedModel(network.eval(), spec, fingerprint, context)


def _context(folder: Path, checksum: str, spec: ModelSpec) -> ContextModel:
    if _sha256(_read(folder / CONTEXT)) != checksum:
        raise CorruptStoreError(f"{folder / CONTEXT}: checksum differs; copy the model again")
    context = ContextModel.load(folder / CONTEXT)
    if not set(context.moods) <= set(spec.moods):
        raise CorruptStoreError(f"{folder / CONTEXT}: is of other moods than the model")
    return context


def _parse(text: bytes, weights: bytes, folder: Path) -> tuple[ModelSpec, str, str | None]:
    try:
        document = json.loads(text)
        fingerprint = fingerprint_of(document)
        checksum, context = document.pop("weights_sha256"), document.pop(CONTEXT_CHECKSUM, None)
        spec = ModelSpec.model_validate(document)
    except ValidationError as error:
        raise CorruptStoreError(f"{folder / SPEC}: {explain(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptStoreError(f"{folder / SPEC}: not a model description") from error
    if _sha256(weights) != checksum:
        raise CorruptStoreError(f"{folder / WEIGHTS}: checksum differs; copy the model again")
    return spec, fingerprint, context


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file; a model is a folder with {SPEC} and {WEIGHTS}") from None
