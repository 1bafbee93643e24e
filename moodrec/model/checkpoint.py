"""A network and its model folder: see :mod:`moodrec.model.folder` for the files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch

from moodrec.errors import ConfigError
from moodrec.model.context.model import ContextModel
from moodrec.model.describe import SPEC
from moodrec.model.folder import GRAPH, ModelFiles, add_graph, read_model_files, write_model_files
from moodrec.model.graph.export import export_graph
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.model.stored_weights import no_larger_than, put_weights
from moodrec.plugins import check_trusted


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode, with its description."""

    network: MoodNetwork
    spec: ModelSpec
    fingerprint: str
    """16 hex digits that change with the weights and with the meaning of the scores."""
    context: ContextModel | None = None
    """How metadata corrects the scores; None where the folder does not say."""


@dataclass(frozen=True)
class WrittenGraph:
    """An ONNX graph that has been written into a model folder."""

    path: Path
    size: int
    """Bytes."""
    fingerprint: str
    """That of the model."""


def save_model(
    folder: Path,
    network: MoodNetwork,
    spec: ModelSpec,
    graph: bool = True,
    context: ContextModel | None = None,
) -> str:
    """Write a model folder.

    Args:
        folder: the folder, which is made if it does not exist.
        network: the network whose weights are stored.
        spec: its description.
        graph: whether to write the network as an ONNX graph too; without one, the model runs on PyTorch alone.
        context: how metadata corrects its scores.

    Returns:
        The model's fingerprint.

    Raises:
        ExportError: the network cannot be written as an ONNX graph; nothing has been written.
    """
    exported = export_graph(network, spec) if graph else None
    state = {name: tensor.detach().contiguous().cpu() for name, tensor in network.state_dict().items()}
    return write_model_files(folder, spec, safetensors.torch.save(state), exported, context)


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
        CorruptStoreError: a file is damaged, or the files belong to different models.
    """
    return build_model(read_model_files(folder, graph=False), folder, trusted)


def build_model(files: ModelFiles, folder: Path, trusted: Collection[str] = ()) -> LoadedModel:
    """Build the network of a model whose files have been read.

    Args:
        files: the files.
        folder: where they were read from, for messages.
        trusted: as for :func:`load_model`.

    Raises:
        UsageError, ConfigError, CorruptStoreError: as :func:`load_model`.
    """
    spec = files.spec
    check_trusted("backbone", spec.network.backbone, trusted, str(folder / SPEC))
    try:
        # Weights are drawn at random before they are read.
        with torch.random.fork_rng(devices=[]), no_larger_than(files.weights, folder):
            network = MoodNetwork(spec.audio, spec.network, spec.heads)
    except ConfigError as error:
        raise ConfigError(f"{folder}: {error}") from error
    put_weights(network, files.weights, folder)
    return LoadedModel(network.eval(), spec, files.fingerprint, files.context)


def write_graph(folder: Path, trusted: Collection[str] = ()) -> WrittenGraph:
    """Write the ONNX graph of a model folder that has none, or write it anew; the fingerprint stays.

    Args:
        folder: the model folder.
        trusted: as for :func:`load_model`.

    Raises:
        ExportError: the network cannot be written as an ONNX graph.
        NotFoundError, UsageError, ConfigError, CorruptStoreError: as :func:`load_model`.
    """
    loaded = load_model(folder, trusted)
    graph = export_graph(loaded.network, loaded.spec)
    add_graph(folder, graph)
    return WrittenGraph(folder / GRAPH, len(graph), loaded.fingerprint)
