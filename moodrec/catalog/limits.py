"""Decoding processes have limits that the operating system enforces where it can."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")


def give_way(nice: int) -> None:
    """Lower the priority of this process and of those it starts, by 0 to 19."""
    if nice and hasattr(os, "nice"):
        with suppress(PermissionError):
            os.nice(nice)


def limit_memory(mebibytes: int) -> bool:
    """Let this process allocate at most so much more memory; beyond that, allocations fail.

    The limit is on memory that a process writes to (``RLIMIT_DATA``): a mapped file does not count. No core is
    dumped if a decoder crashes. Only Linux enforces this; elsewhere the time limit alone holds.

    Returns:
        Whether there is a limit now.
    """
    if sys.platform != "linux" or not _STATUS.exists():
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    total = _data_kib() * 1024 + mebibytes * (1 << 20)
    limit = total if hard == resource.RLIM_INFINITY else min(total, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return True


def _data_kib() -> int:
    """Read how much memory counts towards the limit now, in KiB."""
    lines = _STATUS.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmData:")), 0)
