"""A network is traced into an ONNX graph, and the graph is compared with it before it is used."""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from moodrec.config import AudioConfig
from moodrec.errors import CorruptStoreError, ExportError, MissingExtraError
from moodrec.extras import TRAIN, has_modules
from moodrec.files.disk import disk_errors, require_room
from moodrec.model.frontend import build_front_end
from moodrec.model.graph.runtime import onnxruntime
from moodrec.model.graph.session import EMBEDDING, LOGITS, WAVEFORM, GraphSession, GraphShape
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK, ModelSpec
from moodrec.typing import Float32Array

_OPSET: Final = 17
_TOLERANCE: Final = 1e-4
"""Greatest difference between graph and network, relative to the largest number where that is above 1."""
_AXIS: Final = {0: "windows"}


class WaveformNetwork(nn.Module):
    """Maps windows of samples to what search uses: the embedding, and the logits of the mood head if there is one."""

    def __init__(self, network: MoodNetwork, audio: AudioConfig) -> None:
        super().__init__()
        self.front, self.network = build_front_end(audio), network

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        """Map (windows, samples) to (windows, embedding_dim), not normalised, and (windows, targets)."""
        output = self.network(self.front(waveform))
        return (
            (output.embedding, output.logits[MOOD_TASK])
            if MOOD_TASK in output.logits
            else (output.embedding,)
        )


def export_graph(network: MoodNetwork, spec: ModelSpec) -> bytes:
    """Write a network as an ONNX graph whose input are windows of samples.

    Args:
        network: the network; it is copied, and stays as it is.
        spec: its description; the graph is for windows of the length that it gives.

    Returns:
        The content of an ONNX file. It has been compared with the network.

    Raises:
        ExportError: the network has an operation that ONNX lacks, or the graph computes something else.
        MissingExtraError: the package ``onnx`` is not installed.
    """
    if not has_modules("onnx"):
        raise MissingExtraError("writing a model as an ONNX graph", TRAIN)
    module = WaveformNetwork(_with_factors(copy.deepcopy(network).cpu()), spec.audio).eval()
    with tempfile.TemporaryDirectory() as folder:
        traced = Path(folder) / "traced.onnx"
        weights = sum(tensor.nbytes for tensor in module.state_dict().values())
        require_room(traced, 3 * weights)  # the traced graph, the simplified one, and their constants
        with disk_errors(traced):
            _trace(module, _sounds(spec, 2), traced)
            graph = _simplified(traced)
    _compare(module, graph, spec)
    return graph


def _with_factors(network: MoodNetwork) -> MoodNetwork:
    """Give norms without factors ones, and zeros as offsets: the exporter counts channels by them."""
    for module in network.modules():
        if isinstance(module, _BatchNorm) and not module.affine:
            module.weight = nn.Parameter(torch.ones(module.num_features))
            module.bias = nn.Parameter(torch.zeros(module.num_features))
    return network


def _trace(module: WaveformNetwork, windows: Float32Array, path: Path) -> None:
    outputs = [EMBEDDING, LOGITS] if MOOD_TASK in module.network.heads else [EMBEDDING]
    try:
        with warnings.catch_warnings():
            # The exporter that needs no further packages is called old, and shapes are constants on purpose.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                (torch.from_numpy(windows),),
                path,
                input_names=[WAVEFORM],
                output_names=outputs,
                dynamic_axes=dict.fromkeys([WAVEFORM, *outputs], _AXIS),
                opset_version=_OPSET,
                dynamo=False,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ExportError(f"the network cannot be written as an ONNX graph: {reason}") from error


def _simplified(path: Path) -> bytes:
    """Compute what does not depend on the input once, now, instead of each time that the model is loaded."""
    import onnx

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_name("simplified.onnx"))
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    model = onnx.load(options.optimized_model_filepath)
    # The runtime lists all sets of operators that it knows, and the sizes that it worked out.
    standard = [entry for entry in model.opset_import if entry.domain == ""]
    del model.opset_import[:], model.graph.value_info[:]
    model.opset_import.extend(standard)
    written: bytes = model.SerializeToString()
    return written


def _compare(module: WaveformNetwork, graph: bytes, spec: ModelSpec) -> None:
    try:
        session = GraphSession(graph, GraphShape.of(spec), "the graph")
    except CorruptStoreError as error:
        raise ExportError(f"the network cannot be written as an ONNX graph: {error}") from error
    for count in (1, 3):
        windows = _sounds(spec, count)
        with torch.inference_mode():
            expected = [part.numpy() for part in module(torch.from_numpy(windows))]
        for ours, theirs in zip(session.run(windows), expected, strict=False):
            if not np.allclose(ours, theirs, rtol=0, atol=_TOLERANCE * max(1.0, float(np.abs(theirs).max()))):
                raise ExportError("the ONNX graph of the network computes something else than the network")


def _sounds(spec: ModelSpec, count: int) -> Float32Array:
    """Make windows of noise and a tone, one louder than the other; the shape is (count, samples)."""
    noise = np.random.default_rng(0).standard_normal((count, spec.window_samples))
    tone = np.sin(np.arange(spec.window_samples) * 0.17)
    return np.asarray((0.1 * noise + 0.2 * tone) * np.linspace(0.3, 1, count)[:, None], np.float32)
