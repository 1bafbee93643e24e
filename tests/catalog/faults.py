"""Errors of the disk, put between a program and the kernel by strace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FAULTS = {
    "full disk": "inject=pwrite64,fallocate,ftruncate:error=ENOSPC:when={when}+",
    "write error": "inject=pwrite64:error=EIO:when={when}+",
    "sync error": "inject=fsync,fdatasync:error=EIO:when={when}+",
}


def inject(fault: str, when: int) -> list[str]:
    """What to put before a command: from its ``when``-th call on, these calls of its main thread fail."""
    return ["strace", "-qq", "-o", "/dev/null", "-e", FAULTS[fault].format(when=when)]


def can_inject(folder: Path) -> bool:
    """Whether strace is there and may be used."""
    if shutil.which("strace") is None:
        return False
    probe = [*inject("sync error", 1), "sync", str(folder)]
    return subprocess.run(probe, capture_output=True).returncode == 1
