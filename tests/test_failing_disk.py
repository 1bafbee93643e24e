"""A disk on which writing, syncing, renaming or closing fails, for everything that moodrec writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = [
    ("write", "EIO"),
    ("write", "EDQUOT"),
    ("write", "EROFS"),
    ("fsync", "EIO"),
    ("rename", "EIO"),
    ("rename", "EROFS"),
    ("close", "EIO"),
]
NEVER_CALLED = {
    "rename": {"labels"},
    "close": {"labels", "index ivf-sq8", "index hnsw", "index of a library"},
}
"""Writes that do without a call, or where its failure says nothing: what was synced is on the disk."""
MARKS = (".first-save", "library.sqlite-journal")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None or sys.platform != "linux":
        pytest.skip("needs Linux and gcc")
    built = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    command = [
        "gcc",
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        str(built),
        str(ROOT / "tests" / "failing_disk.c"),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return built


@pytest.mark.parametrize(("call", "error"), FAULTS)
def test_a_call_that_fails(call: str, error: str, shim: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    command = [sys.executable, "-m", "tests.failing_writes", str(tmp_path / "disk"), call, error]
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    wrong = []
    for name, one in json.loads(done.stdout).items():
        told, changed = one["told"], [path for path in one["changed"] if not path.endswith(MARKS)]
        if not told and name not in NEVER_CALLED.get(call, set()):
            wrong.append(f"{name}: noticed nothing")
        if "\n" in told or "none of moodrec" in told or "names no file" in told or ".moodrec-" in told:
            wrong.append(f"{name}: {told}")
        if (changed and told) or one["left"] or one["again"]:
            wrong.append(f"{name}: changed {changed}, left {one['left']}, then {one['again']!r}")
        if (
            error == "EDQUOT"
            and "your share of the disk is full" not in told
            and "is the disk full" not in told
        ):
            wrong.append(f"{name}: says of a quota {told}")
    assert not wrong, "\n".join(wrong)
