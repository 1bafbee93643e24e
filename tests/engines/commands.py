"""Commands of moodrec in processes of their own, with an environment that holds no settings of the user's."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port of this machine that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "moodrec", *arguments]


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOODREC_")}
    return (
        kept
        | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        | more
    )


def run(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``moodrec serve`` to its end."""
    return run_moodrec(tmp_path, "serve", *arguments, **more)


def run_moodrec(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of moodrec to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=120, cwd=tmp_path,
        env=environment(tmp_path, **more), check=False,
    )  # fmt: skip


@contextlib.contextmanager
def process(
    tmp_path: Path, *arguments: str, **more: str
) -> Iterator[tuple[Any, subprocess.Popen[bytes], Path]]:
    """A client of a server in a process of its own, the process, and what it has written."""
    import httpx

    port = free_port()
    said = tmp_path / f"said-{port}"
    with said.open("wb") as out:
        running = subprocess.Popen(
            command("serve", "--port", str(port), *arguments), stdout=out, stderr=out, cwd=tmp_path,
            env=environment(tmp_path, **more),
        )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            end = time.monotonic() + 60
            while True:
                assert running.poll() is None, said.read_text()
                assert time.monotonic() < end, said.read_text()
                with contextlib.suppress(httpx.TransportError):
                    client.get("/readyz")
                    break
                time.sleep(0.05)
            yield client, running, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        running.wait(20)
