"""A model folder holds ``model.safetensors`` (weights), ``model.onnx`` (the same network as a graph that runs without
PyTorch) and ``model.json`` (what they mean); never a pickle. ``context.json`` says how metadata corrects the scores,
where that is known.

``model.json`` holds the checksums of the others and is written last, so a half-written model is never loaded. Folders
of earlier versions have no graph.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from moodrec.config import explain
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.kinds import is_there, read_regular
from moodrec.files.replacing import write_together
from moodrec.model.context.model import MOST_OF_CONTEXT, ContextModel
from moodrec.model.describe import CONTEXT, CONTEXT_SUM, MOST_OF_SPEC, SPEC, fingerprint_of
from moodrec.model.spec import ModelSpec

WEIGHTS: Final = "model.safetensors"
"""Name of the file of weights in a model folder."""
GRAPH: Final = "model.onnx"
"""Name of the ONNX graph in a model folder."""
_WEIGHTS_SUM: Final = "weights_sha256"
_GRAPH_SUM: Final = "graph_sha256"
_SUMS: Final = (_WEIGHTS_SUM, _GRAPH_SUM, CONTEXT_SUM)
LARGEST: Final = {SPEC: MOST_OF_SPEC, WEIGHTS: 1 << 30, GRAPH: 1 << 30, CONTEXT: MOST_OF_CONTEXT}
"""Greatest size of each file, in bytes: what is larger is not read."""


@dataclass(frozen=True)
class ModelFiles:
    """The content of a model folder, whose files have been found to belong together."""

    spec: ModelSpec
    fingerprint: str
    """16 hex digits that change with the weights and with the meaning of the scores."""
    weights: bytes
    graph: bytes | None
    """The ONNX file; None in a folder of an earlier version, and where it is not wanted."""
    context: ContextModel | None = None
    """How metadata corrects the scores; None where the folder does not say."""


def write_model_files(
    folder: Path, spec: ModelSpec, weights: bytes, graph: bytes | None, context: ContextModel | None = None
) -> str:
    """Write a model folder.

    Args:
        folder: the folder, which is made if it does not exist.
        spec: the description.
        weights: the content of the file of weights.
        graph: the content of the ONNX file, or None for a model that runs on PyTorch alone.
        context: how metadata corrects its scores, if that is known.

    Returns:
        The model's fingerprint.
    """
    sums = {_WEIGHTS_SUM: _sum(weights)} | ({} if graph is None else {_GRAPH_SUM: _sum(graph)})
    document = {**sums, **spec.model_dump(mode="json")}
    parts = [(folder / WEIGHTS, weights), *([] if graph is None else [(folder / GRAPH, graph)])]
    if context is not None:
        written, document = _with_context(document, context)
        parts.append((folder / CONTEXT, written))
    write_together([*parts, (folder / SPEC, _text(document))])
    for name in (GRAPH,) * (graph is None) + (CONTEXT,) * (context is None):
        (folder / name).unlink(missing_ok=True)
    return fingerprint_of(document)


def read_model_files(folder: Path, graph: bool = True) -> ModelFiles:
    """Read a model folder and verify its checksums.

    Args:
        folder: the folder.
        graph: whether the ONNX graph is wanted; without it, its file is neither read nor verified.

    Raises:
        NotFoundError: the folder holds no model.
        CorruptStoreError: a file is damaged, too large or missing, or the files belong to different models.
    """
    document, spec, fingerprint = _parse(_read(folder / SPEC), folder)
    weights = _verified(folder / WEIGHTS, document[_WEIGHTS_SUM])
    context = _context(folder, document[CONTEXT_SUM], spec) if CONTEXT_SUM in document else None
    if not graph or _GRAPH_SUM not in document:
        return ModelFiles(spec, fingerprint, weights, None, context)
    _require(folder / GRAPH)
    return ModelFiles(spec, fingerprint, weights, _verified(folder / GRAPH, document[_GRAPH_SUM]), context)


def _context(folder: Path, checksum: object, spec: ModelSpec) -> ContextModel:
    _require(folder / CONTEXT)
    _verified(folder / CONTEXT, checksum)
    context = ContextModel.load(folder / CONTEXT)
    if not set(context.moods) <= set(spec.moods):
        raise CorruptStoreError(f"{folder / CONTEXT}: is of other moods than the model")
    return context


def _require(path: Path) -> None:
    if not is_there(path):
        raise CorruptStoreError(f"{path}: is missing; copy the model again")


def add_context(folder: Path, context: ContextModel | None) -> str:
    """Give the model in a folder another context, or take its own away; weights and scales stay.

    Args:
        folder: a model folder.
        context: how metadata corrects its scores.

    Returns:
        The model's new fingerprint.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`read_model_files`.
    """
    document, _, _ = _parse(_read(folder / SPEC), folder)
    _verified(folder / WEIGHTS, document[_WEIGHTS_SUM])
    rest = {name: value for name, value in document.items() if name != CONTEXT_SUM}
    if context is None:
        write_together([(folder / SPEC, _text(rest))])
        (folder / CONTEXT).unlink(missing_ok=True)
        return fingerprint_of(rest)
    written, document = _with_context(rest, context)
    # Without its sum, no context is read until the new one is there.
    files = [(folder / SPEC, _text(rest)), (folder / CONTEXT, written), (folder / SPEC, _text(document))]
    write_together(files)
    return fingerprint_of(document)


def _with_context(document: dict[str, Any], context: ContextModel) -> tuple[bytes, dict[str, Any]]:
    """The content of a context's file, and a description with its checksum."""
    written = context.to_json()
    return written, {CONTEXT_SUM: _sum(written), **document}


def add_graph(folder: Path, graph: bytes) -> None:
    """Put an ONNX graph beside the weights of a model folder, whose description and fingerprint stay as they are.

    Args:
        folder: a model folder.
        graph: the content of the ONNX file.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`read_model_files`.
    """
    document, _, _ = _parse(_read(folder / SPEC), folder)
    rest = {name: value for name, value in document.items() if name not in (_WEIGHTS_SUM, _GRAPH_SUM)}
    # Without the sum of a graph, the folder is a sound model of an earlier version until the new graph is there.
    first = {_WEIGHTS_SUM: document[_WEIGHTS_SUM]}
    last = first | {_GRAPH_SUM: _sum(graph)} | rest
    write_together(
        [(folder / SPEC, _text(first | rest)), (folder / GRAPH, graph), (folder / SPEC, _text(last))]
    )


def _text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _parse(text: bytes, folder: Path) -> tuple[dict[str, Any], ModelSpec, str]:
    """Read the description: the document as it is written, the part that is a spec, and the fingerprint."""
    try:
        document = json.loads(text)
        fingerprint = fingerprint_of(document)
        fields = {name: value for name, value in document.items() if name not in _SUMS}
        return document, ModelSpec.model_validate(fields), fingerprint
    except ValidationError as error:
        raise CorruptStoreError(f"{folder / SPEC}: {explain(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptStoreError(f"{folder / SPEC}: not a model description") from error


def _verified(path: Path, checksum: object) -> bytes:
    data = _read(path)
    if _sum(data) != checksum:
        raise CorruptStoreError(f"{path}: checksum differs; copy the model again")
    return data


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST[path.name])
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file; a model is a folder with {SPEC} and {WEIGHTS}") from None
