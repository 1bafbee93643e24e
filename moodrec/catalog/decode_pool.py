"""Decoding processes are supervised: one that dies or hangs costs only the file it was decoding, and is replaced."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Final, Self

import numpy as np

from moodrec.audio.opening import printable
from moodrec.audio.probe import Tags
from moodrec.catalog.decode_worker import READY
from moodrec.catalog.decoding import DecodedFile, DecodeSettings
from moodrec.errors import MoodrecError
from moodrec.library.records import FileState
from moodrec.library.sections import sheet_and_number

# A fresh interpreter rather than multiprocessing: a script that calls moodrec needs no __main__ guard, and the
# process inherits nothing that its parent imported.
_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop());"
    "from moodrec.catalog.decode_worker import main; main()"
)
# A process that closed its output is about to end by itself, with an exit code worth reporting.
_GRACE_S: Final = 2.0


@dataclass(frozen=True)
class DecodeFailure:
    """Why a file could not be decoded: one word for tables, and a line for people."""

    reason: str
    message: str


@dataclass(frozen=True, eq=False)
class DecodeResult:
    """A file and the result of decoding it."""

    state: FileState
    decoded: DecodedFile | DecodeFailure


class DecodePool:
    """A pool of ``jobs`` decoding processes; use it as a context manager, which ends them."""

    def __init__(self, settings: DecodeSettings, jobs: int, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        # Enough files in flight to keep every process busy; more would only hold windows in memory.
        self._window = 2 * jobs
        self._threads = ThreadPoolExecutor(jobs, "moodrec-decode")
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def decode(self, files: Iterable[FileState]) -> Iterator[DecodeResult]:
        """Decode files, and yield their results in order; at most ``2 * jobs`` are held at a time.

        Raises:
            MoodrecError: the decoding processes cannot start at all.
        """
        waiting: deque[Future[DecodeResult]] = deque()
        for state in files:
            waiting.append(self._threads.submit(self._decode, state))
            if len(waiting) >= self._window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def close(self) -> None:
        """End all processes at once."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.reap()
        self._workers.clear()

    def _decode(self, state: FileState) -> DecodeResult:
        worker = self._borrow()
        if worker is None:
            return DecodeResult(state, DecodeFailure("stopped", "the run was stopped"))
        decoded = worker.decode(state, self._timeout_s)
        self._give_back(worker)
        return DecodeResult(state, decoded)

    def _borrow(self) -> _Worker | None:
        with self._lock:
            if self._closed:
                return None
            while self._idle:
                worker = self._idle.pop()
                if worker.is_running():
                    return worker
                self._workers.discard(worker)
            worker = _Worker(self._settings)
            self._workers.add(worker)
        # Outside the lock, so that several processes can start at the same time.
        worker.wait_until_ready()
        return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if worker.is_running():
                self._idle.append(worker)
            else:
                self._workers.discard(worker)


class _Worker:
    """One process that decodes one file at a time."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._timed_out = False
        # It has a session of its own, because Ctrl-C is the parent's to handle.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, settings.model_dump_json(), json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until the process has started, which does not count as time of a file.

        Raises:
            MoodrecError: it cannot start.
        """
        replies = self._process.stdout
        if replies is None or replies.readline() != READY:
            raise MoodrecError("a decoding process could not start; to see what is wrong: moodrec doctor")

    def decode(self, state: FileState, timeout_s: float) -> DecodedFile | DecodeFailure:
        """Decode one file; afterwards the worker may no longer be running."""
        timer = threading.Timer(timeout_s, self._time_out)
        timer.start()
        try:
            return self._exchange(state)
        except (OSError, EOFError, ValueError):
            return self._died(state, timeout_s)
        finally:
            timer.cancel()
            timer.join()  # or it could still kill the worker, during the next file

    def is_running(self) -> bool:
        """Say whether the worker can take another file; one that cannot is cleaned up."""
        if self._process.poll() is None and not self._timed_out:
            return True
        self.reap()
        return False

    def kill(self) -> None:
        self._process.kill()

    def _time_out(self) -> None:
        self._timed_out = True
        self.kill()

    def _exchange(self, state: FileState) -> DecodedFile | DecodeFailure:
        """Send a request and read the reply.

        Raises:
            OSError, EOFError, ValueError: the process died meanwhile.
        """
        requests, replies = self._process.stdin, self._process.stdout
        if requests is None or not isinstance(replies, BufferedReader):
            raise EOFError
        requests.write(json.dumps(_request(state)).encode() + b"\n")
        requests.flush()
        header = json.loads(replies.readline())
        if "reason" in header:
            if header["reason"] == "crashed":
                self.reap()
            return DecodeFailure(header["reason"], _without_path(header["message"], state))
        windows = np.empty(header["shape"], np.float32)
        if replies.readinto(windows.data.cast("B")) != windows.nbytes:
            raise EOFError
        return _decoded_file(header, windows)

    def _died(self, state: FileState, timeout_s: float) -> DecodeFailure:
        code = self.reap()
        if self._timed_out:
            return DecodeFailure("timeout", f"decoding took more than {timeout_s:.0f} s")
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return DecodeFailure("crashed", f"the decoder died ({how}): damaged file, or not enough memory")

    def reap(self) -> int:
        """Wait for the process to end, close its pipes, and return its exit code."""
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # closing flushes what a dead process will not read
                    pipe.close()
        return code


def _decoded_file(header: dict[str, Any], windows: np.ndarray[Any, np.dtype[np.float32]]) -> DecodedFile:
    # JSON has no tuples, so the names of the artists come as a list.
    read: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in header["tags"].items()
    }
    lengths = header["duration_s"], header["read_s"]
    return DecodedFile(windows, header["audio_fingerprint"], Tags(**read), *lengths, header["cause"])


def _request(state: FileState) -> dict[str, Any]:
    if state.section is None:
        return {"path": str(state.path)}
    sheet, number = sheet_and_number(state.path)
    return {"path": str(sheet), "number": number}


def _without_path(message: str, state: FileState) -> str:
    return printable(message).removeprefix(f"{printable(state.path)}: ")
