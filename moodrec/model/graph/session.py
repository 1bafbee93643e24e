"""A graph runs on ONNX Runtime, on the CPU and in the thread that calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.errors import CorruptStoreError, MoodrecError
from moodrec.model.graph.runtime import errors, onnxruntime
from moodrec.model.graph.wire import check_graph_bytes
from moodrec.model.spec import ModelSpec
from moodrec.typing import Float32Array

WAVEFORM: Final = "waveform"
"""Name of the graph's input: (windows, samples) float32 in [-1, 1]."""
EMBEDDING: Final = "embedding"
"""Name of an output: (windows, embedding_dim) float32, not of unit length."""
LOGITS: Final = "logits"
"""Name of an output: (windows, targets) float32, the logits of the mood head; absent in a model without one."""
_FATAL: Final = 4
_REFUSALS: Final = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
)


@dataclass(frozen=True)
class GraphShape:
    """The sizes that a graph must have to fit its model's description."""

    window_samples: int
    embedding_dim: int
    targets: int

    @classmethod
    def of(cls, spec: ModelSpec) -> GraphShape:
        """Give the sizes that the graph of a model must have."""
        return cls(spec.window_samples, spec.network.embedding_dim, len(spec.targets))


class GraphSession:
    """A graph that has been checked and is ready to run; any number of threads may run it at once."""

    def __init__(self, graph: bytes, shape: GraphShape, name: str) -> None:
        """Check a graph and prepare it.

        Args:
            graph: the content of an ONNX file.
            shape: what its input and outputs must be like.
            name: the file, for messages.

        Raises:
            CorruptStoreError: it is no graph, asks for more than arithmetic on its own numbers, or does not fit
                ``shape``.
        """
        check_graph_bytes(graph, name)
        self._name = name
        self._session = _open(graph, name)
        _check_shape(self._session, shape, name)
        self._outputs = [EMBEDDING, *([LOGITS] if shape.targets else [])]

    def run(self, windows: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Compute embeddings (n, embedding_dim) and logits (n, targets) of windows (n, samples).

        Raises:
            MoodrecError: the runtime failed, for want of memory or because the graph is wrong.
        """
        try:
            found = self._session.run(self._outputs, {WAVEFORM: np.ascontiguousarray(windows, np.float32)})
        except _REFUSALS as error:
            raise MoodrecError(f"{self._name}: ONNX Runtime failed ({_first_line(error)})") from error
        logits = found[1] if len(found) == 2 else np.empty((len(windows), 0), np.float32)
        return found[0], logits


def _open(graph: bytes, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread a run: sums are then made in one order, whatever the machine and whatever else runs beside.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    try:
        return onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"], enable_fallback=0)
    except (*_REFUSALS, ValueError) as error:
        raise CorruptStoreError(f"{name}: ONNX Runtime cannot read it ({_first_line(error)})") from error


def _check_shape(session: onnxruntime.InferenceSession, shape: GraphShape, name: str) -> None:
    found = {
        node.name: (node.type, node.shape[1:]) for node in (*session.get_inputs(), *session.get_outputs())
    }
    expected = {WAVEFORM: shape.window_samples, EMBEDDING: shape.embedding_dim, LOGITS: shape.targets}
    wanted = {key: ("tensor(float)", [size]) for key, size in expected.items() if size}
    if found != wanted:
        raise CorruptStoreError(f"{name}: does not fit the model's description; copy the model again")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
