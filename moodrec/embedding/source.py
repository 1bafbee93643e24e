"""A model folder that has been read, and the choice of the engine that runs it."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.config import Device
from moodrec.embedding.engine import Engine, EngineName, SpectrogramEngine
from moodrec.embedding.graph_engine import GraphEngine
from moodrec.errors import MissingExtraError, UsageError
from moodrec.extras import TRAIN, has_modules, require_torch
from moodrec.model.folder import GRAPH, ModelFiles, read_model_files

_DRIVERS: Final = ("libcuda.so.1", "nvcuda.dll")
_AMD: Final = Path("/dev/kfd")


@dataclass(frozen=True)
class ModelSource:
    """A model folder whose files have been read, from which engines are made."""

    folder: Path
    files: ModelFiles
    trusted: tuple[str, ...]
    """Dotted paths of backbones that may be imported."""

    @classmethod
    def read(cls, folder: Path, trusted: Collection[str] = ()) -> ModelSource:
        """Read a model folder.

        Args:
            folder: the folder.
            trusted: dotted paths (``package.module:Class``) of backbones that may be imported.

        Raises:
            NotFoundError, CorruptStoreError: as :func:`moodrec.model.folder.read_model_files`.
        """
        return cls(folder, read_model_files(folder), tuple(trusted))

    def engine(self, device: Device = "auto", engine: EngineName = "auto") -> Engine:
        """Make the engine that suits the device: PyTorch on a GPU, ONNX Runtime on the CPU.

        A model without an ONNX graph runs on PyTorch everywhere.

        Args:
            device: where the model runs; ``auto`` takes a GPU if there is one and PyTorch is installed.
            engine: ``onnxruntime`` or ``torch`` where it has to be this one.

        Raises:
            UsageError: ONNX Runtime is wanted on a GPU, or there is no CUDA device.
            MissingExtraError: PyTorch is needed and not installed.
            UsageError, ConfigError, CorruptStoreError: the network cannot be built.
        """
        if engine == "onnxruntime" and device == "cuda":
            raise UsageError("ONNX Runtime runs models on the CPU: take engine 'torch' for a CUDA device")
        if engine == "torch" or device == "cuda":
            return self.torch_engine(
                device, f"running a model on {'a GPU' if device == 'cuda' else 'PyTorch'}"
            )
        if engine == "auto" and device == "auto" and may_have_gpu() and has_modules("torch", "torchaudio"):
            from moodrec.embedding.torch_engine import gpu_is_there

            if gpu_is_there():
                return self.torch_engine("cuda", "running a model on a GPU")
        return self._without_gpu(engine)

    def torch_engine(self, device: Device, what: str) -> SpectrogramEngine:
        """Make the engine on PyTorch.

        Args:
            device: where the model runs.
            what: what needs it, as the subject of an error's sentence.

        Raises:
            MissingExtraError: PyTorch is not installed.
            UsageError: there is no CUDA device, or the model names a backbone by a path that is not trusted.
            ConfigError: its backbone is a plug-in that is not installed or does not work.
            CorruptStoreError: the weights do not fit the description.
        """
        require_torch(what)
        from moodrec.embedding.torch_engine import TorchEngine
        from moodrec.model.checkpoint import build_model

        return TorchEngine(build_model(self.files, self.folder, self.trusted), device)

    def _without_gpu(self, engine: EngineName) -> Engine:
        if self.files.graph is not None:
            return GraphEngine(self.files.graph, self.files.spec, str(self.folder / GRAPH))
        if engine == "onnxruntime":
            raise UsageError(f"{self.folder}: has no {GRAPH}; moodrec model export {self.folder} writes it")
        if not has_modules("torch", "torchaudio"):
            way = f"where that is installed, moodrec model export {self.folder} writes {GRAPH}"
            raise MissingExtraError(f"{self.folder}: a model without {GRAPH}", TRAIN, way)
        return self.torch_engine("cpu", "a model without an ONNX graph")


def may_have_gpu() -> bool:
    """Say whether a GPU's driver is there: importing PyTorch, which knows for certain, takes seconds."""
    for name in _DRIVERS:
        with suppress(OSError):
            ctypes.CDLL(name)
            return True
    return _AMD.exists()
