"""A worker process as the server sees it: requests in, answers out, and an end that can be forced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO, Any, Final

# The process inherits the search path of its parent, which may run from a folder of sources.
_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop());from moodrec.serve.worker import main; main()"
)
_GRACE_S: Final = 10.0
_IDLE_S: Final = 120.0


class WorkerProcess:
    """A process that analyses music; it ends when its input is closed, or when the server dies."""

    def __init__(self) -> None:
        """Start the process at once."""
        settings: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **settings,
        )

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request; a process that has ended takes none, and gives no answers."""
        with suppress(OSError):
            pipe = _pipe(self._process.stdin)
            pipe.write(json.dumps(request) + "\n")
            pipe.flush()

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield answers until the process ends."""
        # By lines: an iterator would read ahead, and lose what belongs to the next request.
        while line := _pipe(self._process.stdout).readline():
            answer: dict[str, Any] = json.loads(line)
            yield answer

    def interrupt(self) -> None:
        """Ask the process to stop what it does, and keep what is done."""
        with suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def end(self, grace_s: float = _GRACE_S) -> None:
        """End the process: by closing its input, and if that takes longer than ``grace_s`` seconds, by force."""
        with suppress(OSError):
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            _pipe(self._process.stdout).close()

    def kill(self) -> None:
        """End the process and its decoders at once."""
        if os.name == "nt":
            self._process.kill()
        else:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        _pipe(self._process.stdout).close()


class Workers:
    """Lends worker processes, and keeps one that is idle for a while: its model need not be loaded again."""

    def __init__(self, idle_s: float = _IDLE_S) -> None:
        """Start without a process.

        Args:
            idle_s: seconds after which an idle process and its memory are given back.
        """
        self._idle_s = idle_s
        self._idle: WorkerProcess | None = None
        self._rest: threading.Timer | None = None
        self._lock = threading.Lock()

    def borrow(self) -> WorkerProcess:
        """Return the idle process, or a new one."""
        process = self._take()
        return process if process is not None and process.running else WorkerProcess()

    def give_back(self, process: WorkerProcess) -> None:
        """Keep a process for the next who needs one; a second idle one ends."""
        with self._lock:
            kept = self._idle is None and process.running
            if kept:
                self._idle = process
                self._rest = threading.Timer(self._idle_s, self.close)
                self._rest.daemon = True
                self._rest.start()
        if not kept:
            process.end()

    def close(self) -> None:
        """End the idle process."""
        process = self._take()
        if process is not None:
            process.end(2.0)

    def _take(self) -> WorkerProcess | None:
        with self._lock:
            process, self._idle = self._idle, None
            if self._rest is not None:
                self._rest.cancel()
                self._rest = None
        return process


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise OSError("the process has no pipe")
    return stream
