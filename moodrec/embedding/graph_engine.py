"""A model's ONNX graph runs over the windows of a track, on as many cores as there are."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from moodrec.embedding.engine import WindowMeans
from moodrec.model.graph.runtime import onnxruntime
from moodrec.model.graph.session import GraphSession, GraphShape
from moodrec.model.spec import ModelSpec
from moodrec.typing import Float32Array

_AT_A_TIME: Final = 2
"""Windows in a run of the graph: more would not fit the caches, and one takes a little longer."""


class GraphEngine:
    """Runs a graph in pairs of windows, each in one thread.

    A pair's numbers do not depend on how many threads there are, nor on what else runs: within a run sums have one
    order, and the means over windows are taken at the end, in the order of the track.
    """

    def __init__(self, graph: bytes, spec: ModelSpec, name: str) -> None:
        """Check a graph and prepare it.

        Args:
            graph: the content of the ONNX file.
            spec: the model's description.
            name: the file, for messages.

        Raises:
            CorruptStoreError: the graph cannot be read, or does not fit the description.
        """
        self._session = GraphSession(graph, GraphShape.of(spec), name)
        self._threads = _threads()

    @property
    def description(self) -> str:
        """Name the library that computes, and where it runs."""
        threads = f"{self._threads} thread{'s' if self._threads > 1 else ''}"
        return f"ONNX Runtime {onnxruntime.__version__} on the CPU, {threads}"

    def embed_windows(self, windows: Float32Array) -> WindowMeans:
        """Analyse windows of samples, (n, window_samples)."""
        pairs = [windows[start : start + _AT_A_TIME] for start in range(0, len(windows), _AT_A_TIME)]
        threads = min(self._threads, len(pairs))
        if threads == 1:
            found = [self._session.run(pair) for pair in pairs]
        else:
            # Made anew for each track, in a fraction of a millisecond: threads that live on would not survive a fork.
            with ThreadPoolExecutor(threads) as pool:
                found = list(pool.map(self._session.run, pairs))
        embeddings, logits = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return WindowMeans(_mean(embeddings), _mean(logits))


def _mean(rows: Float32Array) -> Float32Array:
    return np.asarray(rows.mean(0, dtype=np.float64), np.float32)


def _threads() -> int:
    """Count the cores that this process may use; ``OMP_NUM_THREADS`` sets fewer, as for other numerical libraries."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(cores, int(wanted)) if wanted.isdecimal() and int(wanted) else cores
