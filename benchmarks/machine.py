"""What a result says of the machine that it was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from moodrec.index.kernel.binding import path


def machine_report(*packages: str) -> dict[str, Any]:
    """Processor, cores, load and versions, for the JSON of a result.

    ``load`` is the mean number of busy processes in the last minute: far above zero, and times are too long.
    """
    return {
        "processor": _said("model name") or platform.processor(),
        "vectors": _vectors(),
        "kernel": path(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def _vectors() -> str:
    """The widest instructions that search makes use of, "" where nobody can tell."""
    flags = set((_said("flags") or _said("Features")).split())
    names = {"avx512_vnni": "AVX-512 with VNNI", "avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
    return next((name for flag, name in names.items() if flag in flags), "")


def _said(what: str) -> str:
    """A line about the first processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith(what) and ": " in line), "")
