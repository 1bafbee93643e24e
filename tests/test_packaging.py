"""What is shipped: the sdist has all that building and testing needs, the wheel nothing but what runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from moodrec.index.kernel import binding as kernel

ROOT = Path(__file__).parents[1]
LEAST_SETUPTOOLS = 77
NOT_SHIPPED = (".*", "build", "dist", "*.egg-info", "*.so", "__pycache__", "demo-output", "runs", "results")
NEEDED = (
    "pyproject.toml",
    "Makefile",
    "constraints.txt",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "tests/conftest.py",
    "tests/contracts.py",
    "tests/golden/library-format-1.sqlite",
    "recipes/README.md",
    "docs/architecture.md",
    "benchmarks/machine.py",
    "indexes/open-game-music/CURRENT",
    "moodrec/index/sample/CURRENT",
    "moodrec/index/presets/auto.toml",
    "moodrec/model/weights/default/model.safetensors",
    "moodrec/py.typed",
)

pytestmark = pytest.mark.slow


def build(what: str, source: Path, out: Path) -> Path:
    """Build a distribution of a source folder as build tools do, with the setuptools that is installed."""
    out.mkdir(exist_ok=True)
    script = f"import setuptools.build_meta as backend; print(backend.build_{what}({str(out)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of this folder, in an empty one."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("these tests run from a folder of sources")
    if int(version("setuptools").split(".")[0]) < LEAST_SETUPTOOLS:
        pytest.skip(f"needs setuptools {LEAST_SETUPTOOLS} or newer")
    place = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, place / "sources", ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    with tarfile.open(build("sdist", place / "sources", place)) as archive:
        archive.extractall(place, filter="data")
    return next(place.glob("moodrec-*/"))


@pytest.fixture(scope="module")
def wheel(unpacked: Path) -> Path:
    return build("wheel", unpacked, unpacked.parent / "wheels")


def test_the_sdist_has_what_building_and_testing_needs(unpacked: Path) -> None:
    sources = {path.name for path in (ROOT / "moodrec" / "index" / "kernel").glob("*.[ch]")}
    assert sources == {path.name for path in (unpacked / "moodrec" / "index" / "kernel").glob("*.[ch]")}
    assert [name for name in NEEDED if not (unpacked / name).is_file()] == []
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    assert tests == {str(path.relative_to(unpacked)) for path in (unpacked / "tests").rglob("*.py")}
    assert not list(unpacked.rglob("*.so"))


def test_the_wheel_has_the_package_and_no_sources_of_the_kernel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if name.endswith((".c", ".h", ".in", ".pyc"))} == set()
    assert {name.split("/")[0] for name in names} == {"moodrec", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    assert {name for name in NEEDED if name.startswith("moodrec/")} <= names


@pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")
def test_the_wheel_serves_every_python_and_its_kernel_runs(wheel: Path, tmp_path: Path) -> None:
    assert "-cp311-abi3-" in wheel.name
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = (
        "import moodrec, moodrec.index._kernel as built, numpy as np, pyarrow as pa\n"
        "tracks = pa.table({'track_id': ['a', 'b', 'c']})\n"
        "index = moodrec.MoodIndex.build(np.eye(3, dtype=np.float32), tracks, preset='ivf')\n"
        "print(built.__file__, index.search([1.0, 0, 0], 1).explanation.kernel)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    file, path = done.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert path in kernel.PATHS
