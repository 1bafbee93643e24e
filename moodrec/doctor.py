"""``moodrec doctor`` reports what is installed, which device is used, what is broken, and what to do about
it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from moodrec.config import Device
from moodrec.errors import MissingExtraError, MoodrecError
from moodrec.extras import has_modules

if TYPE_CHECKING:
    from moodrec.library.library import Library

Status = Literal["ok", "warn", "broken"]

NEEDED: Final = (
    "numpy",
    "pandas",
    "pyarrow",
    "onnxruntime",
    "faiss",
    "soundfile",
    "soxr",
    "mutagen",
    "sqlglot",
)
"""Import names of the libraries that moodrec cannot run without."""
_FOR_TRAINING: Final = ("torch", "torchaudio", "onnx")
_DISTRIBUTION: Final = {"faiss": ("faiss-cpu", "faiss-gpu-cuvs", "faiss-gpu-cu12", "faiss-gpu")}
_LEAST_PYTHON: Final = (3, 11)
_LEAST_FREE_BYTES: Final = 1 << 30


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    status: Status
    detail: str
    advice: str = ""
    """What to do about it; empty where all is well."""


def examine(library: Path, model: Path | None = None, device: Device = "auto") -> tuple[Check, ...]:
    """Check everything that a run of moodrec depends on; nothing is changed.

    Args:
        library: folder of the library or index to check; it need not exist.
        model: folder of a trained model; by default the packaged one.
        device: where the model is to run.
    """
    return (
        _python(),
        *(_package(name) for name in NEEDED),
        *_training(),
        _matplotlib(),
        *_guarded("device", _device),
        *_guarded("search kernel", _kernel),
        *_guarded("faiss on a GPU", _faiss_gpu),
        *_guarded("model", lambda: _model(model, device)),
        *_guarded("audio formats", _formats),
        _av(),
        _fluidsynth(),
        *_guarded("library", lambda: _library(library)),
        _disk(library),
    )


def is_broken(checks: tuple[Check, ...]) -> bool:
    """Say whether any check found something that keeps moodrec from doing its main job."""
    return any(check.status == "broken" for check in checks)


def _guarded(name: str, check: Callable[[], Iterator[Check]]) -> tuple[Check, ...]:
    """Run a check whose failure is itself a result: a missing library, a damaged store, an unreadable folder."""
    try:
        return tuple(check())
    except (MoodrecError, ImportError, OSError) as error:
        return (
            Check(name, "broken", str(error) or type(error).__name__, "see the line above that is broken"),
        )


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info[:2] < _LEAST_PYTHON:
        return Check("python", "broken", version, "install Python 3.11 or newer")
    return Check("python", "ok", f"{version}, {platform.system()} {platform.machine()}")


def _package(name: str) -> Check:
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:
        return Check(name, "broken", str(error).splitlines()[0], "pip install moodrec")
    return Check(name, "ok", _version(name))


def _training() -> Iterator[Check]:
    """Check what the extra ``train`` brings; a light installation does without it."""
    missing = [name for name in _FOR_TRAINING if not has_modules(name)]
    if len(missing) == len(_FOR_TRAINING):
        detail = "not installed: training and running models on a GPU need it, analysing and searching do not"
        yield Check("PyTorch", "ok", detail, "to train: pip install 'moodrec[train]'")
        return
    for name in _FOR_TRAINING:
        check = _package(name)
        advice = "pip install -c constraints.txt 'moodrec[train]'"
        yield check if check.status == "ok" else Check(name, "warn", f"{check.detail}: no training", advice)


def _matplotlib() -> Check:
    if has_modules("matplotlib"):
        return _package("matplotlib")
    return Check("matplotlib", "ok", "not installed: no pictures", "to draw: pip install 'moodrec[plots]'")


def _version(name: str) -> str:
    for distribution in _DISTRIBUTION.get(name, (name,)):
        try:
            return f"{importlib.metadata.version(distribution)} ({distribution})"
        except importlib.metadata.PackageNotFoundError:
            continue
    return "version unknown"


def _device() -> Iterator[Check]:
    if not has_modules("torch"):
        yield Check("device", "ok", f"cpu, {os.cpu_count()} cores; a GPU is used through PyTorch alone")
        return
    import torch

    if torch.cuda.is_available():
        yield Check("device", "ok", f"cuda: {torch.cuda.get_device_name()}")
    else:
        yield Check("device", "ok", f"cpu, {torch.get_num_threads()} threads; no CUDA device found")


def _kernel() -> Iterator[Check]:
    from moodrec.index.kernel import binding as kernel

    if kernel.library() is not None:
        yield Check("search kernel", "ok", f"compiled, path {kernel.path()} of {', '.join(kernel.paths())}")
    elif os.environ.get(kernel.KERNEL_VARIABLE) == "0":
        yield Check("search kernel", "ok", f"switched off by {kernel.KERNEL_VARIABLE}=0; FAISS searches")
    else:
        advice = "for fast search under filters: apt-get install gcc, then pip install moodrec again"
        yield Check("search kernel", "warn", f"{kernel.trouble()}; FAISS searches", advice)


def _faiss_gpu() -> Iterator[Check]:
    import faiss

    if not hasattr(faiss, "StandardGpuResources"):
        yield Check("faiss on a GPU", "ok", "not in this build; the CPU presets need none")
    elif faiss.get_num_gpus() == 0:
        yield Check("faiss on a GPU", "warn", "built for it, but no GPU found", "use a CPU preset")
    else:
        yield Check("faiss on a GPU", "ok", f"{faiss.get_num_gpus()} GPU")


def _model(path: Path | None, device: Device) -> Iterator[Check]:
    from moodrec.embedding.mood_model import MoodModel

    try:
        model = MoodModel.load(path, device)
    except MissingExtraError as error:
        yield Check("model", "broken", str(error), "install that, or name another model with --model")
    except MoodrecError as error:
        yield Check("model", "broken", str(error), "install moodrec again, or name another with --model")
    else:
        detail = f"{model.name}, fingerprint {model.fingerprint}, {len(model.moods)} moods"
        yield Check("model", "ok", f"{detail}; {model.terms}" if model.terms else detail)
        yield Check("engine", "ok", model.engine)


def _formats() -> Iterator[Check]:
    import soundfile

    there = {name.upper() for name in soundfile.available_formats()}
    subtypes = {name.upper() for name in soundfile.available_subtypes("OGG")} if "OGG" in there else set()
    found = [name for name in ("WAV", "FLAC", "MP3") if name in there]
    found += [label for label, name in (("Ogg Vorbis", "VORBIS"), ("Opus", "OPUS")) if name in subtypes]
    if len(found) == 5:
        yield Check("audio formats", "ok", ", ".join(found))
    else:
        advice = (
            "this libsndfile is old: pip install --force-reinstall soundfile brings one that reads all five"
        )
        yield Check("audio formats", "warn", ", ".join(found), advice)


def _av() -> Check:
    try:
        importlib.import_module("av")
    except (ImportError, OSError):
        advice = "pip install 'moodrec[av]' to read m4a, aac and wma files"
        return Check("PyAV", "warn", "not installed: m4a, aac and wma files cannot be read", advice)
    return Check("PyAV", "ok", f"{_version('av')}: m4a, aac and wma files can be read")


def _fluidsynth() -> Check:
    if found := shutil.which("fluidsynth"):
        return Check("fluidsynth", "ok", found)
    return Check("fluidsynth", "ok", "not installed; only training on MIDI data (EMOPIA) needs it")


def _library(path: Path) -> Iterator[Check]:
    from moodrec.library.library import Library
    from moodrec.library.records import Outcome

    if not path.exists():
        yield Check("library", "ok", f"none yet at {path}; moodrec analyze FOLDER makes it")
        return
    if (path / "CURRENT").exists():
        yield _index(path, "moodrec index build --table FILE.parquet")
        return
    with Library.open(path) as library:
        counts, models = library.outcomes(), library.models()
        detail = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count) or "empty"
        failed = counts[Outcome.FAILED]
        advice = "moodrec library failures names them" if failed else ""
        yield Check("library", "warn" if failed else "ok", f"{path}: {detail}", advice)
        if models and models[0].tracks:
            yield _index(library.index_path, f"moodrec index repair --library {path}", library)


def _index(path: Path, remedy: str, library: Library | None = None) -> Check:
    from moodrec.catalog.refresh import index_is_stale
    from moodrec.index.mood_index import MoodIndex

    try:
        index = MoodIndex.open(path)
        index.verify()
    except MoodrecError as error:
        return Check("index", "broken", str(error), remedy)
    if library is not None and index_is_stale(index, library):
        return Check("index", "warn", "older than the library", remedy)
    return Check("index", "ok", f"{path}: {len(index):,} tracks, preset {index.preset}")


def _disk(library: Path) -> Check:
    # The library need not exist yet; its nearest existing parent is on the same disk.
    place = next(folder for folder in (library, *library.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < _LEAST_FREE_BYTES:
        return Check(
            "disk", "warn", f"{free / 1e9:.1f} GB free at {place}", "make room before a long analysis"
        )
    return Check("disk", "ok", f"{free / 1e9:.0f} GB free at {place}")
