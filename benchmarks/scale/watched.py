"""A command in a process of its own: what it took in time, processor time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.search.worker import THREAD_LIMITS

_PAUSE_S: Final = 0.1
_KIB_A_MB: Final = 1e6 / 1024


def watched(command: Sequence[str]) -> dict[str, Any]:
    """Run a command to its end, on as many threads as it takes by itself.

    Returns:
        ``wall_s``, ``cpu_s`` of all threads, ``peak_mb``: the most memory that it had, pages of mapped files included
        (VmHWM of Linux), ``peak_private_mb``: the most without these, looked at ten times a second, and ``load``, the
        mean number of busy processes of the whole machine over the last minute, at the start and at the end.

    Raises:
        RuntimeError: it failed.
    """
    before, start, load = (
        resource.getrusage(resource.RUSAGE_CHILDREN),
        time.perf_counter(),
        os.getloadavg()[0],
    )
    threads = {name: text for name, text in os.environ.items() if name not in THREAD_LIMITS}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=threads)
    peak = private = 0.0
    while process.poll() is None:
        found = _status(process.pid)
        peak, private = max(peak, found.get("VmHWM", 0)), max(private, found.get("RssAnon", 0))
        time.sleep(_PAUSE_S)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: ended with code {process.returncode}")
    return {
        "wall_s": round(wall, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(peak),
        "peak_private_mb": round(private),
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def _status(pid: int) -> dict[str, float]:
    """Sizes of a process in MB; none when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (line.split(":", 1) for line in lines if line.endswith("kB"))
    return {name: int(text.split()[0]) / _KIB_A_MB for name, text in pairs}


def bytes_below(folder: Path) -> int:
    """Bytes of the files in a folder and the folders in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
