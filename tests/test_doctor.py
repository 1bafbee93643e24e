"""The doctor finds what is broken and says what to do; here things are really broken for it.

Tests the inside of moodrec.doctor on purpose.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moodrec import doctor
from moodrec.doctor import Check, examine, is_broken
from moodrec.errors import MoodrecError
from moodrec.index.kernel import binding
from moodrec.library.library import Library
from moodrec.model.checkpoint import save_model
from tests.cli.commands import run, run_json, write_model, write_tone, write_vectors
from tests.small_model import small_network, small_spec


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def library(tmp_path: Path, model: Path) -> Path:
    """A library of one track."""
    write_tone(tmp_path / "music" / "a.wav", 220)
    run("analyze", tmp_path / "music", "--library", tmp_path / "library", "--model", model, "--jobs", 1)
    return tmp_path / "library"


def found(library: Path, model: Path | None = None) -> dict[str, Check]:
    return {check.name: check for check in examine(library, model)}


def test_all_is_well(library: Path, model: Path) -> None:
    checks = found(library, model)
    assert not is_broken(tuple(checks.values()))
    assert checks["library"].detail == f"{library}: 1 ok"
    assert checks["index"].status == "ok"
    assert "small, fingerprint" in checks["model"].detail
    assert checks["audio formats"].detail == "WAV, FLAC, MP3, Ogg Vorbis, Opus"
    assert checks["engine"].detail.startswith("ONNX Runtime ")
    assert {
        "python",
        "onnxruntime",
        "torch",
        "torchaudio",
        "faiss",
        "device",
        "PyAV",
        "fluidsynth",
        "disk",
    } <= checks.keys()


def test_whatever_is_not_ok_says_what_to_do(library: Path, tmp_path: Path) -> None:
    for check in found(tmp_path / "none", tmp_path / "none").values():
        assert check.status == "ok" or check.advice


def test_no_library_yet_is_no_fault(tmp_path: Path, model: Path) -> None:
    assert found(tmp_path / "none", model)["library"].status == "ok"


def test_a_damaged_library(library: Path, model: Path) -> None:
    (library / "library.sqlite").write_bytes(b"no database" * 100)
    assert found(library, model)["library"].status == "broken"


def test_a_damaged_index_and_a_missing_one(library: Path, model: Path) -> None:
    vectors = next((library / "index").rglob("vectors.npy"))
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"\x01")
    damaged = found(library, model)["index"]
    assert (damaged.status, damaged.advice) == ("broken", f"moodrec index repair --library {library}")
    shutil.rmtree(library / "index")
    assert found(library, model)["index"].status == "broken"
    run("index", "build", "--library", library)
    assert found(library, model)["index"].status == "ok"


def test_a_stale_index(library: Path, model: Path) -> None:
    with Library.open(library) as store, store.writer():
        store.mark_missing([next(iter(store.files().values())).state])
        store.mark_present([next(iter(store.files().values())).state])
    assert found(library, model)["index"].status == "warn"


def test_an_index_of_ones_own(tmp_path: Path, model: Path) -> None:
    table = write_vectors(tmp_path / "v.parquet", ["a", "b"])
    run("index", "build", "--table", table, "--out", tmp_path / "index")
    checks = found(tmp_path / "index", model)
    assert checks["index"].status == "ok"
    assert "library" not in checks


def test_a_missing_model_breaks_and_exits_1(tmp_path: Path) -> None:
    report = run_json("doctor", "--library", tmp_path / "none", "--model", tmp_path, code=1)
    assert report["broken"] is True
    assert [check["name"] for check in report["checks"] if check["status"] == "broken"] == ["model"]
    text = run("doctor", "--library", tmp_path / "none", "--model", tmp_path, code=1).stdout
    assert "-> install moodrec again" in text


def test_a_library_that_does_not_import_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED", ("moodrec_has_no_such_library",))
    check = next(check for check in examine(Path("none")) if check.name == "moodrec_has_no_such_library")
    assert (check.status, check.advice) == ("broken", "pip install moodrec")


def test_what_training_needs_is_found_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_FOR_TRAINING", ("moodrec_has_no_such_library",))
    (check,) = doctor._training()
    assert (check.name, check.status) == ("PyTorch", "ok")
    assert "pip install 'moodrec[train]'" in check.advice
    monkeypatch.setattr(doctor, "_FOR_TRAINING", ("numpy", "moodrec_has_no_such_library"))
    numpy, missing = doctor._training()
    assert (numpy.status, missing.status) == ("ok", "warn")


def test_a_model_without_a_graph_runs_on_pytorch(tmp_path: Path) -> None:
    save_model(tmp_path / "model", small_network(), small_spec(), graph=False)
    assert found(tmp_path / "none", tmp_path / "model")["engine"].detail.startswith("PyTorch ")


@pytest.mark.parametrize("error", [MoodrecError("x"), ImportError("x"), OSError("x")])
def test_a_check_that_fails_is_a_finding(error: Exception) -> None:
    def look() -> list[Check]:
        raise error

    assert doctor._guarded("thing", lambda: iter(look())) == (
        Check("thing", "broken", "x", "see the line above that is broken"),
    )


@pytest.mark.skipif(binding.library() is None, reason="the kernel was not built here")
def test_the_kernels_path_is_named(library: Path, model: Path) -> None:
    detail = found(library, model)["search kernel"].detail
    assert detail == f"compiled, path {binding.path()} of {', '.join(binding.paths())}"


def test_a_kernel_that_is_not_there_is_a_warning(
    library: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moodrec.index.kernel.binding.library", lambda: None)
    check = found(library, model)["search kernel"]
    assert check.status == "warn"
    assert "gcc" in check.advice
    monkeypatch.setenv("MOODREC_KERNEL", "0")
    assert found(library, model)["search kernel"].status == "ok"
