"""A system in a process of its own, and the benchmark's end of the line to it.

Each system has its own process, so that its processor time (all threads) and memory are its own, and so that one
that crashes takes no other along.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Peer, Setting
from benchmarks.peers.registry import peer_class
from benchmarks.search.cells import Question
from benchmarks.search.data import load_data
from benchmarks.search.terms import Columns

THREAD_LIMITS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "TOKIO_WORKER_THREADS",
    "LANCE_CPU_THREADS",
    "MOODREC_THREADS",
)
"""Environment variables that limit the threads of NumPy, FAISS, moodrec and the Rust databases; all are set to 1.

``LANCE_IO_THREADS`` is not among them: at 1, LanceDB 0.40 waits for itself forever.
"""


_LIMIT_S: Final = 900.0
_BUILD_LIMIT_S: Final = 4 * 3600.0


class WorkerError(RuntimeError):
    """A system failed; the message is its own."""


@dataclass(frozen=True, eq=False)
class Answer:
    """One answered question."""

    rows: NDArray[np.int64]
    cpu_ms: float
    """Processor time of all threads of the process."""
    wall_ms: float


@dataclass(frozen=True)
class Place:
    """Which index, and where."""

    system: str
    data: str
    n: int
    cache: Path

    @property
    def folder(self) -> Path:
        """Of the built index."""
        return self.cache / "indexes" / f"{self.data}-{self.n}" / self.system


class Worker:
    """The benchmark's end: every method waits for the process to answer.

    Raises:
        WorkerError: in every method, when the system fails or its process dies.
    """

    def __init__(self, place: Place) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
        self._process = context.Process(target=_serve, args=(place, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def build(self) -> dict[str, float]:
        """Build anew: ``cpu_s``, ``wall_s`` and ``files_mb``."""
        found: dict[str, float] = self._call("build", limit_s=_BUILD_LIMIT_S)
        return found

    def open(self) -> dict[str, float]:
        """Open what was built: ``wall_s``."""
        found: dict[str, float] = self._call("open")
        return found

    def memory_mb(self) -> dict[str, float]:
        """Growth since before opening: ``private_mb`` of its own, ``mapped_mb`` of files mapped into memory."""
        found: dict[str, float] = self._call("memory")
        return found

    def ask(self, questions: Sequence[Question], k: int, setting: Setting, budget_s: float) -> list[Answer]:
        """Answers to the first questions: all that ``budget_s`` of wall time is enough for, at least one."""
        found: list[Answer] = self._call("ask", list(questions), k, setting, budget_s)
        return found

    def close(self) -> None:
        """End the process."""
        self._line.close()
        self._process.join(20)
        if self._process.is_alive():
            self._process.terminate()

    def _call(self, name: str, *arguments: Any, limit_s: float = _LIMIT_S) -> Any:
        try:
            self._line.send((name, arguments))
            if not self._line.poll(limit_s):
                self._process.kill()
                raise WorkerError(f"{name} took longer than {limit_s:g} s")
            fine, answer = self._line.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join(5)
            raise WorkerError(f"the process died (exit code {self._process.exitcode})") from None
        if not fine:
            raise WorkerError(answer)
        return answer


def _serve(place: Place, line: Connection) -> None:
    server = _Server(place)
    calls: dict[str, Callable[..., Any]] = {
        "build": server.build,
        "open": server.open,
        "memory": server.memory,
        "ask": server.ask,
    }
    while True:
        try:
            name, arguments = line.recv()
        except EOFError:
            break
        try:
            line.send((True, calls[name](*arguments)))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is a result
            traceback.print_exc()
            line.send((False, f"{type(error).__name__}: {error}"))
    os._exit(0)  # some databases hang in their exit handlers


class _Server:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._peer: Peer = peer_class(place.system)()
        self._data = load_data(place.data, place.n, place.cache)

    def build(self) -> dict[str, float]:
        folder = self._place.folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        cpu, wall = time.process_time(), time.perf_counter()
        self._peer.build(self._data, folder)
        spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        files = sum(512 * path.stat().st_blocks for path in folder.rglob("*") if path.is_file())
        return {name: round(value, 2) for name, value in spent.items()} | {"files_mb": round(files / 1e6, 1)}

    def open(self) -> dict[str, float]:
        columns = Columns.of(self._data.table)
        self._before = resident_mb()
        wall = time.perf_counter()
        self._peer.open(self._data, columns, self._place.folder)
        return {"wall_s": round(time.perf_counter() - wall, 3)}

    def memory(self) -> dict[str, float]:
        return {name: round(now - self._before[name], 1) for name, now in resident_mb().items()}

    def ask(self, questions: Sequence[Question], k: int, setting: Setting, budget_s: float) -> list[Answer]:
        search, end, answers = self._peer.search, time.perf_counter() + budget_s, []
        for question in questions:
            prepared = self._peer.prepare(question.filter)
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            found = search(question.query, prepared, k, setting)
            spent = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
            answers.append(Answer(self._peer.rows(found), spent[0] / 1e6, spent[1] / 1e6))
            if time.perf_counter() > end:
                break
        return answers


def resident_mb() -> dict[str, float]:
    """Memory of this process: its own, and files mapped."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return {"private_mb": own, "mapped_mb": mapped}
