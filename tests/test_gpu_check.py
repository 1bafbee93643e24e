"""``tools/gpu_check.sh`` where there is no GPU: a clear message, and the same steps in small on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.extras import has_modules

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tools" / "gpu_check.sh"


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""} | more
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
        check=False,
    )


@pytest.fixture(autouse=True)
def needs_torch() -> None:
    if not has_modules("torch", "torchaudio"):
        pytest.skip("needs pip install 'moodrec[train]'")


def test_without_a_gpu_it_says_that_nothing_was_checked() -> None:
    found = run()
    assert found.returncode == 3
    assert "sees no GPU, so nothing was checked" in found.stderr
    assert "==" not in found.stdout


def test_wheels_that_cannot_be_installed(tmp_path: Path) -> None:
    found = run(str(tmp_path))
    assert found.returncode == 2
    assert f"the wheels of {tmp_path} cannot be installed" in found.stderr


@pytest.mark.slow
def test_its_steps_run_on_the_cpu() -> None:
    found = run(GPU_CHECK_DEVICE="cpu")
    assert "-- ok: exact scan" in found.stdout, found.stdout + found.stderr
    assert "100.00 % the same" in found.stdout
    assert "-- ok: training" in found.stdout, found.stdout + found.stderr
