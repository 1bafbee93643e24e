"""moodrec without its extras: all but training, GPUs and pictures works, and what does not says what to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.errors import MissingExtraError
from moodrec.extras import has_modules, require_torch
from moodrec.model.checkpoint import save_model
from tests.cli.commands import write_model, write_tone
from tests.small_model import small_network, small_spec

# Python imports a module of this name when it starts, in the decoding processes too.
WITHOUT_EXTRAS = """
import sys


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchaudio", "onnx", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotInstalled())
"""
PIP = "pip install 'moodrec[train]'"
PIP_PLOTS = "pip install 'moodrec[plots]'"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music, a small model, one without a graph, and a Python that has no PyTorch."""
    place = tmp_path_factory.mktemp("light")
    (place / "python").mkdir()
    (place / "python" / "sitecustomize.py").write_text(WITHOUT_EXTRAS)
    for number, frequency in enumerate((220, 330, 550)):
        write_tone(place / "music" / f"{number}.wav", frequency)
    write_model(place / "model")
    save_model(place / "old", small_network(), small_spec(), graph=False)
    return place


def python(place: Path, *args: object) -> subprocess.CompletedProcess[str]:
    """Run Python without PyTorch; the library and the models are those of ``place``."""
    paths = os.pathsep.join([str(place / "python"), str(Path(__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": paths, "MOODREC_LIBRARY": str(place / "library")}
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True, check=False)


def moodrec(place: Path, *args: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = python(place, "-m", "moodrec", *args)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_packages_are_really_out_of_reach(place: Path) -> None:
    for name in ("torch", "torchaudio", "onnx", "matplotlib"):
        assert "ModuleNotFoundError" in python(place, "-c", f"import {name}").stderr


def test_analysing_and_searching_need_no_pytorch(place: Path) -> None:
    analysed = json.loads(moodrec(place, "analyze", place / "music", "--jobs", 1, "--json").stdout)
    assert analysed["tracks"] == 3
    found = moodrec(place, "similar", "0", "--k", 2, "--json").stdout
    assert len(json.loads(found)["tracks"]) == 2
    outside = write_tone(place / "outside.wav", 221)
    assert "0" in moodrec(place, "similar", outside, "--k", 1).stdout
    doctor = json.loads(moodrec(place, "doctor", "--json").stdout)
    checks = {check["name"]: check for check in doctor["checks"]}
    assert checks["engine"]["detail"].startswith("ONNX Runtime ")
    assert (checks["PyTorch"]["status"], PIP in checks["PyTorch"]["advice"]) == ("ok", True)


def test_ones_own_model_needs_no_pytorch(place: Path) -> None:
    library = ("--library", place / "own")
    moodrec(place, "analyze", place / "music", "--model", place / "model", "--jobs", 1, *library)
    assert "calm" in moodrec(place, "moods", *library).stdout


REFUSED = {
    ("train", "recipe.toml"): ("training needs", PIP),
    ("experiment", "plan.toml"): ("training needs", PIP),
    ("model", "export", "old"): ("writing a model as an ONNX graph needs", PIP),
    ("analyze", "music", "--model", "old"): ("moodrec model export old writes model.onnx", PIP),
    ("analyze", "music", "--device", "cuda"): ("running a model on a GPU needs", PIP),
    ("moods", "--plot", "map.png"): ("drawing a picture needs", PIP_PLOTS),
    ("similar", "x", "--plot", "x.png"): ("drawing a picture needs", PIP_PLOTS),
    ("playlist", "radio", "x", "--plot", "x.png"): ("drawing a picture needs", PIP_PLOTS),
    ("evaluate", "--plot", "x.png"): ("drawing a picture needs", PIP_PLOTS),
    ("benchmark", "retrieval", "--data", "table", "--plot", "x.png"): ("drawing a picture needs", PIP_PLOTS),
}
RUN_ALL = """
import json, sys
from typer.testing import CliRunner
from moodrec.cli.app import app

results = [CliRunner().invoke(app, args) for args in json.loads(sys.argv[1])]
print(json.dumps([[result.exit_code, result.stderr] for result in results]))
"""


def test_what_needs_an_extra_names_the_pip_line_before_any_work(place: Path) -> None:
    done = python(place, "-c", RUN_ALL, json.dumps(list(REFUSED)))
    assert done.returncode == 0, done.stderr
    for (code, error), (args, (says, pip)) in zip(json.loads(done.stdout), REFUSED.items(), strict=True):
        assert (args, code) == (args, 1)
        assert says in error
        assert pip in error
        assert error.count("\n") == 1
    assert not list(place.glob("*.png"))


def test_the_demo_does_without_a_picture(place: Path) -> None:
    said = moodrec(place, "demo", "--music", place / "music", "--out", place / "demo", "--jobs", 1).stdout
    assert PIP_PLOTS in said
    assert not (place / "demo" / "demo.png").exists()


def test_python_callers_get_the_pip_line_too(place: Path) -> None:
    for code in ("import moodrec.training.run", "import moodrec.evaluation.experiment.train"):
        assert PIP in python(place, "-c", code).stderr


def test_pytorch_stays_out_where_it_is_installed(place: Path) -> None:
    code = (
        "import sys, moodrec; model = moodrec.MoodModel.load(sys.argv[1], device='cpu'); model.analyze(sys.argv[2]); "
        "print(model.engine); print('torch' in sys.modules, 'torchaudio' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(place / "model"), str(place / "music" / "0.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    engine, loaded = done.stdout.splitlines()
    assert engine.startswith("ONNX Runtime ")
    assert loaded == "False False"


def test_modules_are_looked_for_without_importing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_modules("torch", "torchaudio")
    assert not has_modules("torch", "moodrec_has_no_such_library")
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    assert not has_modules("torchaudio")
    with pytest.raises(MissingExtraError, match="dreaming needs an optional dependency: pip install"):
        require_torch("dreaming")
