"""Both engines give one answer, threads do not change it, and the engine that suits the device is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from moodrec.embedding import source
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import CorruptStoreError, UsageError
from moodrec.model.checkpoint import save_model
from moodrec.model.folder import GRAPH
from moodrec.typing import Float32Array
from tests.small_model import small_network, small_spec


def sound(model: MoodModel, windows: int, seed: int = 0) -> Float32Array:
    shape = (windows, model.window_samples)
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_network(), small_spec())
    return folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    save_model(folder, small_network(), small_spec(), graph=False)
    return folder


@pytest.mark.parametrize("windows", [1, 3, 8])
def test_both_engines_give_one_answer(folder: Path, windows: int) -> None:
    graph, torch = (MoodModel.load(folder, "cpu", engine=name) for name in ("onnxruntime", "torch"))
    assert graph.engine.startswith("ONNX Runtime ")
    assert torch.engine.startswith("PyTorch ")
    assert graph.fingerprint == torch.fingerprint
    ours, theirs = (model.analyze_windows(sound(model, windows)) for model in (graph, torch))
    np.testing.assert_allclose(ours.embedding, theirs.embedding, atol=1e-5)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)
    np.testing.assert_allclose(ours.mood_scores, theirs.mood_scores, atol=1e-4)


def test_both_engines_compute_the_same_in_the_packaged_model() -> None:
    graph, torch = (MoodModel.load(device="cpu", engine=name) for name in ("onnxruntime", "torch"))
    ours, theirs = (model.analyze_windows(sound(model, 3)) for model in (graph, torch))
    np.testing.assert_allclose(ours.embedding, theirs.embedding, atol=1e-5)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)


def test_the_number_of_threads_changes_no_bit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for threads in ("1", "2", "5", "", "many", "0"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        model = MoodModel.load(folder, "cpu")
        answers.append(model.analyze_windows(sound(model, 7)))
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer.embedding, answers[0].embedding)
        np.testing.assert_array_equal(answer.probabilities, answers[0].probabilities)


def test_the_cpu_runs_the_graph_and_a_model_without_one_pytorch(folder: Path, old: Path) -> None:
    assert MoodModel.load(folder, "cpu").engine.startswith("ONNX Runtime ")
    assert MoodModel.load(old, "cpu").engine.startswith("PyTorch ")


def test_auto_takes_a_gpu_only_where_pytorch_finds_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(source, "may_have_gpu", lambda: True)
    expected = "PyTorch " if torch.cuda.is_available() else "ONNX Runtime "
    assert MoodModel.load(folder).engine.startswith(expected)
    monkeypatch.setattr(source, "may_have_gpu", lambda: False)
    assert MoodModel.load(folder).engine.startswith("ONNX Runtime ")


def test_engines_that_cannot_be_had_are_refused(folder: Path, old: Path) -> None:
    with pytest.raises(UsageError, match="runs models on the CPU"):
        MoodModel.load(folder, "cuda", engine="onnxruntime")
    with pytest.raises(UsageError, match=f"has no {GRAPH}; moodrec model export"):
        MoodModel.load(old, "cpu", engine="onnxruntime")


def test_a_damaged_graph_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("model.json", "model.safetensors", GRAPH):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / GRAPH).write_bytes((folder / GRAPH).read_bytes()[:-1])
    with pytest.raises(CorruptStoreError, match="checksum differs"):
        MoodModel.load(tmp_path, "cpu")


def test_a_forked_process_can_analyse(folder: Path) -> None:
    """Threads of the parent are gone there, so an engine that kept some would wait for them."""
    script = (
        "import os, sys, numpy as np\n"
        "from moodrec import MoodModel\n"
        "model = MoodModel.load(sys.argv[1], 'cpu')\n"
        "sound = np.random.default_rng(0).standard_normal((6, model.window_samples)).astype(np.float32)\n"
        "before = model.analyze_windows(sound)\n"
        "child = os.fork()\n"
        "same = np.array_equal(model.analyze_windows(sound).embedding, before.embedding)\n"
        "if not child:\n"
        "    os._exit(0 if same else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(folder)], env=environment, check=True, timeout=120
    )
