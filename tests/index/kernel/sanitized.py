"""The kernel with the address and undefined-behaviour sanitizers, searched in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.index.kernel.builds import ROOT, compiled, missing, sources

SANITIZERS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
]


def why_not() -> str:
    """Why there can be no such build here, "" if there can."""
    return missing("gcc") or ("" if Path(_runtime()).is_absolute() else "gcc's libasan is not installed")


def _runtime() -> str:
    """The library that has to be loaded before Python's own."""
    shown = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return str(Path(shown.stdout.strip()).resolve()) if "/" in shown.stdout else ""


def build(folder: Path) -> Path:
    """The sanitized kernel."""
    return compiled("gcc", [*SANITIZERS, "-shared", "-fPIC"], sources(), folder / "kernel.so")


def run(kernel: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Python with the sanitizer's library loaded first; leaks are Python's and not looked for."""
    environment = {
        **os.environ,
        "LD_PRELOAD": _runtime(),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONPATH": str(ROOT),
        "PYTHONMALLOC": "malloc",
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("MOODREC_KERNEL", None)
    environment.pop("MOODREC_KERNEL_ISA", None)
    command = [sys.executable, *(str(part) for part in arguments)]
    return subprocess.run(
        command, cwd=kernel.parent, env=environment, capture_output=True, text=True, check=False
    )


def fuzz(kernel: Path, searches: int, seed: int) -> subprocess.CompletedProcess[str]:
    """So many random searches."""
    return run(kernel, "-m", "tests.index.kernel.fuzz", kernel, searches, seed)
