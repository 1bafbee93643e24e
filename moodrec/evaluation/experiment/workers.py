"""Several processes work on one plan; the locks of the result folder share the runs out among them.

They are plain subprocesses, so that a script that calls :func:`run_plan` needs no ``__main__`` guard. Each writes
its events as lines of JSON; when the parent is gone, the next line fails and the process ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import IO, Final

from moodrec.errors import MoodrecError
from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.events import (
    ExperimentEvent,
    OnExperimentEvent,
    event_document,
    event_from,
)
from moodrec.evaluation.experiment.folder import ResultFolder
from moodrec.evaluation.experiment.plan import Phase
from moodrec.evaluation.experiment.work import runs_of, work
from moodrec.training.events import FeaturesReady, SpectrogramReady

_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from moodrec.evaluation.experiment.workers import main; main(sys.argv[1])"
)


@dataclass(frozen=True)
class Job:
    """The task of a training process."""

    plan: Path
    out: Path
    phase: Phase | None
    cache_folder: Path
    runs: tuple[str, ...]
    """Ids of the runs to be shared out, in this order."""

    def to_json(self) -> str:
        """Write the job as JSON, for the command line of the process."""
        return json.dumps(asdict(self), default=str)

    @staticmethod
    def from_json(text: str) -> Job:
        """Read what :meth:`to_json` wrote."""
        fields = json.loads(text)
        paths = {name: Path(fields[name]) for name in ("plan", "out", "cache_folder")}
        return Job(**fields | paths | {"runs": tuple(fields["runs"])})


def train_side_by_side(job: Job, n: int, on_event: OnExperimentEvent) -> None:
    """Let several processes train the runs of a job; events arrive in the caller's thread.

    Args:
        job: what to train.
        n: number of processes.
        on_event: receives progress.

    Raises:
        MoodrecError: a process died; its last words are in the message. The others finish first.
    """
    events: Queue[ExperimentEvent | None] = Queue()
    workers = [_Worker(job, events) for _ in range(n)]
    try:
        running = n
        while running:
            event = events.get()
            if event is None:
                running -= 1
            else:
                on_event(event)
        failures = [failure for worker in workers if (failure := worker.failure())]
    finally:
        for worker in workers:
            worker.end()
    if failures:
        raise MoodrecError(f"a training process died: {failures[0]}; type the command again to go on")


class _Worker:
    """One process and the thread that reads its events."""

    def __init__(self, job: Job, events: Queue[ExperimentEvent | None]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in end()
        # It has a session of its own, because Ctrl-C is the parent's to handle.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, job.to_json(), json.dumps(sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | {"OMP_NUM_THREADS": "1"},  # the processes share the cores
            start_new_session=True,
            text=True,
        )
        self._thread = threading.Thread(
            target=_forward_events, args=(self._process.stdout, events), daemon=True
        )
        self._thread.start()

    def failure(self) -> str | None:
        """Give the last line of standard error of a process that failed; None if it did not."""
        code = self._process.wait()
        if code == 0:
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {code}, perhaps for want of memory"

    def end(self) -> None:
        """Kill the process if it still runs: checkpoints are written whole or not at all."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


def _forward_events(lines: IO[str] | None, events: Queue[ExperimentEvent | None]) -> None:
    for line in lines or ():
        if line.startswith("{"):  # a library may print other things
            events.put(event_from(json.loads(line)))
    events.put(None)


def main(text: str) -> None:
    """Run as a training process: train the runs that no other process holds."""
    job = Job.from_json(text)
    ids = set(job.runs)
    runs = [run for run in runs_of(job.plan, job.phase) if run.id in ids]
    try:
        work(runs, Datasets(job.cache_folder, _emit), ResultFolder(job.out), _emit)
    except BrokenPipeError:  # the parent has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _emit(event: ExperimentEvent) -> None:
    if not isinstance(event, SpectrogramReady | FeaturesReady):  # the parent computed the spectrograms
        sys.stdout.write(json.dumps(event_document(event)) + "\n")
        sys.stdout.flush()
